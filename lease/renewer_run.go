// SPDX-License-Identifier: MIT

package lease

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/internal/wait"
)

const (
	// tryTimeout bounds one attempt to look at a session or to extend its lease, including the
	// retries of the client.
	tryTimeout = time.Minute
	// minPause and maxPause bound the backoff between attempts.
	minPause = time.Second
	maxPause = time.Minute
	// notBegunPause is the least time between two looks at a session whose lease may not have
	// begun.
	notBegunPause = 5 * time.Second
)

// find looks for the session until it is seen.
func (r *renewer) find(ctx context.Context) error {
	defer logWaiting(ctx, r.options.Logger, "no answer about a session yet", func() []any {
		return []any{"session", r.id, "endpoint", r.client.Endpoint()}
	})()
	retry := wait.NewBackoff(minPause, maxPause)
	giveUp := time.Now().Add(wait.Patience)
	for {
		err := r.try(ctx, false, giveUp)
		if err == nil || ctx.Err() != nil || !arr.IsTransient(err) {
			return r.interrupted(ctx, err)
		}
		pause := retry.Next(arr.RetryAfter(err))
		if time.Now().Add(pause).After(giveUp) {
			return err
		}
		r.options.Logger.WarnContext(ctx, "session not found yet",
			"session", r.id, "pause", pause, "error", err)
		if r.options.clock.Sleep(ctx, pause) != nil {
			return r.interrupted(ctx, err)
		}
	}
}

// interrupted returns the end of ctx with its cause, if it has ended, and otherwise err.
func (r *renewer) interrupted(ctx context.Context, err error) error {
	if ctx.Err() == nil {
		return err
	}
	return fmt.Errorf("keeping session %q: %w", r.id, endOfContext(ctx))
}

// run keeps the session alive until it or ctx ends, and returns why. The session has been seen.
func (r *renewer) run(ctx context.Context) error {
	updates := r.updates()
	defer updates.close()
	retry := wait.NewBackoff(minPause, maxPause)
	var failure, notExtended error
	var notBefore time.Time // no attempt before, after a failure
	notFound := 0           // answers in a row that the session is unknown
	for {
		updates.subscribe()
		r.beginPlan()
		if err := r.end(); err != nil {
			return err
		}
		at, extend, end := r.plan(updates.lookEvery, updates.grace())
		if notFound > 0 || updates.notFound {
			at, extend = notBefore, false
		}
		if !end.IsZero() && !time.Now().Before(end) {
			return r.expired(cmp.Or(failure, notExtended))
		}
		if at.Before(notBefore) {
			at = notBefore
		}
		if !end.IsZero() && end.Before(at) {
			at = end
		}
		if at.Equal(end) || time.Now().Before(at) {
			if err := updates.await(ctx, at); err != nil {
				return r.interrupted(ctx, err)
			}
			continue // the plan may have changed, even without a signal
		}
		failure = r.try(ctx, extend, end)
		if extend {
			notExtended = failure
		}
		switch {
		case ctx.Err() != nil:
			return r.interrupted(ctx, failure)
		case failure == nil:
			retry.Reset()
			notBefore, notFound, updates.notFound = time.Time{}, 0, false
			continue
		case errors.Is(failure, arr.ErrNotFound):
			if notFound++; isGone(failure, notFound) {
				return failure
			}
		}
		notBefore = time.Now().Add(r.pauseAfter(ctx, failure, retry, end))
	}
}

// knowledge is what plan depends on and observations may change.
type knowledge struct {
	bounds bounds
	status arr.SessionStatus
	leapt  time.Time
}

// beginPlan notes what run knows, so that it is woken only by what differs.
func (r *renewer) beginPlan() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.planned = knowledge{r.bounds, r.last.session.Status, r.leap.since}
}

// outplanned reports whether run may have to act earlier than it has planned. Observations usually
// narrow the bounds, which lets it act later. It finds that out when the planned time comes.
func (r *renewer) outplanned() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	before, now := &r.planned.bounds, &r.bounds
	return r.planned.status != r.last.session.Status || r.planned.leapt != r.leap.since ||
		before.total != now.total || before.ended != now.ended ||
		before.earliest.IsZero() != now.earliest.IsZero() ||
		before.latest.IsZero() != now.latest.IsZero() ||
		before.earliest.Sub(now.earliest) > time.Second // clocks that drift move it by less
}

// plan returns when to act next, whether to extend the lease then or only to look, and the earliest
// possible end of the lease, zero if that is not known. After a leap of the clock it looks, grace
// later, and gives up no earlier than without the leap.
func (r *renewer) plan(
	lookEvery, grace time.Duration,
) (at time.Time, extend bool, end time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.compareClocks()
	if since := r.leap.since; !since.IsZero() {
		return since.Add(grace), false, r.trusted().guaranteedEnd()
	}
	if r.bounds.earliest.IsZero() || r.bounds.total == 0 { // the service does not say
		return r.last.received.Add(cmp.Or(lookEvery, maxPause)), false, time.Time{}
	}
	end = r.bounds.guaranteedEnd()
	at = end
	extendable := r.bounds.total < r.options.MaxLeaseTime && r.bounds.total != r.refusedTotal
	begun := !r.bounds.latest.IsZero()
	if extendable && begun {
		at, extend = end.Add(r.jitter-r.options.Threshold), true
	}
	end = r.lastChance(at, end, extend)
	if !begun {
		// A look may show that the lease has not begun and need not be extended yet.
		at = end.Add(-min(r.options.Threshold, r.bounds.total*3/4))
		if soonest := r.last.received.Add(notBegunPause); at.Before(soonest) {
			at = soonest
		}
	}
	if r.refusedTotal == r.bounds.total {
		lookEvery = cmp.Or(lookEvery, maxPause) // someone else may extend it
	}
	if lookAt := r.last.received.Add(lookEvery); lookEvery > 0 && lookAt.Before(at) {
		return lookAt, false, end
	}
	return at, extend, end
}

