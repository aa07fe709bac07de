// SPDX-License-Identifier: MIT

package lease

import (
	"context"
	"sync"
	"time"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/internal/wait"
)

// Lease is a session that is held: its lease is extended until [Lease.Release], [Lease.Detach], the
// end of the context it was acquired with, or the end of the session. It is safe for concurrent
// use. It comes from [Acquire] or [Pool.Acquire].
type Lease struct {
	managed *managedSession
	ctx     context.Context // ended with the cause
	cancel  context.CancelCauseFunc
	idle    *idleClock // nil without IdleTimeout

	mu      sync.Mutex
	outcome outcome
}

// outcome is what became of a lease by the will of its holder.
type outcome int

const (
	held     outcome = iota
	released         // the session is to be stopped
	detached         // the session goes on by itself
	returned         // the session is its pool's again, and perhaps another lease's
)

// managedSession is a session with the goroutine that keeps its lease. A pool hands one hold out under many
// leases, one after the other.
type managedSession struct {
	*renewer
	ctx    context.Context // ended with the cause when the session is no longer kept
	cancel context.CancelCauseFunc
	done   chan struct{} // closed when the goroutine has ended

	stopping chan struct{} // taken by the one who stops the session
	stopped  bool          // guarded by stopping
	pooled   bool          // a pool stops the session once it is no longer kept
}

// newManagedSession keeps a session that has been seen, until ctx ends.
func newManagedSession(ctx context.Context, r *renewer) *managedSession {
	s := &managedSession{renewer: r, done: make(chan struct{}), stopping: make(chan struct{}, 1)}
	s.ctx, s.cancel = context.WithCancelCause(ctx)
	go func() {
		defer close(s.done)
		s.cancel(r.run(s.ctx))
	}()
	return s
}

// stop stops the session, however the keeping ended. Once that has succeeded it does nothing. A
// session that was seen to have ended is stopped, too: that costs one request, and is sure.
func (s *managedSession) stop(ctx context.Context, cause error) error {
	s.cancel(cause)
	<-s.done
	s.stopping <- struct{}{}
	defer func() { <-s.stopping }()
	if s.stopped {
		return nil
	}
	if err := Stop(ctx, s.client, s.id); err != nil {
		s.options.Logger.ErrorContext(ctx, "session not stopped", "session", s.id, "error", err)
		return err
	}
	s.stopped = true
	s.over()
	s.options.Logger.InfoContext(
		ctx,
		"session stopped",
		"session",
		s.id,
		"cause",
		context.Cause(s.ctx),
	)
	return nil
}

// chase stops the session, and tries again every minute for as long as its lease may last and ctx
// does.
func (s *managedSession) stopUntilOver(ctx context.Context, cause error) error {
	for {
		over := ctx.Err() != nil
		err := s.stop(ctx, cause)
		if err == nil {
			return nil
		}
		if s.mustBeOver() {
			return nil // it has ended by itself
		}
		if over {
			return err
		}
		_ = wait.Sleep(ctx, maxPause) // its end is met with one more try
	}
}

// newLease hands out a managed session. The lease ends with it.
func newLease(s *managedSession, idleTimeout time.Duration) *Lease {
	l := &Lease{managed: s}
	l.ctx, l.cancel = context.WithCancelCause(s.ctx)
	if idleTimeout > 0 {
		l.idle = newIdleClock(idleTimeout, l.endIdle)
	}
	return l
}

// Session returns the session as last seen. Use [Lease.Remaining] for what is left of its lease.
func (l *Lease) Session() arr.Session { return l.managed.session() }

// Client returns the client of the region in which the session runs: the one given to [Acquire], or
// one of [AcquireOptions.Fallback]. A device needs its [arr.SessionsClient.RenderingDomain].
func (l *Lease) Client() *arr.SessionsClient { return l.managed.client }

// Context returns a context that ends when the session is no longer held. [context.Cause] says why:
// [ErrReleased], [ErrDetached], [ErrIdle], [ErrExpired], [ErrStopped], the session's own error,
// which is an [*arr.SessionEndedError], or the cause of the context that the lease was acquired
// with. The end of a session is noticed within [AcquireOptions.LookEvery], or within the interval of the
// Watcher.
func (l *Lease) Context() context.Context { return l.ctx }

