// SPDX-License-Identifier: MIT

package service

import (
	"time"

	"github.com/arr-go/azremoterendering"
)

// never is later than every time that occurs.
var never = time.Date(9999, time.January, 1, 0, 0, 0, 0, time.UTC)

// End returns when and how the session ended, or will end if nothing changes. A session whose end
// is not known ends as Expired in the year 9999.
func (f *Facts) End() (time.Time, azremoterendering.SessionStatus) {
	if f.EndedAs != "" {
		return f.EndedAt, f.EndedAs
	}
	end, as := never, azremoterendering.SessionStatusExpired
	if !f.ReadyAt.IsZero() {
		end = f.ReadyAt.Add(f.Lease)
	}
	if f.Failure != nil && f.FailedAt.Before(end) {
		end, as = f.FailedAt, azremoterendering.SessionStatusError
	}
	return end, as
}

// WasReady reports whether the session became Ready at or before a time, if it lived that long.
func (f *Facts) WasReady(now time.Time) bool {
	return !f.ReadyAt.IsZero() && !now.Before(f.ReadyAt)
}

// Ended reports whether the session has ended at a time.
func (f *Facts) Ended(now time.Time) bool {
	end, _ := f.End()
	return !now.Before(end)
}

// Session returns the session as clients see it at a time. No other function derives a state.
func (f *Facts) Session(now time.Time) azremoterendering.Session {
	s := azremoterendering.Session{
		ID:           f.ID,
		Size:         f.Size,
		CreationTime: f.CreatedAt,
		MaxLeaseTime: f.Lease,
	}
	end, cause := f.End()
	switch {
	case !now.Before(end):
		now = end // elapsed time is frozen
		s.Status = cause
		if cause == azremoterendering.SessionStatusError {
			s.Error = f.Failure
		} else if f.WasReady(end) {
			s.Teraflops = f.Teraflops
		}
	case f.Shown != "":
		s.Status = f.Shown
	case !f.WasReady(now):
		s.Status = azremoterendering.SessionStatusStarting
	default:
		s.Status = azremoterendering.SessionStatusReady
		s.Hostname = f.Hostname
		s.HandshakePort = f.HandshakePort
		s.ArrInspectorPort = f.ArrInspectorPort
		s.Teraflops = f.Teraflops
	}
	if f.WasReady(now) {
		s.ElapsedTime = now.Sub(f.ReadyAt).Truncate(time.Minute)
	}
	return s
}

// starting returns the session as the answer to its creation shows it, however short the start-up.
func (f *Facts) starting() azremoterendering.Session {
	return azremoterendering.Session{
		ID:           f.ID,
		Size:         f.Size,
		Status:       azremoterendering.SessionStatusStarting,
		CreationTime: f.CreatedAt,
		MaxLeaseTime: f.FirstLease,
	}
}
