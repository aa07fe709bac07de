// SPDX-License-Identifier: MIT

package lease

import (
	"time"

	"github.com/arr-go/azremoterendering/internal/wait"
)

// leapGrace is how long a renewer gives its watcher to show the session after a leap of the clock.
const leapGrace = 5 * time.Second

// leap is what a renewer knows of a leap of the wall clock. The bounds of a lease are by the
// monotonic clock, which stands still while the machine is suspended. If the wall clock gets ahead
// of it, the machine was suspended, and the lease ends that much earlier; or somebody has set the
// wall clock, and it does not. So nothing is guaranteed until the service has answered, but no
// session is given up because of the wall clock.
type leap struct {
	compared wait.Instant // when the clocks were last compared
	since    time.Time    // when the leap was noticed; zero if the service has answered since
	before   bounds       // the bounds without the leap
	overdue  bool         // the end may have moved past the time of the extension; see lastChance
}

// compareClocks widens the bounds by the time in which the program did not run. The lock is held,
// as by all functions below except unconfirmed.
func (r *renewer) compareClocks() {
	before, now := r.leap.compared, r.options.clock.Now()
	r.leap.compared = now
	if now.Leapt(before) && r.leap.since.IsZero() {
		r.leap.since, r.leap.before, r.leap.overdue = time.Now(), r.bounds, true
	}
	if ahead := now.Ahead(before); ahead > 0 {
		r.bounds.widen(ahead)
	}
}

// believe narrows the bounds by an observation. It takes only total and end from an answer to a
// request that was sent before a leap, because nobody knows how old that answer is. The look that
// follows the leap brings a better one.
func (r *renewer) believe(o observation) {
	r.compareClocks()
	if !o.asked.IsZero() && r.leap.compared.Leapt(o.asked) {
		r.bounds.total = max(r.bounds.total, o.session.MaxLeaseTime)
		r.bounds.ended = r.bounds.ended || o.session.Status.Ended()
		r.leap.before.total = r.bounds.total
		return
	}
	if ahead := r.leap.compared.Ahead(o.asked); !o.asked.IsZero() && ahead > 0 {
		o.sent = o.sent.Add(-ahead) // too short to be a leap, and perhaps after the answer was made
	}
	before := r.bounds.earliest
	r.bounds.learn(o)
	if elapsedUnknown(o.session) || r.bounds.earliest.Before(before) {
		r.leap.overdue = true
	}
	r.leap.since = time.Time{}
}

// trusted returns the bounds that decide when to give up: those without the leap, until the service
// has answered.
func (r *renewer) trusted() *bounds {
	if r.leap.since.IsZero() {
		return &r.bounds
	}
	return &r.leap.before
}

// lastChance returns when to give up the session, which is to be extended at a time. That is the
// earliest possible end of the lease. But if that has passed while the program was suspended, or
// before the session was first seen, or an answer has shown that it is earlier than all before it
// said, there was no attempt before it: then it is the latest possible end.
func (r *renewer) lastChance(at, end time.Time, extend bool) time.Time {
	now := time.Now()
	switch {
	case now.Before(at):
		r.leap.overdue = false
	case r.leap.overdue && extend && !now.Before(end):
		return r.bounds.latest.Add(r.bounds.total)
	}
	return end
}

// remainingNow returns bounds for the time left of the lease.
func (r *renewer) remainingNow() (atLeast, atMost time.Duration) {
	r.compareClocks()
	atLeast, atMost = r.bounds.remaining(time.Now())
	if !r.leap.since.IsZero() {
		atLeast = 0
	}
	return atLeast, atMost
}

// unconfirmed reports whether the clock has leapt since the service last showed the session.
func (r *renewer) unconfirmed() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.compareClocks()
	return !r.leap.since.IsZero()
}