// Remaining returns bounds for how much of the session's lease is left now. They are as narrow as
// what was seen allows: within the time between two looks if the session was seen to become Ready,
// and within a minute otherwise, for the service counts whole minutes. Both are 0 once the session
// is known to have ended. As long as the lease is held, it is extended before it runs out.
func (l *Lease) Remaining() (atLeast, atMost time.Duration) { return l.managed.remaining() }

// Touch is a sign of life from whoever uses the session. It puts off the end of the lease by
// [AcquireOptions.IdleTimeout], and does nothing if there is none or if the lease has ended. It reports
// whether the session is still held. A program that ends after [ErrIdle] should call
// [Lease.Release] before, which waits for the session to be stopped.
func (l *Lease) Touch() bool {
	touched := l.idle == nil || l.idle.touch()
	return touched && l.ctx.Err() == nil
}

// Release stops the session and ends the lease. It does not heed the end of ctx, which is usually
// what made the program release the session, and takes 30 seconds at most, or a minute while the
// session is being stopped already; the values of ctx go along. If the session could not be
// stopped, the error is a [*NotStoppedError], and Release can be called again. After it has
// succeeded once, after [Lease.Detach] and [Pool.Return], and on a nil Lease, it does nothing, so
// it can be deferred.
func (l *Lease) Release(ctx context.Context) error {
	if l == nil || !l.settle(released) {
		return nil
	}
	l.cancel(ErrReleased)
	if l.idle != nil {
		l.idle.hand() // from here on it is the caller who tries again
	}
	return l.managed.stop(ctx, ErrReleased)
}

// Detach ends the lease and leaves the session running, for another program to adopt or for its
// device to finish: it is billed until it is stopped or what is left of its lease has run out.
// After [Lease.Release] and [Pool.Return] it does nothing.
func (l *Lease) Detach() {
	if !l.settle(detached) {
		return
	}
	l.cancel(ErrDetached)
	l.managed.cancel(ErrDetached)
	<-l.managed.done
}

// settle decides the outcome of the lease, unless that is decided, and reports whether this is its
// outcome.
func (l *Lease) settle(f outcome) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.outcome == held {
		l.outcome = f
		if l.idle != nil {
			l.idle.stop()
		}
		return true
	}
	return l.outcome == f
}

// endIdle ends a lease that shows no sign of life.
func (l *Lease) endIdle() {
	l.mu.Lock()
	ours := l.outcome == held // also if the lease has ended: then nobody has released it
	if ours {
		l.outcome = released
	}
	l.mu.Unlock()
	if !ours {
		return
	}
	l.cancel(ErrIdle)
	if l.managed.pooled {
		l.managed.cancel(ErrIdle)
		return
	}
	for l.managed.stop(l.ctx, ErrIdle) != nil {
		if l.managed.mustBeOver() || wait.Sleep(l.idle.chase, maxPause) != nil {
			return // it has ended by itself, or Release has taken over
		}
	}
}

// idleClock calls a function once there was no touch for a time.
type idleClock struct {
	timeout time.Duration

	chase context.Context // for as long as the session is to be stopped without the holder asking
	hand  context.CancelFunc

	mu      sync.Mutex
	timer   *time.Timer
	touched time.Time
	stopped bool // there is no more to wait for
}

func newIdleClock(timeout time.Duration, elapsed func()) *idleClock {
	c := &idleClock{timeout: timeout, touched: time.Now()}
	c.chase, c.hand = context.WithCancel(context.Background())
	c.mu.Lock()
	defer c.mu.Unlock()
	c.timer = time.AfterFunc(timeout, func() {
		if c.silent() {
			elapsed()
		}
	})
	return c
}

// silent reports whether there was no touch for the time, and then takes none any more. Otherwise
// it waits on.
func (c *idleClock) silent() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stopped {
		return false
	}
	if left := c.timeout - time.Since(c.touched); left > 0 {
		c.timer.Reset(left)
		return false
	}
	c.stopped = true
	return true
}

// touch reports whether it came in time.
func (c *idleClock) touch() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.stopped {
		c.touched = time.Now()
	}
	return !c.stopped
}

func (c *idleClock) stop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stopped = true
	c.timer.Stop()
}
