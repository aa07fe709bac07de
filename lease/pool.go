// SPDX-License-Identifier: MIT

package lease

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	arr "github.com/arr-go/azremoterendering"
)

// Errors of a [Pool], to compare with [errors.Is].
var (
	// ErrPoolClosed means that the pool was closed.
	ErrPoolClosed = errors.New("the pool is closed")
	// ErrBudget means that [PoolOptions.Budget] is used up, or set aside for the leases of sessions
	// that run.
	ErrBudget = errors.New("the budget of session time is used up")
	// ErrNotHandedOut means that [Pool.Return] was given a lease that this pool did not hand out,
	// or that is no longer held.
	ErrNotHandedOut = errors.New("the lease is not one that this pool has handed out")
)

// Pool keeps sessions ready, and hands them out to one device after the other: the service clears
// what a device has loaded when it disconnects. It creates sessions ahead of need, replaces those
// that end, and stops those that are too many. It is safe for concurrent use. [NewPool] makes one,
// [Pool.Close] ends it.
//
// A pool is the only one for its prefix: see [PoolOptions.IDPrefix].
type Pool struct {
	client  *arr.SessionsClient
	options PoolOptions
	watcher *Watcher
	budget  *budget

	ctx      context.Context // ended by Close
	end      context.CancelCauseFunc
	work     sync.WaitGroup // the goroutines of the pool
	wake     chan struct{}  // of capacity 1; makes maintain look at what there is
	tookOver chan struct{}  // closed when the sessions of an earlier run are known
	ended    chan struct{}  // closed when Close is done

	mu        sync.Mutex
	members   map[string]*member
	creations []*creation // sessions being created, the oldest first
	// sessions that did not become Ready and could not be stopped yet
	lost    int
	calls   uint64    // of Acquire, so far
	waiters []*waiter // calls of Acquire, in the order in which they are served
	// calls of Acquire, by number, whose session was of no use, and who are about to ask for
	// another
	retrying    map[uint64]struct{}
	pace        pace
	created     int
	lastError   error
	lastFailure error // the last failure, unless something has succeeded since
	notStopped  []error
	closed      bool
}

// NewPool starts a pool. Its first sessions are ready minutes later. No request has been sent when
// it returns.
//   - client is one for the account and region
//   - options say what the pool is to be
//
// What an earlier run left under the prefix is taken over. A session that a device holds cannot be
// told from one that was idle, so each is kept for [PoolOptions.ClaimTime] until [Pool.Claim] says
// that it is in use, and stopped if that does not happen. Options that cannot be right are refused
// with [arr.ErrInvalidArgument].
func NewPool(client *arr.SessionsClient, options PoolOptions) (*Pool, error) {
	options, err := options.withDefaults(client)
	if err != nil {
		return nil, err
	}
	watcher, err := NewWatcher(client, options.Watch)
	if err != nil {
		return nil, err
	}
	p := &Pool{
		client:   client,
		options:  options,
		watcher:  watcher,
		budget:   newBudget(options.Budget),
		wake:     make(chan struct{}, 1),
		tookOver: make(chan struct{}),
		ended:    make(chan struct{}),
		members:  make(map[string]*member),
		retrying: make(map[uint64]struct{}),
		pace:     newPace(options.CreateInterval),
	}
	p.ctx, p.end = context.WithCancelCause(context.Background())
	p.work.Go(p.maintain)
	return p, nil
}

// Acquire hands out a session that is Ready, was alive a moment ago, and surely has
// [PoolOptions.MinRemaining] left of its lease. If none is ready it waits for one, in the order of
// the calls. The lease is kept until it is returned, released or detached, or its session ends; the
// end of ctx does not end it.
//   - ctx bounds the waiting
//
// Use [Pool.Return] when the device has left, so that another can have the session; [Lease.Release]
// stops it.
//
// If ctx ends, the error says what kept sessions from being created, if anything did. The error is
// [ErrPoolClosed] after [Pool.Close], and [ErrBudget] if there is no session and the budget allows
// none. A creation that is refused for a reason that does not pass, such as [arr.ErrForbidden],
// ends the waiting with that error.
func (p *Pool) Acquire(ctx context.Context) (*Lease, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(p.ctx, func() { cancel(ErrPoolClosed) })()
	p.mu.Lock()
	p.calls++
	call := p.calls
	p.mu.Unlock()
	for {
		m, err := p.next(ctx, call)
		if err != nil {
			return nil, err
		}
		began := time.Now()
		err = p.check(ctx, m)
		switch {
		case err == nil:
			if l := p.handOut(m); l != nil {
				return l, nil // or it has ended this moment
			}
		case ctx.Err() != nil:
			p.putBack(m, time.Since(began) > slowCheck)
			return nil, p.interrupted(ctx)
		case !p.refuse(m, call, err):
			return nil, err
		}
	}
}

// check makes sure of a session before it is handed out: it is alive and Ready, and what is
// promised is left of its lease.
func (p *Pool) check(ctx context.Context, m *member) error {
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	if !m.managed.seenNow() {
		if err := m.managed.look(ctx); err != nil {
			return err
		}
	}
	return p.vouch(ctx, m)
}

// vouch is check for a session that was seen a moment ago.
func (p *Pool) vouch(ctx context.Context, m *member) error {
	if err := m.managed.end(); err != nil {
		return err
	}
	if status := m.managed.session().Status; status != arr.SessionStatusReady {
		return fmt.Errorf("lease: session %q is %q: %w", m.managed.id, status, errNotReady)
	}
	return m.managed.ensure(ctx, p.options.MinRemaining)
}

