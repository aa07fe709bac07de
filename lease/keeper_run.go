// SPDX-License-Identifier: MIT

package lease

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	arr "github.com/arr-go/azremoterendering"
)

const (
	// tryTimeout bounds one try to look at a session or to extend its lease, the repeats of the
	// pipeline included.
	tryTimeout = time.Minute
	// firstPatience is for how long failures are borne while the session has not been seen at all.
	firstPatience = 5 * time.Minute
	// leastPause and mostPause bound the pauses between tries.
	leastPause = time.Second
	mostPause  = time.Minute
	// notBegunPause is the least time between looks at a session of which nothing shows that its
	// lease has begun.
	notBegunPause = 5 * time.Second
)

// find looks for the session until it is seen.
func (k *keeper) find(ctx context.Context) error {
	retry := newBackoff(leastPause, mostPause)
	giveUp := time.Now().Add(firstPatience)
	for {
		err := k.try(ctx, false, giveUp)
		if err == nil || ctx.Err() != nil || !arr.IsTransient(err) {
			return k.interrupted(ctx, err)
		}
		pause := retry.next(arr.RetryAfter(err))
		if time.Now().Add(pause).After(giveUp) {
			return err
		}
		k.options.Logger.WarnContext(
			ctx,
			"session cannot be looked up",
			"session",
			k.id,
			"pause",
			pause,
			"error",
			err,
		)
		if sleep(ctx, pause) != nil {
			return k.interrupted(ctx, err)
		}
	}
}

// interrupted returns the end of ctx, with its cause, if it has ended, and otherwise err.
func (k *keeper) interrupted(ctx context.Context, err error) error {
	if ctx.Err() == nil {
		return err
	}
	return fmt.Errorf("lease: keeping session %q: %w", k.id, endOfContext(ctx))
}

// run keeps the lease until the session or ctx ends, and returns why. The session has been seen.
func (k *keeper) run(ctx context.Context) error {
	news := k.news()
	defer news.close()
	retry := newBackoff(leastPause, mostPause)
	var failure, notExtended error
	var notBefore time.Time // when to try again after a failure
	unknown := 0            // how often in a row the service did not know the session
	for {
		news.follow()
		if err := k.end(); err != nil {
			return err
		}
		at, extend, end := k.plan(news.lookEvery)
		if unknown > 0 || news.unknown {
			at, extend = notBefore, false
		}
		if !end.IsZero() && !time.Now().Before(end) {
			return k.expired(cmp.Or(failure, notExtended))
		}
		if at.Before(notBefore) {
			at = notBefore
		}
		if !end.IsZero() && end.Before(at) {
			at = end
		}
		if due, err := news.await(ctx, at); err != nil {
			return k.interrupted(ctx, err)
		} else if !due || at.Equal(end) {
			continue
		}
		failure = k.try(ctx, extend, end)
		if extend {
			notExtended = failure
		}
		switch {
		case ctx.Err() != nil:
			return k.interrupted(ctx, failure)
		case failure == nil:
			retry.reset()
			notBefore, unknown, news.unknown = time.Time{}, 0, false
			continue
		case errors.Is(failure, arr.ErrNotFound):
			if unknown++; unknown == confirmations {
				return failure
			}
		}
		notBefore = time.Now().Add(k.pauseAfter(ctx, failure, retry, end))
	}
}

// plan returns what is to be done next and when, and the time at which the lease surely lasts no
// longer, zero if that is not known.
func (k *keeper) plan(lookEvery time.Duration) (at time.Time, extend bool, end time.Time) {
	k.mutex.Lock()
	defer k.mutex.Unlock()
	if k.bounds.earliest.IsZero() {
		return k.last.received.Add(cmp.Or(lookEvery, mostPause)), false, time.Time{}
	}
	end = k.bounds.surely()
	at = end
	extendable := k.bounds.total < k.options.MaxLeaseTime && k.bounds.total != k.fixed
	begun := !k.bounds.latest.IsZero()
	if extendable && begun {
		at, extend = end.Add(k.jitter-k.options.Threshold), true
	}
	if !begun {
		// A look may show that the lease has still not begun, and need not be extended. It is not
		// worth one every moment.
		at = end.Add(-min(k.options.Threshold, k.bounds.total*3/4))
		if soonest := k.last.received.Add(notBegunPause); at.Before(soonest) {
			at = soonest
		}
	}
	if k.fixed == k.bounds.total {
		lookEvery = cmp.Or(lookEvery, mostPause) // somebody else may have more success
	}
	if lookAt := k.last.received.Add(lookEvery); lookEvery > 0 && lookAt.Before(at) {
		return lookAt, false, end
	}
	return at, extend, end
}

