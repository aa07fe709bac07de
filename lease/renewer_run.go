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
	// tryTimeout bounds one try to look at a session or to extend its lease, the repeats of the
	// pipeline included.
	tryTimeout = time.Minute
	// minPause and maxPause bound the pauses between tries.
	minPause = time.Second
	maxPause = time.Minute
	// notBegunPause is the least time between looks at a session of which nothing shows that its
	// lease has begun.
	notBegunPause = 5 * time.Second
)

// find looks for the session until it is seen.
func (r *renewer) find(ctx context.Context) error {
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
		r.options.Logger.WarnContext(
			ctx,
			"session cannot be looked up",
			"session",
			r.id,
			"pause",
			pause,
			"error",
			err,
		)
		if wait.Sleep(ctx, pause) != nil {
			return r.interrupted(ctx, err)
		}
	}
}

// interrupted returns the end of ctx, with its cause, if it has ended, and otherwise err.
func (r *renewer) interrupted(ctx context.Context, err error) error {
	if ctx.Err() == nil {
		return err
	}
	return fmt.Errorf("lease: keeping session %q: %w", r.id, endOfContext(ctx))
}

// run keeps the lease until the session or ctx ends, and returns why. The session has been seen.
func (r *renewer) run(ctx context.Context) error {
	updates := r.updates()
	defer updates.close()
	retry := wait.NewBackoff(minPause, maxPause)
	var failure, notExtended error
	var notBefore time.Time // when to try again after a failure
	unknown := 0            // how often in a row the service did not know the session
	for {
		updates.subscribe()
		if err := r.end(); err != nil {
			return err
		}
		at, extend, end := r.plan(updates.lookEvery)
		if unknown > 0 || updates.unknown {
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
		if due, err := updates.await(ctx, at); err != nil {
			return r.interrupted(ctx, err)
		} else if !due || at.Equal(end) {
			continue
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
			notBefore, unknown, updates.unknown = time.Time{}, 0, false
			continue
		case errors.Is(failure, arr.ErrNotFound):
			if unknown++; unknown == notFoundLimit {
				return failure
			}
		}
		notBefore = time.Now().Add(r.pauseAfter(ctx, failure, retry, end))
	}
}

// plan returns what is to be done next and when, and the time at which the lease surely lasts no
// longer, zero if that is not known.
func (r *renewer) plan(lookEvery time.Duration) (at time.Time, extend bool, end time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.bounds.earliest.IsZero() {
		return r.last.received.Add(cmp.Or(lookEvery, maxPause)), false, time.Time{}
	}
	end = r.bounds.surely()
	at = end
	extendable := r.bounds.total < r.options.MaxLeaseTime && r.bounds.total != r.refusedTotal
	begun := !r.bounds.latest.IsZero()
	if extendable && begun {
		at, extend = end.Add(r.jitter-r.options.Threshold), true
	}
	if !begun {
		// A look may show that the lease has still not begun, and need not be extended. It is not
		// worth one every moment.
		at = end.Add(-min(r.options.Threshold, r.bounds.total*3/4))
		if soonest := r.last.received.Add(notBegunPause); at.Before(soonest) {
			at = soonest
		}
	}
	if r.refusedTotal == r.bounds.total {
		lookEvery = cmp.Or(lookEvery, maxPause) // somebody else may have more success
	}
	if lookAt := r.last.received.Add(lookEvery); lookEvery > 0 && lookAt.Before(at) {
		return lookAt, false, end
	}
	return at, extend, end
}

// try extends the lease, or looks, before the lease surely lasts no longer.
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

// nextTotal returns the total to extend the lease to: by a step, or by as many as the threshold
// needs where a step is short.
func (r *renewer) nextTotal(left time.Duration) time.Duration {
	step := r.options.Step
	steps := max(1, (r.options.Threshold-left+step-1)/step)
	return min(r.total()+steps*step, r.options.MaxLeaseTime)
}

// pauseAfter returns how long to wait after a failure. Refused tokens and missing roles are not
// hurried: somebody has to mend them. Whatever the service asks for, there are more tries before
// the end.
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
	r.options.Logger.WarnContext(
		ctx,
		"session not kept alive yet",
		"session",
		r.id,
		"pause",
		pause,
		"error",
		failure,
	)
	return pause
}

// expired makes the error for a lease that is over as far as can be known.
func (r *renewer) expired(failure error) error {
	total := r.total()
	switch {
	case failure != nil:
		return fmt.Errorf(
			"lease: session %q: %w, or will within moments: it could not be extended: %w",
			r.id,
			ErrExpired,
			failure,
		)
	case total >= r.options.MaxLeaseTime:
		return fmt.Errorf(
			"lease: session %q: %w, or will within moments: it was not to exceed %v",
			r.id,
			ErrExpired,
			r.options.MaxLeaseTime,
		)
	default:
		return fmt.Errorf("lease: session %q: %w, or will within moments", r.id, ErrExpired)
	}
}

// updates brings what a watcher sees of the session, if there is one.
type updates struct {
	renewer      *renewer
	subscription *subscription // nil without a watcher
	// lookEvery is how often the renewer has to look for itself; 0 if the watcher does.
	lookEvery time.Duration
	again     time.Time // when to ask a watcher again that has failed
	unknown   bool      // the service does not know the session, says the watcher
}

func (r *renewer) updates() *updates {
	if r.options.Watcher == nil {
		return &updates{renewer: r, lookEvery: r.options.LookEvery}
	}
	n := &updates{renewer: r}
	n.subscribe()
	return n
}

// subscribe asks the watcher, if it is not asked and has not failed lately.
func (n *updates) subscribe() {
	if n.subscription == nil && n.renewer.options.Watcher != nil && !time.Now().Before(n.again) {
		n.subscription, n.lookEvery = n.renewer.options.Watcher.subscribe(n.renewer.id, false), 0
		n.take()
	}
}

// take learns the newest observation. Without a working watcher the renewer looks for itself.
func (n *updates) take() {
	if o, ok := n.subscription.latest(); ok {
		n.renewer.learn(o)
	}
	if err := n.subscription.err(); err != nil {
		n.unknown = errors.Is(err, arr.ErrNotFound)
		n.close()
		n.lookEvery = cmp.Or(n.renewer.options.LookEvery, defaultLookEvery)
		n.again = time.Now().Add(n.lookEvery)
	}
}

// await waits until a time, or until there is news. It reports whether the time has come.
func (n *updates) await(ctx context.Context, at time.Time) (due bool, err error) {
	var signal <-chan struct{}
	if n.subscription != nil {
		signal = n.subscription.C()
	}
	timer := time.NewTimer(time.Until(at))
	defer timer.Stop()
	select {
	case <-timer.C:
		return true, ctx.Err()
	case <-signal:
		n.take()
		return false, ctx.Err()
	case <-ctx.Done():
		return false, ctx.Err()
	}
}

func (n *updates) close() {
	if n.subscription != nil {
		n.subscription.close()
		n.subscription = nil
	}
}