// interrupted makes the error of an Acquire whose context has ended.
func (p *Pool) interrupted(ctx context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	err := fmt.Errorf(
		"lease: no session of pool %q was free: %w",
		p.options.IDPrefix,
		context.Cause(ctx),
	)
	if p.lastFailure != nil {
		err = fmt.Errorf("%w; the last failure: %w", err, p.lastFailure)
	}
	return err
}

// Return takes a lease back, so that its session can be handed out again. The device must have
// disconnected: it keeps its access token, and could open the session again.
//   - l is a lease that Acquire or Claim has returned
//
// The error is [ErrNotHandedOut] if the lease is not one of this pool's, or is no longer held, as
// after [Pool.Close].
func (p *Pool) Return(l *Lease) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if l == nil || l.managed == nil {
		return invalid("the lease to return is nil")
	}
	m := p.members[l.managed.id]
	if m == nil || m.lease != l || m.state != handedOut || l.ctx.Err() != nil ||
		!l.settle(returned) {
		return fmt.Errorf("lease: session %q: %w", l.managed.id, ErrNotHandedOut)
	}
	l.cancel(ErrReleased)
	m.lease = nil
	p.offer(m)
	return nil
}

// Claim returns the lease on a session that is handed out: the lease that Acquire returned, or a
// new one if the session was handed out by an earlier run of the program. It waits until the
// sessions of the earlier run are known. With it, a web service needs nothing but the session id
// from its devices, also when it was started anew. But a session goes from one device to the next
// under the same id: the service must see to it that a device that has returned its session, or was
// late to claim it, does not name it again, for instance with a secret of its own for each device.
//   - ctx bounds the waiting
//   - sessionID is the session
//
// The error is [arr.ErrNotFound] if no such session is handed out, among them sessions that were
// not claimed within [PoolOptions.ClaimTime] and were stopped since, and sessions that are not
// Ready: those are in nobody's hands.
func (p *Pool) Claim(ctx context.Context, sessionID string) (*Lease, error) {
	select {
	case <-p.tookOver:
	case <-p.ctx.Done():
		return nil, fmt.Errorf("lease: %w", ErrPoolClosed)
	case <-ctx.Done():
		return nil, p.interrupted(ctx)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	m := p.members[sessionID]
	switch {
	case p.closed:
		return nil, fmt.Errorf("lease: %w", ErrPoolClosed)
	case m != nil && m.managed.ctx.Err() == nil && m.state == handedOut && m.lease != nil:
		return m.lease, nil
	case m != nil && m.claimable():
		m.lease, m.state, m.leftOver, m.quarantined = newLease(
			m.managed,
			p.options.IdleTimeout,
		), handedOut, false, time.Time{}
		p.changed()
		return m.lease, nil
	}
	return nil, fmt.Errorf(
		"lease: session %q of pool %q is not handed out: %w",
		sessionID,
		p.options.IDPrefix,
		arr.ErrNotFound,
	)
}

// Close ends the pool. It stops its idle and starting sessions, and detaches those that are handed
// out: their leases end with [ErrDetached], and a later run may [Pool.Claim] them. The same goes
// for sessions of an earlier run that a device may hold and nobody has claimed yet. It does not
// heed the end of ctx. All sessions are stopped at the same time, which takes a minute and a half
// at the very most. The error is a [*NotStoppedError] for each of these, several of them joined by
// [errors.Join]. When it returns, no goroutine of the pool is left.
func (p *Pool) Close(ctx context.Context) error {
	p.mu.Lock()
	first := !p.closed
	p.closed = true
	p.mu.Unlock()
	if first {
		p.shutDown()
		close(p.ended)
	}
	<-p.ended // no lock is held meanwhile: one would stop the time in tests with a virtual clock
	p.mu.Lock()
	defer p.mu.Unlock()
	return errors.Join(p.notStopped...)
}

// PoolStats is what a pool holds at one moment.
type PoolStats struct {
	// Starting, Idle and HandedOut are numbers of sessions. Idle are also those that are handed out
	// to nobody because their last check failed. Unclaimed are those of an earlier run that may be
	// in use; Stopping are those that are on their way out.
	Starting, Idle, HandedOut, Unclaimed, Stopping int
	// Waiting is how many calls of Acquire wait for a session.
	Waiting int
	// Created is how many sessions that the pool created have become Ready since its start.
	Created int
	// Spent is what ended sessions have been billed at most, Committed the same and the whole
	// leases of those that run.
	Spent, Committed time.Duration
	// LastError is the last failure to create or stop a session. It is nil if there was none.
	LastError error
}

// Stats returns what the pool holds now.
func (p *Pool) Stats() PoolStats {
	p.mu.Lock()
	defer p.mu.Unlock()
	starting := p.starting()
	s := PoolStats{
		Starting:  starting,
		Stopping:  len(p.creations) - starting + p.lost,
		Waiting:   len(p.waiters),
		Created:   p.created,
		LastError: p.lastError,
	}
	for _, m := range p.members {
		switch m.state {
		case idle:
			s.Idle++
		case handedOut:
			s.HandedOut++
		case unclaimed:
			s.Unclaimed++
		case stopping:
			s.Stopping++
		}
	}
	s.Spent, s.Committed = p.budget.totals()
	return s
}
