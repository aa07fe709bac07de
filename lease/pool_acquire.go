// SPDX-License-Identifier: MIT

package lease

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	arr "github.com/arr-go/azremoterendering"
)

const (
	// checkTimeout bounds the check of a session before it is handed out. A caller waits, and
	// another session may be healthy.
	checkTimeout = 20 * time.Second
	// slowCheck is how long a check may take before the session is quarantined although the check
	// only ended because its caller gave up.
	slowCheck = 5 * time.Second
)

// errNotReady means that a session that was Ready shows another state, and not an end.
var errNotReady = errors.New("not Ready")

// waiter is a call of Acquire that waits for a session.
type waiter struct {
	call   uint64      // its number; calls are served in this order
	served chan *entry // capacity 1
	failed chan error  // capacity 1
}

// Acquire hands out a session that is Ready, was seen alive within the last second, and is
// guaranteed to have [PoolOptions.MinRemaining] left of its lease. If none is warm it waits for
// one; calls are served in their order. The lease is held until it is returned, released or
// detached, or its session ends. The end of ctx does not end it.
//   - ctx bounds the waiting
//
// Call [Pool.Return] when the device has disconnected, so that another can use the session;
// [Lease.Release] stops it.
//
// If ctx ends, the error wraps its cause and the last failure to create a session, if any. The
// error is [ErrPoolClosed] after [Pool.Close], and [ErrBudget] if there is no session and the
// budget allows none. A permanent failure to create a session, such as [arr.ErrForbidden], ends all
// waiting calls with that error.
func (p *Pool) Acquire(ctx context.Context) (*Lease, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(p.ctx, func() { cancel(ErrPoolClosed) })()
	defer logWaiting(ctx, p.options.Logger, "a call waits for a session of the pool", p.situation)()
	ctx, span := startSpan(ctx, p.regions[0].client, spanPoolAcquire)
	began := time.Now()
	l, err := p.acquire(ctx)
	p.observeCall(l, time.Since(began), err)
	if l != nil {
		span.link(l.managed.renewer)
	}
	span.end(err)
	return l, err
}

// observeCall tells of a call of Acquire that has ended.
func (p *Pool) observeCall(l *Lease, took time.Duration, err error) {
	if l != nil {
		l.managed.observe(EventHandedOut, took, nil)
	} else if observe := p.options.observe(); observe != nil {
		observe(Event{Kind: EventNotHandedOut, Duration: took, Err: err})
	}
}

// acquire is Acquire with a context that ends with the pool.
func (p *Pool) acquire(ctx context.Context) (*Lease, error) {
	call := p.nextCall()
	for {
		e, err := p.take(ctx, call)
		if err != nil {
			return nil, err
		}
		began := time.Now()
		err = p.check(ctx, e)
		switch {
		case err == nil:
			if l := p.handOut(e); l != nil {
				return l, nil
			} // the session has ended since the check
		case ctx.Err() != nil:
			p.putBack(e, time.Since(began) > slowCheck)
			return nil, p.interrupted(ctx)
		case !p.checkFailed(e, call, err):
			return nil, err
		}
	}
}

// situation returns what the log says about a call that waits.
func (p *Pool) situation() []any {
	s := p.Stats()
	p.mu.Lock()
	defer p.mu.Unlock()
	attributes := []any{"pool", p.options.IDPrefix, "starting", s.Starting, "idle", s.Idle,
		"handedOut", s.HandedOut, "unclaimed", s.Unclaimed, "stopping", s.Stopping,
		"max", p.options.Max, "calls", s.Waiting}
	if p.lastFailure != nil {
		attributes = append(attributes, "error", p.lastFailure)
	}
	return attributes
}

// nextCall numbers the calls of Acquire.
func (p *Pool) nextCall() uint64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.calls++
	return p.calls
}

