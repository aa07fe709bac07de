// SPDX-License-Identifier: MIT

package lease

import (
	"context"
	"errors"
	"fmt"
	"sync"

	arr "github.com/arr-go/azremoterendering"
)

// Errors of a [Pool], to compare with [errors.Is].
var (
	// ErrPoolClosed means that the pool is closed.
	ErrPoolClosed = errors.New("the pool is closed")
	// ErrBudget means that [PoolOptions.Budget] is spent, or reserved for the leases of sessions
	// that run.
	ErrBudget = errors.New("the budget of session time is used up")
	// ErrNotHandedOut means that [Pool.Return] got a lease that this pool did not hand out, or that
	// has ended.
	ErrNotHandedOut = errors.New("the lease is not one that this pool has handed out")
)

// Pool keeps sessions warm and hands them out to one device after another: the service clears what
// a device has loaded when it disconnects. The pool creates sessions ahead of need, replaces those
// that end, and stops those that are not needed. It is safe for concurrent use. Create one with
// [NewPool]; [Pool.Close] ends it.
//
// Only one pool may use a prefix at a time: see [PoolOptions.IDPrefix].
type Pool struct {
	options PoolOptions
	watcher *Watcher
	budget  *budget

	ctx   context.Context // ended by Close
	end   context.CancelCauseFunc
	work  sync.WaitGroup // the goroutines of the pool
	wake  chan struct{}  // capacity 1; makes run decide again
	ended chan struct{}  // closed when Close is done

	mu        sync.Mutex    // never held during a request, a wait or a log record
	regions   []*poolRegion // the preferred one first
	searching int           // regions to be listed again for sessions of an earlier run
	listing   chan struct{} // closed, and replaced, when a region was listed
	entries   entries
	calls     uint64 // of Acquire, so far
	// calls of Acquire that wait, in the order in which they are served
	waiters     []*waiter
	retrying    map[uint64]struct{} // calls of Acquire, by number, about to wait again
	pace        pace
	created     int
	lastError   error
	lastFailure error // lastError, unless something has succeeded since
	overBudget  bool  // a session is wanted that the budget does not allow
	notStopped  []error
	conflict    conflict
	closed      bool
}

// NewPool starts a pool and returns at once. Its first sessions are ready minutes later.
//   - regions is an [*arr.SessionsClient] for one region, or an [*arr.RegionsClient] for several,
//     in order of preference
//   - options configure the pool
//
// Sessions are created in the first region that has servers for one of the sizes and can be
// reached. A region that has failed is tried again after some seconds to minutes, and then
// preferred again. [Lease.Client] tells the region of a session.
//
// The pool takes over the sessions that an earlier run left under the prefix. It cannot tell one
// that a device uses from one that was idle. So it keeps each for [PoolOptions.ClaimTime], until
// [Pool.Claim] names it, and stops it otherwise. Invalid options are [arr.ErrInvalidArgument].
func NewPool(regions Regions, options PoolOptions) (*Pool, error) {
	clients, err := clientsOf(regions)
	if err != nil {
		return nil, err
	}
	options, err = options.withDefaults()
	if err != nil {
		return nil, err
	}
	p := &Pool{
		regions:   newPoolRegions(clients),
		searching: len(clients),
		listing:   make(chan struct{}),
		options:   options,
		budget:    newBudget(options.Budget),
		wake:      make(chan struct{}, 1),
		ended:     make(chan struct{}),
		retrying:  make(map[uint64]struct{}),
		pace:      newPace(),
	}
	options.Watch.listed = p.noticeListed
	if p.watcher, err = NewWatcher(regions, options.Watch); err != nil {
		return nil, err
	}
	p.ctx, p.end = context.WithCancelCause(context.Background())
	p.work.Go(p.run)
	return p, nil
}

// Return gives a lease back, so that its session can be handed out again. The device must have
// disconnected: it keeps its access token and could open the session again.
//   - l is a lease from [Pool.Acquire] or [Pool.Claim]
//
// No request is sent. The error is [ErrNotHandedOut] if the lease is not from this pool or has
// ended, as after [Pool.Close].
func (p *Pool) Return(l *Lease) error {
	if l == nil || l.managed == nil {
		return invalid("lease", nil, "is nil")
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	e := p.entries.find(l.managed.id)
	if e == nil || e.lease != l || e.state != stateOut || l.ctx.Err() != nil || !l.settle(returned) {
		return fmt.Errorf("session %q: %w", l.managed.id, ErrNotHandedOut)
	}
	l.cancel(ErrReleased)
	e.lease = nil
	p.offer(e)
	return nil
}

// Close ends the pool. It stops warm and starting sessions and detaches those that are handed out:
// their leases end with [ErrDetached], and a later run may [Pool.Claim] them. Sessions of an
// earlier run that nobody has claimed yet keep running too.
//   - ctx passes on its values; its end is ignored
//
// All sessions are stopped at the same time, in 90 seconds at most. The error is a
// [*NotStoppedError] for each session that could not be stopped, joined by [errors.Join]. When
// Close returns, no goroutine of the pool is left.
func (p *Pool) Close(ctx context.Context) error {
	p.mu.Lock()
	first := !p.closed
	p.closed = true
	p.mu.Unlock()
	if first {
		p.shutDown()
		close(p.ended)
	}
	<-p.ended // without a lock, which would stop the time of tests with a virtual clock
	p.mu.Lock()
	defer p.mu.Unlock()
	return errors.Join(p.notStopped...)
}

// shutDown is what the first Close does.
func (p *Pool) shutDown() {
	p.mu.Lock()
	p.failWaiters(ErrPoolClosed)
	for _, e := range p.entries.all {
		switch {
		case e.state == stateWarm, e.state == stateQuarantined, e.pending():
			p.retire(e)
		case e.state == stateUnclaimed:
			e.managed.cancel(ErrDetached)
		case e.lease != nil && e.lease.settle(detached):
			e.lease.cancel(ErrDetached)
			e.managed.cancel(ErrDetached)
		}
	}
	p.mu.Unlock()
	p.end(ErrPoolClosed)
	p.work.Wait()
	p.watcher.Close()
}

// The lock is held in all functions below.

// offer gives a session to the call that has waited longest, or keeps it warm. It retires one of a
// size that is not wanted, which an earlier run may have left.
func (p *Pool) offer(e *entry) {
	switch {
	case !e.alive():
	case p.closed || !e.own && !p.wants(e.managed.session().Size):
		p.retire(e)
	case !e.move(eventOffer):
	case len(p.waiters) > 0 && e.move(eventTake):
		p.waiters[0].served <- e
		p.waiters = p.waiters[1:]
	default:
		p.entries.warm.add(e)
	}
	p.changed()
}

// wants reports whether the size of a session from an earlier run will do. One whose size the
// service does not show is accepted.
func (p *Pool) wants(size arr.SessionSize) bool {
	return size == "" || containsSize(p.options.Sizes, size)
}

// retire gives up a session: its creation is ended, or it is no longer kept alive, and it is
// stopped in the background.
func (p *Pool) retire(e *entry) {
	e.move(eventRetire)
	if e.managed != nil {
		e.managed.cancel(ErrReleased)
	} else {
		e.cancel(errNotNeeded)
	}
	p.changed()
}

// failed records a failure.
func (p *Pool) failed(err error) { p.lastError, p.lastFailure = err, err }

// failWaiters ends all calls that wait.
func (p *Pool) failWaiters(err error) {
	for _, w := range p.waiters {
		w.failed <- err
	}
	p.waiters = nil
}

// changed makes run decide again.
func (p *Pool) changed() { notify(p.wake) }
