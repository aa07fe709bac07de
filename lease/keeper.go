// SPDX-License-Identifier: MIT

package lease

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	arr "github.com/arr-go/azremoterendering"
)

// keeper is what is known of one session, and the requests that keep its lease. keeper_run.go has
// the loop that decides when to send them.
type keeper struct {
	client  *arr.SessionsClient
	id      string
	options KeepAliveOptions
	// allow is asked before the lease is extended to a total, and may refuse. It is nil if nobody
	// needs to be asked.
	allow func(total time.Duration) error
	// granted is told of each total that the service shows. It is nil if nobody wants to know.
	granted func(total time.Duration)

	turn chan struct{} // taken by the one who extends the lease

	mutex  sync.Mutex
	last   sighting
	bounds bounds
	fixed  time.Duration // the total that the service refused to extend; 0 if it did not
	jitter time.Duration // delays the next extension
}

func newKeeper(client *arr.SessionsClient, id string, options KeepAliveOptions) *keeper {
	k := &keeper{client: client, id: id, options: options, turn: make(chan struct{}, 1)}
	k.jitter = k.newJitter()
	return k
}

// newJitter keeps sessions that were created together from being extended together.
func (k *keeper) newJitter() time.Duration { return rand.N(k.options.Threshold/10 + 1) }

// learn takes a sighting into account.
func (k *keeper) learn(s sighting) {
	k.mutex.Lock()
	before := k.bounds.total
	k.bounds.learn(s)
	total := k.bounds.total
	if total > before {
		k.jitter = k.newJitter()
	}
	if !s.sent.Before(k.last.sent) && !k.last.session.Status.Ended() || s.session.Status.Ended() {
		k.last = s
	}
	k.mutex.Unlock()
	if k.granted != nil && total > before {
		k.granted(total)
	}
	if k.options.Progress != nil {
		k.options.Progress(s.session)
	}
}

// session returns the session as last seen.
func (k *keeper) session() arr.Session {
	k.mutex.Lock()
	defer k.mutex.Unlock()
	return k.last.session
}

func (k *keeper) remaining() (atLeast, atMost time.Duration) {
	k.mutex.Lock()
	defer k.mutex.Unlock()
	return k.bounds.remaining(time.Now())
}

// seenNow reports whether the session was seen as it was a moment ago. An answer that took its time
// shows what was before.
func (k *keeper) seenNow() bool {
	k.mutex.Lock()
	defer k.mutex.Unlock()
	return time.Since(k.last.sent) < time.Second
}

// cost returns what the session was billed at most, if it runs no longer.
func (k *keeper) cost(now time.Time) time.Duration {
	k.mutex.Lock()
	defer k.mutex.Unlock()
	cost := now.Sub(k.bounds.earliest)
	if last := k.last.session; last.Status.Ended() {
		cost = min(cost, last.ElapsedTime+time.Minute)
	}
	return max(0, cost)
}

// surelyOver reports whether the session was stopped, was seen to have ended, or has outlived any
// lease that it may have.
func (k *keeper) surelyOver() bool {
	k.mutex.Lock()
	defer k.mutex.Unlock()
	b := &k.bounds
	return b.ended || !b.latest.IsZero() && !time.Now().Before(b.latest.Add(b.total))
}

// over notes that the session was stopped.
func (k *keeper) over() {
	k.mutex.Lock()
	defer k.mutex.Unlock()
	k.bounds.ended = true
}

// end returns why the session is over, nil if it is not known to be.
func (k *keeper) end() error {
	k.mutex.Lock()
	defer k.mutex.Unlock()
	if !k.last.session.Status.Ended() {
		return nil
	}
	return endOf(&arr.SessionEndedError{Session: k.last.session, CorrelationVector: k.last.vector})
}

// look sends one Get.
func (k *keeper) look(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, tryTimeout)
	defer cancel()
	sent := time.Now()
	got, err := k.client.Get(ctx, k.id, nil)
	if err != nil {
		return err
	}
	k.learn(sighting{got.Session, sent, time.Now(), got.CorrelationVector})
	return nil
}

// extend extends the lease to the total that want returns, unless that is no more than the present
// one. One caller at a time.
func (k *keeper) extend(ctx context.Context, want func() time.Duration) error {
	select {
	case k.turn <- struct{}{}:
		defer func() { <-k.turn }()
	case <-ctx.Done():
		return ctx.Err()
	}
	before := k.total()
	total := want()
	if total <= before {
		return nil
	}
	if k.allow != nil {
		if err := k.allow(total); err != nil {
			return err
		}
	}
	bounded, cancel := context.WithTimeout(ctx, tryTimeout)
	defer cancel()
	sent := time.Now()
	updated, err := k.client.Update(
		bounded,
		k.id,
		arr.UpdateSessionSettings{MaxLeaseTime: total},
		nil,
	)
	switch {
	case errors.Is(err, arr.ErrLeaseNotExtended):
		return k.refused(ctx, before, err)
	case err != nil:
		return err
	}
	k.learn(sighting{updated.Session, sent, time.Now(), updated.CorrelationVector})
	if k.total() <= before {
		return fmt.Errorf(
			"lease: session %q: %w: it was asked for %v, and shows %v",
			k.id,
			arr.ErrLeaseNotExtended,
			total,
			before,
		)
	}
	k.options.Logger.DebugContext(ctx, "lease extended", "session", k.id, "total", total)
	return nil
}

// refused finds out why the service did not extend the lease: the session has ended, somebody else
// has extended it, or it cannot be.
func (k *keeper) refused(ctx context.Context, before time.Duration, refusal error) error {
	if err := k.look(ctx); err != nil {
		return err
	}
	k.mutex.Lock()
	defer k.mutex.Unlock()
	if k.last.session.Status.Ended() || k.bounds.total > before {
		return nil
	}
	k.fixed = before
	return refusal
}

func (k *keeper) total() time.Duration {
	k.mutex.Lock()
	defer k.mutex.Unlock()
	return k.bounds.total
}

// ensure makes sure that so much of the lease is surely left. The session has been seen.
func (k *keeper) ensure(ctx context.Context, atLeast time.Duration) error {
	most := k.options.MaxLeaseTime
	for range 5 { // somebody else may extend the lease, or time may pass
		if err := k.end(); err != nil {
			return fmt.Errorf("%w: %w", arr.ErrLeaseNotExtended, err)
		}
		total := k.totalFor(atLeast)
		if total <= k.total() {
			return nil
		}
		if err := k.extend(
			ctx,
			func() time.Duration { return min(k.totalFor(atLeast), most) },
		); err != nil {
			return err
		}
		if total > most && k.end() == nil {
			return fmt.Errorf(
				"lease: session %q: %w: to have %v left it would take a total of %v, and the most is %v; another session is needed",
				k.id,
				arr.ErrLeaseNotExtended,
				atLeast,
				total,
				most,
			)
		}
	}
	return fmt.Errorf(
		"lease: session %q: %w: it does not grow as asked, to %v left",
		k.id,
		arr.ErrLeaseNotExtended,
		atLeast,
	)
}

// totalFor returns the total of the lease with which so much of it is surely left.
func (k *keeper) totalFor(atLeast time.Duration) time.Duration {
	k.mutex.Lock()
	defer k.mutex.Unlock()
	left, _ := k.bounds.remaining(time.Now())
	if k.bounds.latest.IsZero() && k.last.session.Status == arr.SessionStatusStarting {
		left = k.bounds.total // it has not begun
	}
	missing := min(max(0, atLeast-left), 2*LongestLease) // more cannot be had anyway
	return (k.bounds.total + missing + time.Minute - 1).Truncate(time.Minute)
}
