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

// never is later than every time that occurs.
var never = time.Date(9999, time.January, 1, 0, 0, 0, 0, time.UTC)

// record holds the facts about a session. Its state is not among them: [record.at] derives that
// from the facts and a time.
type record struct {
	shelf       *shelf
	sequence    uint64 // order of creation, unique on the shelf
	id          string
	size        sessionSize
	created     time.Time
	lease       time.Duration // since readyAt, whole minutes
	firstLease  time.Duration // as given at creation
	holdsServer bool          // one of the pool, as long as the session lives
	shown       sessionStatus // a state from outside that the emulator does not know, or empty
	shownSince  time.Time

	// What is known of the server. It is nil until it is started.
	server BackendServer
	vm     vm
	// when the session became or will become Ready, unless it ends before; zero if not known
	readyAt  time.Time
	failure  *azremoterendering.ErrorDetail // why the server failed or will fail, or nil
	failedAt time.Time

	// The end, once it is final.
	endedAt time.Time
	endedAs sessionStatus

	place     int  // in the queue of the fleet that holds it
	asked     bool // somebody is asking the server
	forgotten bool // no longer readable
}

// vm is where a device would connect, and the computing power.
type vm struct {
	hostname      string
	handshakePort int32
	inspectorPort int32
	teraflops     float32
}

// pool returns where the server of the session is taken from.
func (r *record) pool() pool { return pool{r.shelf.region, r.size} }

// end returns when and how the session ended, or will end if nobody intervenes.
func (r *record) end() (time.Time, sessionStatus) {
	if r.endedAs != "" {
		return r.endedAt, r.endedAs
	}
	end, as := never, azremoterendering.SessionStatusExpired
	if !r.readyAt.IsZero() {
		end = r.readyAt.Add(r.lease)
	}
	if r.failure != nil && r.failedAt.Before(end) {
		end, as = r.failedAt, azremoterendering.SessionStatusError
	}
	return end, as
}

// wasReady reports whether the session has become Ready until a time, if it lived that long.
func (r *record) wasReady(now time.Time) bool {
	return !r.readyAt.IsZero() && !now.Before(r.readyAt)
}

// learn notes what the server says. What has happened stays so, whatever it says.
func (r *record) learn(now time.Time, status ServerStatus) {
	r.vm = vm{status.Hostname, status.HandshakePort, status.ArrInspectorPort, status.Teraflops}
	if !r.wasReady(now) {
		r.readyAt = status.ReadyAt
		if !r.readyAt.IsZero() {
			r.readyAt = r.notBeforeCreation(r.readyAt)
		}
	}
	r.failure, r.failedAt = status.Failure, now
	if !status.FailedAt.IsZero() {
		r.failedAt = r.notBeforeCreation(status.FailedAt)
	}
}

func (r *record) notBeforeCreation(t time.Time) time.Time {
	if t.Before(r.created) {
		return r.created
	}
	return t
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
		if cause == azremoterendering.SessionStatusError {
			s.Error = r.failure
		} else if r.wasReady(end) {
			s.Teraflops = r.vm.teraflops
		}
	case r.shown != "":
		s.Status = r.shown
	case !r.wasReady(now):
		s.Status = azremoterendering.SessionStatusStarting
	default:
		s.Status = azremoterendering.SessionStatusReady
		s.Hostname = r.vm.hostname
		s.HandshakePort = r.vm.handshakePort
		s.ArrInspectorPort = r.vm.inspectorPort
		s.Teraflops = r.vm.teraflops
	}
	if r.wasReady(now) {
		s.ElapsedTime = now.Sub(r.readyAt).Truncate(time.Minute)
	}
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

// show changes the facts so that the session, which has not ended, is in a state from now on that
// is not an end.
func (r *record) show(now time.Time, status sessionStatus) error {
	switch status {
	case "":
		return fmt.Errorf("emulator: session %q: the status to set is empty", r.id)
	case azremoterendering.SessionStatusReady:
		r.shown = ""
		if !r.wasReady(now) {
			r.hasten(now)
		}
	case azremoterendering.SessionStatusStarting:
		if r.wasReady(now) {
			return fmt.Errorf(
				"emulator: session %q was Ready: nothing leads back to Starting",
				r.id,
			)
		}
		r.shown = ""
	default:
		if r.shown != status {
			r.shown, r.shownSince = status, now
		}
	}
	return nil
}

// hasten ends the start-up now. A failure that was to come some time after it keeps its distance.
func (r *record) hasten(now time.Time) {
	if r.failure != nil && !r.readyAt.IsZero() && r.failedAt.After(r.readyAt) {
		r.failedAt = now.Add(r.failedAt.Sub(r.readyAt))
	}
	r.readyAt = now
}

// failureOf returns what a session in state Error says. The codes of the service are not known,
// save for this one.
func failureOf(wasReady bool) *azremoterendering.ErrorDetail {
	message := "The session failed to start."
	if wasReady {
		message = "The session became unusable."
	}
	return &azremoterendering.ErrorDetail{Code: codeInternalServerError, Message: message}
}
