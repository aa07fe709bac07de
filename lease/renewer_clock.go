// SPDX-License-Identifier: MIT

package lease

import (
	"time"

	"github.com/arr-go/azremoterendering/internal/wait"
)

// leapGrace is how long a renewer gives its watcher to show the session after a leap of the clock.
const leapGrace = 5 * time.Second

// doubt is what a renewer knows of time that the program did not live through. The bounds of a
// lease are by the monotonic clock, which stands still while the machine is suspended. If the wall
// clock gets ahead of it, the lease may end that much earlier. Or somebody has set the wall clock,
// and it does not. So nothing is guaranteed until the service has answered, but nothing is given up
// by the wall clock either.
type doubt struct {
	compared wait.Instant // when the clocks were last compared
	since    time.Time    // when the leap was noticed; zero if the bounds are as good as ever
	before   bounds       // the bounds without the leap
	overdue  bool         // a leap may have come between the session and its extension
}

// compareClocks widens the bounds by the time in which the program did not run. The lock is held,
// as by all functions below except doubtful.
func (r *renewer) compareClocks() {
	before, now := r.doubt.compared, r.options.clock.Now()
	r.doubt.compared = now
	if now.Leapt(before) && r.doubt.since.IsZero() {
		r.doubt.since, r.doubt.before, r.doubt.overdue = time.Now(), r.bounds, true
	}
	if ahead := now.Ahead(before); ahead > 0 {
		r.bounds.widen(ahead)
	}
}

// believe narrows the bounds by an observation. One that was asked for before a leap of the clock
// does not tell how old it is; the look that follows the leap will.
func (r *renewer) believe(o observation) {
	r.compareClocks()
	if !o.asked.IsZero() && r.doubt.compared.Leapt(o.asked) {
		r.bounds.total = max(r.bounds.total, o.session.MaxLeaseTime)
		r.bounds.ended = r.bounds.ended || o.session.Status.Ended()
		r.doubt.before.total = r.bounds.total
		return
	}
	r.bounds.learn(o)
	r.doubt.since = time.Time{}
}

// trusted returns the bounds by which nothing is given up too early.
func (r *renewer) trusted() *bounds {
	if r.doubt.since.IsZero() {
		return &r.bounds
	}
	return &r.doubt.before
}

// lastChance returns when to give up the session, which is to be extended at a time. That is the
// earliest possible end of the lease. But if that has passed while the program was suspended, there
// was no attempt before it: then it is the latest possible end.
func (r *renewer) lastChance(at, end time.Time, extend bool) time.Time {
	now := time.Now()
	switch {
	case now.Before(at):
		r.doubt.overdue = false
	case r.doubt.overdue && extend && !now.Before(end):
		return r.bounds.latest.Add(r.bounds.total)
	}
	return end
}

// remainingNow returns bounds for the time left of the lease.
func (r *renewer) remainingNow() (atLeast, atMost time.Duration) {
	r.compareClocks()
	atLeast, atMost = r.bounds.remaining(time.Now())
	if !r.doubt.since.IsZero() {
		atLeast = 0
	}
	return atLeast, atMost
}

// doubtful reports whether the clock has leapt since the service last showed the session.
func (r *renewer) doubtful() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.compareClocks()
	return !r.doubt.since.IsZero()
}
