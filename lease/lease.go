// SPDX-License-Identifier: MIT

package lease

import (
	"context"
	"sync"
	"time"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/internal/wait"
)

// Lease is a session that is kept alive until [Lease.Release], [Lease.Detach], the end of the
// context it was acquired with, or the end of the session. It is safe for concurrent use. It comes
// from [Acquire], [Pool.Acquire] or [Pool.Claim].
type Lease struct {
	managed *managedSession
	ctx     context.Context // ended with the cause
	cancel  context.CancelCauseFunc
	idle    *idleTimer // nil without IdleTimeout

	mu      sync.Mutex
	outcome outcome
}

// outcome is what the holder of a lease, or its IdleTimeout, has decided.
type outcome int

const (
	held     outcome = iota
	released         // the session is to be stopped
	detached         // the session runs on by itself
	returned         // the session is its pool's again, and perhaps another lease's
)

// newLease returns a lease on a managed session. It ends when the session is no longer kept alive.
func newLease(s *managedSession, idleTimeout time.Duration) *Lease {
	l := &Lease{managed: s}
	l.ctx, l.cancel = context.WithCancelCause(s.ctx)
	if idleTimeout > 0 {
		l.idle = newIdleTimer(idleTimeout, l.endIdle)
	}
	return l
}

// Session returns the session as last seen. Use [Lease.Remaining] for the time left of its lease.
func (l *Lease) Session() arr.Session { return l.managed.session() }

// Client returns the client for the region in which the session runs: one of those given
// to [Acquire] or [NewPool]. A device needs its [arr.SessionsClient.RenderingDomain].
func (l *Lease) Client() *arr.SessionsClient { return l.managed.client }

// Context returns a context that ends with the lease. [context.Cause] tells why: [ErrReleased],
// [ErrDetached], [ErrIdle], [ErrExpired], [ErrStopped], an [*arr.SessionEndedError] if the session
// failed, or the cause of the context that the lease was acquired with. The end of a session is
// noticed within [AcquireOptions.LookEvery], or within the interval of the Watcher.
func (l *Lease) Context() context.Context { return l.ctx }

// Remaining returns bounds for the time left of the lease now. They are at most a minute apart,
// because the service counts whole minutes, and closer if the session was seen to become Ready.
// Both are 0 once the session is known to have ended. After the machine was suspended, atLeast is 0
// until the service has shown the session again. While the lease is held, it is extended
// before it runs out.
func (l *Lease) Remaining() (atLeast, atMost time.Duration) { return l.managed.remaining() }

// Touch is a heartbeat from the user of the session: it restarts
// [AcquireOptions.IdleTimeout]. It reports whether the lease is still held. A program that exits
// after [ErrIdle] should call [Lease.Release] first, which waits until the session is stopped.
func (l *Lease) Touch() bool {
	touched := l.idle == nil || l.idle.touch()
	return touched && l.ctx.Err() == nil
}

// Release stops the session and ends the lease. It takes 30 seconds at most, or a minute if the
// session is being stopped already.
//   - ctx passes on its values; its end, which is often the reason for the call, is ignored
//
// If the session could not be stopped, the error is a [*NotStoppedError], and Release can be called
// again. It does nothing after it has succeeded, after [Lease.Detach] or [Pool.Return], and on a
// nil Lease, so it can be deferred.
func (l *Lease) Release(ctx context.Context) error {
	if l == nil || !l.settle(released) {
		return nil
	}
	l.cancel(ErrReleased)
	if l.idle != nil {
		l.idle.handOver() // from here on, retries are the caller's
	}
	return l.managed.stop(ctx, ErrReleased)
}

// Detach ends the lease and leaves the session running, for another program to adopt or for its
// device to finish. The session is billed until it is stopped or its lease runs out. Detach does
// nothing after [Lease.Release] and [Pool.Return].
func (l *Lease) Detach() {
	if !l.settle(detached) {
		return
	}
	l.cancel(ErrDetached)
	l.managed.cancel(ErrDetached)
	<-l.managed.done
	if !l.managed.pooled {
		l.managed.ended(ErrDetached, nil)
	}
}

// settle decides the outcome, unless it is decided, and reports whether it is this one.
func (l *Lease) settle(o outcome) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.outcome == held {
		l.outcome = o
		if l.idle != nil {
			l.idle.stop()
		}
		return true
	}
	return l.outcome == o
}

// endIdle ends a lease whose user sends no heartbeat, and stops the session.
func (l *Lease) endIdle() {
	l.mu.Lock()
	undecided := l.outcome == held // even if the lease has ended: then nobody has released it
	if undecided {
		l.outcome = released
	}
	l.mu.Unlock()
	if !undecided {
		return
	}
	l.cancel(ErrIdle)
	if l.managed.pooled {
		l.managed.cancel(ErrIdle)
		return
	}
	for l.managed.stop(l.ctx, ErrIdle) != nil {
		if l.managed.mustBeOver() || wait.Sleep(l.idle.retry, maxPause) != nil {
			return // its lease has ended, or Release has taken over
		}
	}
}

// managedSession is a session with the goroutine that keeps it alive. A pool hands one out under
// many leases, one after another.
type managedSession struct {
	*renewer
	ctx    context.Context // ended with the cause when the session is no longer kept alive
	cancel context.CancelCauseFunc
	done   chan struct{} // closed when the goroutine has ended

	stopping chan struct{} // capacity 1: taken by the call that stops the session
	stopped  bool          // guarded by stopping
	pooled   bool          // a pool stops the session once it is no longer kept alive
}

// newManagedSession keeps a session alive that has been seen, until ctx ends. pooled says that a
// pool stops it then.
func newManagedSession(ctx context.Context, r *renewer, pooled bool) *managedSession {
	s := &managedSession{
		renewer:  r,
		done:     make(chan struct{}),
		stopping: make(chan struct{}, 1),
		pooled:   pooled,
	}
	s.ctx, s.cancel = context.WithCancelCause(ctx)
	go func() {
		defer close(s.done)
		err := r.run(r.span.In(s.ctx))
		if !pooled && s.ctx.Err() == nil { // nobody has given the session up
			r.ended(err, nil)
		}
		s.cancel(err)
	}()
	return s
}

// stop stops the session. Once it has succeeded it does nothing. It also stops a session that was
// seen to have ended: that costs one request, and does not depend on one answer.
func (s *managedSession) stop(ctx context.Context, cause error) error {
	s.cancel(cause)
	<-s.done
	s.stopping <- struct{}{}
	defer func() { <-s.stopping }()
	if s.stopped {
		return nil
	}
	if err := Stop(s.span.In(ctx), s.client, s.id); err != nil {
		s.options.Logger.ErrorContext(ctx, "session not stopped", "session", s.id, "error", err)
		s.observe(EventFailed, 0, err)
		return err
	}
	s.stopped = true
	s.recordEnd()
	if !s.pooled {
		s.ended(context.Cause(s.ctx), nil)
	}
	s.options.Logger.InfoContext(ctx, "session stopped",
		"session", s.id, "cause", context.Cause(s.ctx))
	return nil
}

// stopUntilOver stops the session. It retries every minute until the lease must be over or ctx
// ends, and a last time when ctx has ended.
func (s *managedSession) stopUntilOver(ctx context.Context, cause error) error {
	for {
		last := ctx.Err() != nil
		err := s.stop(ctx, cause)
		if err == nil || s.mustBeOver() {
			return nil
		}
		if last {
			return err
		}
		_ = wait.Sleep(ctx, maxPause)
	}
}
