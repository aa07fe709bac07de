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

// renewer is what is known of one session, and the requests that keep its lease. renewer_run.go has
// the loop that decides when to send them.
type renewer struct {
	client  *arr.SessionsClient
	id      string
	options KeepAliveOptions
	// allow is asked before the lease is extended to a total, and may refuse. It is nil if nobody
	// needs to be asked.
	allow func(total time.Duration) error
	// granted is told of each total that the service shows. It is nil if nobody wants to know.
	granted func(total time.Duration)

	turn chan struct{} // taken by the one who extends the lease

	mu           sync.Mutex
	last         observation
	bounds       bounds
	refusedTotal time.Duration // the total that the service refused to extend; 0 if it did not
	jitter       time.Duration // delays the next extension
}

func newRenewer(client *arr.SessionsClient, id string, options KeepAliveOptions) *renewer {
	r := &renewer{client: client, id: id, options: options, turn: make(chan struct{}, 1)}
	r.jitter = r.newJitter()
	return r
}

// newJitter keeps sessions that were created together from being extended together.
func (r *renewer) newJitter() time.Duration { return rand.N(r.options.Threshold/10 + 1) }

// learn takes a observation into account.
func (r *renewer) learn(o observation) {
	r.mu.Lock()
	before := r.bounds.total
	r.bounds.learn(o)
	total := r.bounds.total
	if total > before {
		r.jitter = r.newJitter()
	}
	if !o.sent.Before(r.last.sent) && !r.last.session.Status.Ended() || o.session.Status.Ended() {
		r.last = o
	}
	r.mu.Unlock()
	if r.granted != nil && total > before {
		r.granted(total)
	}
	if r.options.Progress != nil {
		r.options.Progress(o.session)
	}
}

// session returns the session as last seen.
func (r *renewer) session() arr.Session {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.last.session
}

func (r *renewer) remaining() (atLeast, atMost time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.bounds.remaining(time.Now())
}

// seenNow reports whether the session was seen as it was a moment ago. An answer that took its time
// shows what was before.
func (r *renewer) seenNow() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return time.Since(r.last.sent) < time.Second
}

// cost returns what the session was billed at most, if it runs no longer.
func (r *renewer) cost(now time.Time) time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	cost := now.Sub(r.bounds.earliest)
	if last := r.last.session; last.Status.Ended() {
		cost = min(cost, last.ElapsedTime+time.Minute)
	}
	return max(0, cost)
}

// mustBeOver reports whether the session was stopped, was seen to have ended, or has outlived any
// lease that it may have.
func (r *renewer) mustBeOver() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	b := &r.bounds
	return b.ended || !b.latest.IsZero() && !time.Now().Before(b.latest.Add(b.total))
}

// earliestReady returns when the session became Ready at the earliest.
func (r *renewer) earliestReady() time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.bounds.earliest
}

// usableFor returns for how long the session can still have minRemaining left of its lease, however
// often the lease is extended.
func (r *renewer) usableFor(minRemaining time.Duration) time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	most := max(r.bounds.total, r.options.MaxLeaseTime)
	if r.refusedTotal == r.bounds.total {
		most = r.refusedTotal
	}
	return time.Until(r.bounds.earliest.Add(most)) - minRemaining
}

// seenAfter reports whether an answer to a request sent after t has shown the session.
func (r *renewer) seenAfter(t time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.last.sent.After(t)
}

// recordEnd notes that the session was stopped.
func (r *renewer) recordEnd() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.bounds.ended = true
}

// end returns why the session is over, nil if it is not known to be.
func (r *renewer) end() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.last.session.Status.Ended() {
		return nil
	}
	return endOf(&arr.SessionEndedError{Session: r.last.session, CorrelationVector: r.last.vector})
}

// look sends one Get.
func (r *renewer) look(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, tryTimeout)
	defer cancel()
	sent := time.Now()
	got, err := r.client.Get(ctx, r.id, nil)
	if err != nil {
		return err
	}
	r.learn(observation{got.Session, sent, time.Now(), got.CorrelationVector})
	return nil
}

// extend extends the lease to the total that want returns, unless that is no more than the present
// one. One caller at a time.
func (r *renewer) extend(ctx context.Context, want func() time.Duration) error {
	select {
	case r.turn <- struct{}{}:
		defer func() { <-r.turn }()
	case <-ctx.Done():
		return ctx.Err()
	}
	before := r.total()
	total := want()
	if total <= before {
		return nil
	}
	if r.allow != nil {
		if err := r.allow(total); err != nil {
			return err
		}
	}
	bounded, cancel := context.WithTimeout(ctx, tryTimeout)
	defer cancel()
	sent := time.Now()
	updated, err := r.client.Update(
		bounded,
		r.id,
		arr.UpdateSessionSettings{MaxLeaseTime: total},
		nil,
	)
	switch {
	case errors.Is(err, arr.ErrLeaseNotExtended):
		return r.refused(ctx, before, err)
	case err != nil:
		return err
	}
	r.learn(observation{updated.Session, sent, time.Now(), updated.CorrelationVector})
	if r.total() <= before {
		return fmt.Errorf(
			"lease: session %q: %w: it was asked for %v, and shows %v",
			r.id,
			arr.ErrLeaseNotExtended,
			total,
			before,
		)
	}
	r.options.Logger.DebugContext(ctx, "lease extended", "session", r.id, "total", total)
	return nil
}

// refused finds out why the service did not extend the lease: the session has ended, somebody else
// has extended it, or it cannot be.
func (r *renewer) refused(ctx context.Context, before time.Duration, refusal error) error {
	if err := r.look(ctx); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.last.session.Status.Ended() || r.bounds.total > before {
		return nil
	}
	r.refusedTotal = before
	return refusal
}

func (r *renewer) total() time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.bounds.total
}

// ensure makes sure that so much of the lease is surely left. The session has been seen.
func (r *renewer) ensure(ctx context.Context, atLeast time.Duration) error {
	most := r.options.MaxLeaseTime
	for range 5 { // somebody else may extend the lease, or time may pass
		if err := r.end(); err != nil {
			return fmt.Errorf("%w: %w", arr.ErrLeaseNotExtended, err)
		}
		total := r.totalFor(atLeast)
		if total <= r.total() {
			return nil
		}
		if err := r.extend(
			ctx,
			func() time.Duration { return min(r.totalFor(atLeast), most) },
		); err != nil {
			return err
		}
		if total > most && r.end() == nil {
			return fmt.Errorf(
				"lease: session %q: %w: to have %v left it would take a total of %v, and the most is %v; another session is needed",
				r.id,
				arr.ErrLeaseNotExtended,
				atLeast,
				total,
				most,
			)
		}
	}
	return fmt.Errorf(
		"lease: session %q: %w: it does not grow as asked, to %v left",
		r.id,
		arr.ErrLeaseNotExtended,
		atLeast,
	)
}

// totalFor returns the total of the lease with which so much of it is surely left.
func (r *renewer) totalFor(atLeast time.Duration) time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	left, _ := r.bounds.remaining(time.Now())
	if r.bounds.latest.IsZero() && r.last.session.Status == arr.SessionStatusStarting {
		left = r.bounds.total // it has not begun
	}
	missing := min(max(0, atLeast-left), 2*LongestLease) // more cannot be had anyway
	return (r.bounds.total + missing + time.Minute - 1).Truncate(time.Minute)
}
