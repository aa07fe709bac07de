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
	"github.com/arr-go/azremoterendering/internal/spans"
)

// renewer knows one session and extends its lease. This file has its knowledge and its requests;
// renewer_run.go has the loop that decides when to send them.
type renewer struct {
	client  *arr.SessionsClient
	id      string
	options KeepAliveOptions
	watcher *regionWatcher // nil without a Watcher, and in regions that it does not watch
	// allow, if non-nil, is called before the lease is extended to a total, and may refuse.
	allow func(total time.Duration) error
	// granted, if non-nil, is called with each larger total that the service shows.
	granted func(total time.Duration)

	span    spans.Span // in which the session was created or adopted
	endOnce sync.Once  // tells of its end

	turn chan struct{} // capacity 1: taken by the call that extends the lease

	mu           sync.Mutex
	last         observation
	bounds       bounds
	leap         leap
	since        time.Time     // when the session was adopted; zero if it was created here
	refusedTotal time.Duration // the total that the service refused to extend; 0 if it did not
	jitter       time.Duration // delays the next extension
	planned      knowledge     // what run knew when it last planned
}

func newRenewer(client *arr.SessionsClient, id string, options KeepAliveOptions) *renewer {
	r := &renewer{client: client, id: id, options: options, turn: make(chan struct{}, 1)}
	r.leap.compared = options.clock.Now()
	if options.Watcher != nil {
		r.watcher = options.Watcher.region(client)
	}
	r.jitter = r.newJitter()
	return r
}

// newJitter spreads the extensions of sessions that were created together.
func (r *renewer) newJitter() time.Duration { return rand.N(r.options.Threshold/10 + 1) }

// learn records an observation.
func (r *renewer) learn(o observation) {
	r.mu.Lock()
	before := r.bounds.total
	r.believe(o)
	total := r.bounds.total
	if total > before {
		r.jitter = r.newJitter()
	}
	outdated := goesBack(r.last.session.Status, o.session.Status)
	newer := !o.sent.Before(r.last.sent)
	switch {
	case !outdated && (newer || o.session.Status.Ended()):
		r.last = o
	case newer:
		r.last.received = o.received // there was an answer, but it proves nothing of the present
	}
	r.mu.Unlock()
	if r.granted != nil && total > before {
		r.granted(total)
	}
	if r.options.Progress != nil && !outdated {
		r.options.Progress(o.session)
	}
}

// session returns the session as last seen.
func (r *renewer) session() arr.Session {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.last.session
}

// remaining returns bounds for the time left of the lease.
func (r *renewer) remaining() (atLeast, atMost time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.remainingNow()
}

// total returns the total of the lease.
func (r *renewer) total() time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.bounds.total
}

// seenNow reports whether the session was seen as it was within the last second. An answer that was
// slow shows what was before, so the time of the request counts.
func (r *renewer) seenNow() bool {
	return !r.unconfirmed() && r.seenAfter(time.Now().Add(-time.Second))
}

// seenAfter reports whether an answer to a request sent after t has shown the session.
func (r *renewer) seenAfter(t time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.last.sent.After(t)
}

// cost returns the most that the session was billed, if it no longer runs.
func (r *renewer) cost(now time.Time) time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	cost := now.Sub(r.bounds.earliest)
	if last := r.last.session; last.Status.Ended() {
		cost = min(cost, last.ElapsedTime+time.Minute)
	}
	return max(0, cost)
}

// earliestReady returns the earliest time at which the session can have become Ready.
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
	r.compareClocks()
	return time.Until(r.trusted().earliest.Add(most)) - minRemaining
}

// mustBeOver reports whether the session was stopped, was seen to have ended, or has outlived its
// latest possible end.
func (r *renewer) mustBeOver() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	b := &r.bounds
	return b.ended || !b.latest.IsZero() && !time.Now().Before(b.latest.Add(b.total))
}

// recordEnd records that the session was stopped.
func (r *renewer) recordEnd() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.bounds.ended = true
}

// end returns why the session has ended, or nil if it is not known to have ended.
func (r *renewer) end() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.last.session.Status.Ended() {
		return nil
	}
	return endOf(&arr.SessionEndedError{Session: r.last.session, CorrelationVector: r.last.vector})
}

// look gets the session.
func (r *renewer) look(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, tryTimeout)
	defer cancel()
	asked := r.options.clock.Now()
	got, err := r.client.Get(ctx, r.id, nil)
	if err != nil {
		return err
	}
	r.learn(observed(got.Session, asked, got.CorrelationVector))
	return nil
}

// extend extends the lease to the total that want returns, unless that is no more than the present
// one. One call at a time proceeds.
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
	asked := r.options.clock.Now()
	settings := arr.UpdateSessionSettings{MaxLeaseTime: total}
	updated, err := r.client.Update(bounded, r.id, settings, nil)
	switch {
	case errors.Is(err, arr.ErrLeaseNotExtended):
		return r.refused(ctx, before, err)
	case err != nil:
		return err
	}
	if updated.MaxLeaseTime == 0 { // the service does not say, and has granted it
		updated.MaxLeaseTime = total
	}
	r.learn(observed(updated.Session, asked, updated.CorrelationVector))
	if r.total() <= before {
		return fmt.Errorf("session %q: %w: %v was requested, and the service shows %v",
			r.id, arr.ErrLeaseNotExtended, total, before)
	}
	r.options.Logger.DebugContext(ctx, "lease extended", "session", r.id, "total", total)
	r.observe(EventExtended, r.total()-before, nil)
	return nil
}

// refused finds out why the service did not extend the lease: the session has ended, someone else
// has extended it, or it cannot be extended.
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

// ensure guarantees that so much of the lease is left. The session has been seen.
func (r *renewer) ensure(ctx context.Context, atLeast time.Duration) error {
	most := r.options.MaxLeaseTime
	for range 5 { // someone else may extend the lease, or time may pass
		if err := r.end(); err != nil {
			return fmt.Errorf("%w: %w", arr.ErrLeaseNotExtended, err)
		}
		if r.unconfirmed() {
			if err := r.look(ctx); err != nil {
				return err
			}
		}
		total := r.totalFor(atLeast)
		if total <= r.total() {
			return nil
		}
		want := func() time.Duration { return min(r.totalFor(atLeast), most) }
		if err := r.extend(ctx, want); err != nil {
			return err
		}
		if total > most && r.end() == nil {
			return fmt.Errorf("session %q: %w: to have %v left it would take a total of %v, "+
				"and the most is %v; another session is needed",
				r.id, arr.ErrLeaseNotExtended, atLeast, total, most)
		}
	}
	return fmt.Errorf("session %q: %w: repeated requests did not leave %v of it",
		r.id, arr.ErrLeaseNotExtended, atLeast)
}

// totalFor returns the total of the lease that guarantees so much time left.
func (r *renewer) totalFor(atLeast time.Duration) time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	left, _ := r.remainingNow()
	if r.bounds.latest.IsZero() && r.last.session.Status == arr.SessionStatusStarting {
		left = r.bounds.total // the lease has not begun
	}
	// The limit prevents an overflow; the service grants less anyway.
	missing := min(max(0, atLeast-left), 2*LongestLease)
	return (r.bounds.total + missing + time.Minute - 1).Truncate(time.Minute)
}
