// SPDX-License-Identifier: MIT

package lease

import (
	"time"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/internal/wait"
)

// observation is a session as one answer showed it. The service saw it in that state at some time
// between sent and received, by the local clock.
type observation struct {
	session        arr.Session
	sent, received time.Time
	vector         string       // the correlation vector of the answer
	asked          wait.Instant // sent, on both clocks; zero if no leap of the clock matters
}

// observed returns an observation that arrives now.
func observed(session arr.Session, asked wait.Instant, vector string) observation {
	return observation{
		session:  session,
		sent:     asked.Time(),
		received: time.Now(),
		vector:   vector,
		asked:    asked,
	}
}

// goesBack reports whether an answer that shows next is older than one that showed last, whenever
// it arrived: nothing leads from Ready back to Starting, nor from an end back. A part of the
// service may lag behind, and something on the way may repeat an answer.
func goesBack(last, next arr.SessionStatus) bool {
	return last.Ended() && !next.Ended() ||
		last == arr.SessionStatusReady && next == arr.SessionStatusStarting
}

// bounds are the earliest and the latest time at which a session can have become Ready, and so at
// which its lease can end. The service reports neither: it counts the minutes since Ready, rounded
// down. Each observation narrows the bounds. The zero value knows nothing.
type bounds struct {
	earliest time.Time // zero if unknown
	latest   time.Time // zero while Starting or unknown
	total    time.Duration
	ended    bool
}

// learn narrows the bounds by an observation.
func (b *bounds) learn(o observation) {
	// A lease only grows, and answers may arrive out of order.
	b.total = max(b.total, o.session.MaxLeaseTime)
	switch status := o.session.Status; {
	case status.Ended():
		b.ended = true
	case status == arr.SessionStatusReady && elapsedUnknown(o.session):
		b.outlived(o)
	case status == arr.SessionStatusReady:
		b.narrow(
			o.sent.Add(-o.session.ElapsedTime-time.Minute),
			o.received.Add(-o.session.ElapsedTime),
		)
	case status == arr.SessionStatusStarting:
		// It was not Ready when the request was sent, and no session returns to Starting.
		if b.latest.IsZero() && o.sent.After(b.earliest) {
			b.earliest = o.sent
		}
	default:
		// An unknown state does not say whether the lease has begun; elapsed minutes do.
		if o.session.ElapsedTime > 0 {
			b.narrow(
				o.sent.Add(-o.session.ElapsedTime-time.Minute),
				o.received.Add(-o.session.ElapsedTime),
			)
		}
	}
}

// elapsedUnknown reports whether the service does not say how long a session is Ready.
func elapsedUnknown(session arr.Session) bool {
	atLeast, atMost := session.RemainingLease()
	return session.ElapsedTime == 0 && atLeast == 0 && (atMost > time.Minute || atMost == 0)
}

// outlived narrows the bounds by an observation that says no more than that the lease has begun and
// not ended.
func (b *bounds) outlived(o observation) {
	switch {
	case b.total > 0:
		b.narrow(o.sent.Add(-b.total), o.received)
	case b.latest.IsZero():
		b.latest = o.received
	}
}

// narrow intersects the bounds with those of one observation. If they do not overlap, the local
// clock stopped or jumped, as on a machine that slept: then only the newest observation counts.
func (b *bounds) narrow(earliest, latest time.Time) {
	from, to := earliest, latest
	if !b.earliest.IsZero() && b.earliest.After(from) {
		from = b.earliest
	}
	if !b.latest.IsZero() && b.latest.Before(to) {
		to = b.latest
	}
	if from.After(to) {
		from, to = earliest, latest
	}
	b.earliest, b.latest = from, to
}

// widen records that the program was suspended for up to so long. The bounds are by its clock,
// which stood still.
func (b *bounds) widen(suspended time.Duration) {
	if !b.earliest.IsZero() {
		b.earliest = b.earliest.Add(-suspended)
	}
}

// guaranteedEnd returns the earliest possible end of the lease, or zero if it is unknown.
func (b *bounds) guaranteedEnd() time.Time {
	if b.earliest.IsZero() {
		return time.Time{}
	}
	return b.earliest.Add(b.total)
}

// remaining returns bounds for the time left of the lease. All of it is left until it begins.
func (b *bounds) remaining(now time.Time) (atLeast, atMost time.Duration) {
	if b.ended || b.earliest.IsZero() {
		return 0, 0
	}
	atLeast = b.earliest.Add(b.total).Sub(now)
	if b.latest.IsZero() {
		atMost = b.total
	} else {
		atMost = b.latest.Add(b.total).Sub(now)
	}
	return min(max(0, atLeast), b.total), min(max(0, atMost), b.total)
}