// take takes a warm session for a call, or waits for one.
func (p *Pool) take(ctx context.Context, call uint64) (*entry, error) {
	e, w, err := p.takeOrEnqueue(call)
	if w == nil {
		return e, err
	}
	select {
	case e := <-w.served:
		return e, nil
	case err := <-w.failed:
		return nil, err
	case <-ctx.Done():
	}
	p.mu.Lock()
	p.waiters = slices.DeleteFunc(p.waiters, func(other *waiter) bool { return other == w })
	p.changed()
	p.mu.Unlock()
	select {
	case e := <-w.served: // at the same moment
		p.putBack(e, false)
	default:
	}
	return nil, p.interrupted(ctx)
}

// takeOrEnqueue takes the newest warm session, unless others wait already. Otherwise it returns a
// waiter, in the place of the call among the others.
func (p *Pool) takeOrEnqueue(call uint64) (*entry, *waiter, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.retrying, call)
	if p.closed {
		return nil, nil, ErrPoolClosed
	}
	p.changed()
	if e := p.entries.warm.newest(); e != nil && len(p.waiters) == 0 && e.move(eventTake) {
		return e, nil, nil
	}
	w := &waiter{call, make(chan *entry, 1), make(chan error, 1)}
	place := slices.IndexFunc(p.waiters, func(other *waiter) bool { return other.call > call })
	if place < 0 {
		place = len(p.waiters)
	}
	p.waiters = slices.Insert(p.waiters, place, w)
	return nil, w, nil
}

// check makes sure that a session is Ready, and extends its lease if MinRemaining requires it.
func (p *Pool) check(ctx context.Context, e *entry) error {
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	if !e.managed.seenNow() {
		return p.lookAndCheck(ctx, e)
	}
	return p.checkSeen(ctx, e)
}

// lookAndCheck looks a session up and checks it.
func (p *Pool) lookAndCheck(ctx context.Context, e *entry) error {
	sent := time.Now()
	if err := e.managed.look(ctx); err != nil {
		return err
	}
	if !e.managed.seenAfter(sent.Add(-1)) {
		return fmt.Errorf("session %q: the answer is from before it was Ready: %w",
			e.id, errNotReady)
	}
	return p.checkSeen(ctx, e)
}

// checkSeen is check for a session that was seen a moment ago.
func (p *Pool) checkSeen(ctx context.Context, e *entry) error {
	if err := e.managed.end(); err != nil {
		return err
	}
	if status := e.managed.session().Status; status != arr.SessionStatusReady {
		return fmt.Errorf("session %q is %q: %w", e.id, status, errNotReady)
	}
	return e.managed.ensure(ctx, p.options.MinRemaining)
}

// handOut returns the lease on a session that passed its check; nil if the session has ended or the
// pool was closed since.
func (p *Pool) handOut(e *entry) *Lease {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		p.retire(e)
	}
	if !e.alive() || !e.move(eventPass) {
		return nil
	}
	e.lease, e.leftOver = newLease(e.managed, p.options.IdleTimeout), false
	p.lastFailure = nil
	return e.lease
}

// putBack takes a session back from a call that gave up. suspect says that its check took so long
// that the session may be the reason.
func (p *Pool) putBack(e *entry, suspect bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case e.managed.end() != nil:
		p.retire(e)
	case suspect:
		p.quarantine(e)
	default:
		p.offer(e)
	}
}

// checkFailed takes a session back whose check failed, and reports whether the call retries. It
// does not if the failure is permanent, the session may recover, and no other is warm.
func (p *Pool) checkFailed(e *entry, call uint64, failure error) (retry bool) {
	e.managed.observe(EventFailed, 0, failure)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.failed(failure)
	if e.hopeless(failure) {
		p.retire(e)
	} else {
		p.quarantine(e)
	}
	gone := e.state == stateStopping || !e.alive()
	if !gone && permanent(failure) && p.entries.warm.newest() == nil {
		return false
	}
	p.retrying[call] = struct{}{}
	return true
}

// interrupted returns the error of a call whose context has ended.
func (p *Pool) interrupted(ctx context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	err := fmt.Errorf(
		"no session of pool %q was free: %w", p.options.IDPrefix, context.Cause(ctx))
	if p.lastFailure != nil {
		err = fmt.Errorf("%w; the last failure: %w", err, p.lastFailure)
	}
	return err
}