// try extends the lease, or looks, before the lease surely lasts no longer.
func (k *keeper) try(ctx context.Context, extend bool, end time.Time) error {
	if !end.IsZero() {
		bounded, cancel := context.WithDeadline(ctx, end)
		defer cancel()
		ctx = bounded
	}
	if !extend {
		return k.look(ctx)
	}
	total := k.nextTotal(time.Until(end))
	return k.extend(ctx, func() time.Duration { return total })
}

// nextTotal returns the total to extend the lease to: by a step, or by as many as the threshold
// needs where a step is short.
func (k *keeper) nextTotal(left time.Duration) time.Duration {
	step := k.options.Step
	steps := max(1, (k.options.Threshold-left+step-1)/step)
	return min(k.total()+steps*step, k.options.MaxLeaseTime)
}

// pauseAfter returns how long to wait after a failure. Refused tokens and missing roles are not
// hurried: somebody has to mend them. Whatever the service asks for, there are more tries before
// the end.
func (k *keeper) pauseAfter(
	ctx context.Context,
	failure error,
	retry *backoff,
	end time.Time,
) time.Duration {
	pause := retry.next(arr.RetryAfter(failure))
	if !passing(failure) && !errors.Is(failure, arr.ErrNotFound) {
		pause = mostPause
	}
	if !end.IsZero() {
		pause = min(pause, max(leastPause, time.Until(end)/2))
	}
	k.options.Logger.WarnContext(
		ctx,
		"session not kept alive yet",
		"session",
		k.id,
		"pause",
		pause,
		"error",
		failure,
	)
	return pause
}

// expired makes the error for a lease that is over as far as can be known.
func (k *keeper) expired(failure error) error {
	total := k.total()
	switch {
	case failure != nil:
		return fmt.Errorf(
			"lease: session %q: %w, or will within moments: it could not be extended: %w",
			k.id,
			ErrExpired,
			failure,
		)
	case total >= k.options.MaxLeaseTime:
		return fmt.Errorf(
			"lease: session %q: %w, or will within moments: it was not to exceed %v",
			k.id,
			ErrExpired,
			k.options.MaxLeaseTime,
		)
	default:
		return fmt.Errorf("lease: session %q: %w, or will within moments", k.id, ErrExpired)
	}
}

// news brings what a watcher sees of the session, if there is one.
type news struct {
	keeper   *keeper
	follower *follower // nil without a watcher
	// lookEvery is how often the keeper has to look for itself; 0 if the watcher does.
	lookEvery time.Duration
	again     time.Time // when to ask a watcher again that has failed
	unknown   bool      // the service does not know the session, says the watcher
}

func (k *keeper) news() *news {
	if k.options.Watcher == nil {
		return &news{keeper: k, lookEvery: k.options.LookEvery}
	}
	n := &news{keeper: k}
	n.follow()
	return n
}

// follow asks the watcher, if it is not asked and has not failed lately.
func (n *news) follow() {
	if n.follower == nil && n.keeper.options.Watcher != nil && !time.Now().Before(n.again) {
		n.follower, n.lookEvery = n.keeper.options.Watcher.follow(n.keeper.id, false), 0
		n.take()
	}
}

// take learns the newest sighting. Without a working watcher the keeper looks for itself.
func (n *news) take() {
	if s, ok := n.follower.latest(); ok {
		n.keeper.learn(s)
	}
	if err := n.follower.err(); err != nil {
		n.unknown = errors.Is(err, arr.ErrNotFound)
		n.close()
		n.lookEvery = cmp.Or(n.keeper.options.LookEvery, defaultLookEvery)
		n.again = time.Now().Add(n.lookEvery)
	}
}

// await waits until a time, or until there is news. It reports whether the time has come.
func (n *news) await(ctx context.Context, at time.Time) (due bool, err error) {
	var signal <-chan struct{}
	if n.follower != nil {
		signal = n.follower.C()
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

func (n *news) close() {
	if n.follower != nil {
		n.follower.close()
		n.follower = nil
	}
}
