// SPDX-License-Identifier: MIT

package lease

import (
	"time"

	arr "github.com/arr-go/azremoterendering"
)

// observation is a session as an answer showed it. The service looked at it at some time between the
// two, on the local clock.
type observation struct {
	session        arr.Session
	sent, received time.Time
	vector         string // the correlation vector of the answer
}

// bounds is what is known about when a session became Ready, and with it about when its lease ends.
// The service tells neither: it counts the minutes in Ready, rounded down. Each observation narrows
// the bounds. The zero value knows nothing.
type bounds struct {
	earliest time.Time // Ready not before; zero if not known
	latest   time.Time // Ready not after; zero while Starting and while not known
	total    time.Duration
	ended    bool
}

// learn takes a observation into account.
func (b *bounds) learn(o observation) {
	// a lease only grows; an answer may be overtaken by a later one
	b.total = max(b.total, o.session.MaxLeaseTime)
	switch status := o.session.Status; {
	case status.Ended():
		b.ended = true
	case status == arr.SessionStatusReady:
		b.narrow(
			o.sent.Add(-o.session.ElapsedTime-time.Minute),
			o.received.Add(-o.session.ElapsedTime),
		)
	case status == arr.SessionStatusStarting:
		// The lease did not begin before the request was sent. Nothing leads back to Starting.
		if b.latest.IsZero() && o.sent.After(b.earliest) {
			b.earliest = o.sent
		}
	default:
		// An unknown state says nothing about the lease; elapsed minutes do.
		if o.session.ElapsedTime > 0 {
			b.narrow(
				o.sent.Add(-o.session.ElapsedTime-time.Minute),
				o.received.Add(-o.session.ElapsedTime),
			)
		}
	}
}

// narrow intersects the bounds with those of one observation. If nothing is left, a clock stood still
// or leapt, as that of a machine that slept does: then the newest observation counts alone.
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

// surely returns when the lease ends at the earliest. It is zero if nothing is known.
func (b *bounds) surely() time.Time {
	if b.earliest.IsZero() {
		return time.Time{}
	}
	return b.earliest.Add(b.total)
}

// remaining returns bounds for what is left of the lease at a time. A lease that has not begun is
// whole.
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
