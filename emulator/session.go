// SPDX-License-Identifier: MIT

package emulator

import (
	"fmt"
	"time"

	"github.com/arr-go/azremoterendering"
)

type (
	session       = azremoterendering.Session
	sessionSize   = azremoterendering.SessionSize
	sessionStatus = azremoterendering.SessionStatus
)

// record holds the facts about a session. Its state is not among them: [record.at] derives that from the facts and a time.
type record struct {
	sequence   uint64 // order of creation, unique in the account
	id         string
	size       sessionSize
	created    time.Time
	readyAt    time.Time     // when the session became or will become Ready, unless it ends before
	lease      time.Duration // since readyAt, whole minutes
	firstLease time.Duration // as given at creation
	vm         vm
	shown      sessionStatus // a state from outside that the emulator does not know, or empty

	// The end, unless it is the lease that ends the session: then endedAt is zero.
	endedAt time.Time
	endedAs sessionStatus
	failure *azremoterendering.ErrorDetail

	retentionIndex int  // position in the account's queue
	purged         bool // no longer readable
}

// end returns when and how the session ended, or will end if nobody intervenes.
func (r *record) end() (time.Time, sessionStatus) {
	if !r.endedAt.IsZero() {
		return r.endedAt, r.endedAs
	}
	return r.readyAt.Add(r.lease), azremoterendering.SessionStatusExpired
}

// ended reports whether the session has ended at a time.
func (r *record) ended(now time.Time) bool {
	end, _ := r.end()
	return !now.Before(end)
}

// at returns the session as it is at a time. It is the only place where a state is derived.
func (r *record) at(now time.Time) session {
	s := session{
		ID:           r.id,
		Size:         r.size,
		CreationTime: r.created,
		MaxLeaseTime: r.lease,
	}
	end, cause := r.end()
	switch {
	case !now.Before(end):
		now = end // elapsed time is frozen
		s.Status = cause
		s.Error = r.failure
		if cause != azremoterendering.SessionStatusError && !end.Before(r.readyAt) {
			s.Teraflops = r.vm.teraflops
		}
	case r.shown != "":
		s.Status = r.shown
	case now.Before(r.readyAt):
		s.Status = azremoterendering.SessionStatusStarting
	default:
		s.Status = azremoterendering.SessionStatusReady
		s.Hostname = r.vm.hostname
		s.HandshakePort = r.vm.handshakePort
		s.ArrInspectorPort = r.vm.inspectorPort
		s.Teraflops = r.vm.teraflops
	}
	s.ElapsedTime = max(0, now.Sub(r.readyAt)).Truncate(time.Minute)
	return s
}

// starting returns the session as the answer to its creation shows it, however short the start-up.
func (r *record) starting() session {
	return session{
		ID:           r.id,
		Size:         r.size,
		Status:       azremoterendering.SessionStatusStarting,
		CreationTime: r.created,
		MaxLeaseTime: r.firstLease,
	}
}

// setStatus changes the facts so that the session, which has not ended, is in a state from now on.
func (r *record) setStatus(now time.Time, status sessionStatus) error {
	wasReady := !now.Before(r.readyAt)
	switch {
	case status == "":
		return fmt.Errorf("emulator: session %q: the status to set is empty", r.id)
	case status.Ended():
		r.endedAt, r.endedAs = now, status
		if status == azremoterendering.SessionStatusError {
			r.failure = failureOf(wasReady)
		}
	case status == azremoterendering.SessionStatusReady:
		r.shown = ""
		if !wasReady {
			r.readyAt = now
		}
	case status == azremoterendering.SessionStatusStarting:
		if wasReady {
			return fmt.Errorf("emulator: session %q was Ready: nothing leads back to Starting", r.id)
		}
		r.shown = ""
	default:
		r.shown = status
	}
	return nil
}

// failureOf returns what a session in state Error says. The codes of the service are not known, save for this one.
func failureOf(wasReady bool) *azremoterendering.ErrorDetail {
	message := "The session failed to start."
	if wasReady {
		message = "The session became unusable."
	}
	return &azremoterendering.ErrorDetail{Code: codeInternalServerError, Message: message}
}