// try extends the lease, or looks, before the earliest possible end of the lease.
func (r *renewer) try(ctx context.Context, extend bool, end time.Time) error {
	if !end.IsZero() {
		bounded, cancel := context.WithDeadline(ctx, end)
		defer cancel()
		ctx = bounded
	}
	if !extend {
		return r.look(ctx)
	}
	total := r.nextTotal(time.Until(end))
	return r.extend(ctx, func() time.Duration { return total })
}

// nextTotal returns the total to extend the lease to: by one step, or by as many as it takes to
// have more than the threshold left.
func (r *renewer) nextTotal(left time.Duration) time.Duration {
	step := r.options.Step
	steps := max(1, (r.options.Threshold-left+step-1)/step)
	return min(r.total()+steps*step, r.options.MaxLeaseTime)
}

// pauseAfter returns the pause after a failure. It is long for refused tokens and missing roles,
// which people have to fix. Whatever Retry-After the service sends, it is at most half of the
// guaranteed time left, so that more attempts follow.
func (r *renewer) pauseAfter(
	ctx context.Context,
	failure error,
	retry *wait.Backoff,
	end time.Time,
) time.Duration {
	pause := retry.Next(arr.RetryAfter(failure))
	if !retryable(failure) && !errors.Is(failure, arr.ErrNotFound) {
		pause = maxPause
	}
	if !end.IsZero() {
		pause = min(pause, max(minPause, time.Until(end)/2))
	}
	r.observe(EventFailed, 0, failure)
	r.options.Logger.WarnContext(ctx, "keeping a session alive failed, retrying",
		"session", r.id, "pause", pause, "error", failure)
	return pause
}

// expired returns the error for a lease whose earliest possible end has come.
func (r *renewer) expired(failure error) error {
	base := fmt.Errorf("session %q: %w, or is about to", r.id, ErrExpired)
	switch {
	case failure != nil:
		return fmt.Errorf("%w: it could not be extended: %w", base, failure)
	case r.total() >= r.options.MaxLeaseTime:
		return fmt.Errorf("%w: its maximum, %v, is reached", base, r.options.MaxLeaseTime)
	default:
		return base
	}
}

// needs returns the filter of the subscription of run. The renewer learns from each observation at
// once, and is woken only by those that change what it does. With Progress, which must be called
// from the goroutine of run, each observation wakes it, and it learns then.
func (r *renewer) needs() func(observation) bool {
	if r.options.Progress != nil {
		return nil
	}
	return func(o observation) bool {
		r.learn(o)
		return r.outplanned()
	}
}

// updates passes what a watcher observes of a session on to its renewer. Without a watcher it only
// waits.
type updates struct {
	renewer      *renewer
	subscription *subscription // nil without a watcher that works
	lookEvery    time.Duration // how often the renewer has to look itself; 0 if a watcher works
	retryAt      time.Time     // when to subscribe again to a watcher that has failed
	notFound     bool          // the watcher found that the service does not know the session
}

func (r *renewer) updates() *updates {
	if r.watcher == nil {
		return &updates{renewer: r, lookEvery: r.options.LookEvery}
	}
	u := &updates{renewer: r}
	u.subscribe()
	return u
}

// subscribe subscribes to the watcher, unless it has, or the watcher failed recently.
func (u *updates) subscribe() {
	w := u.renewer.watcher
	if u.subscription == nil && w != nil && !time.Now().Before(u.retryAt) {
		u.subscription, u.lookEvery = w.subscribe(u.renewer.id, false, u.renewer.needs()), 0
		u.take()
	}
}

// take learns the newest observation, unless the renewer has. If the watcher has failed, the
// renewer looks itself.
func (u *updates) take() {
	if o, ok := u.subscription.latest(); ok && u.subscription.needs == nil {
		u.renewer.learn(o)
	}
	if err := u.subscription.err(); err != nil {
		u.notFound = errors.Is(err, arr.ErrNotFound)
		u.close()
		u.lookEvery = cmp.Or(u.renewer.options.LookEvery, defaultLookEvery)
		u.retryAt = time.Now().Add(u.lookEvery)
	}
}

// grace returns how long to wait for an observation before looking, after a leap of the clock.
func (u *updates) grace() time.Duration {
	if u.subscription == nil {
		return 0
	}
	return leapGrace
}

// await waits until a time, the next observation that is needed, or a leap of the clock. Suspensions
// too short to be leaps add up, and end the wait as soon as they change the plan.
func (u *updates) await(ctx context.Context, at time.Time) error {
	var signal <-chan struct{}
	if u.subscription != nil {
		signal = u.subscription.C()
	}
	for {
		left := time.Until(at)
		timer := time.NewTimer(min(left, wait.Tick))
		select {
		case <-timer.C:
		case <-signal:
			timer.Stop()
			u.take()
			return ctx.Err()
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		}
		if left <= wait.Tick || u.renewer.unconfirmed() || u.renewer.outplanned() {
			return ctx.Err()
		}
	}
}

func (u *updates) close() {
	if u.subscription != nil {
		u.subscription.close()
		u.subscription = nil
	}
}
