// SPDX-License-Identifier: MIT

package lease

import (
	"context"

	"github.com/arr-go/azremoterendering/internal/wait"
)

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

// newManagedSession keeps a session alive that has been seen, until ctx ends.
func newManagedSession(ctx context.Context, r *renewer) *managedSession {
	s := &managedSession{renewer: r, done: make(chan struct{}), stopping: make(chan struct{}, 1)}
	s.ctx, s.cancel = context.WithCancelCause(ctx)
	go func() {
		defer close(s.done)
		s.cancel(r.run(s.ctx))
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
	if err := Stop(ctx, s.client, s.id); err != nil {
		s.options.Logger.ErrorContext(ctx, "session not stopped", "session", s.id, "error", err)
		return err
	}
	s.stopped = true
	s.recordEnd()
	s.options.Logger.InfoContext(ctx, "session stopped",
		"session", s.id, "cause", context.Cause(s.ctx))
	return nil
}

// stopUntilOver stops the session. It retries every minute until the lease must be over or ctx ends,
// and once more when ctx has ended.
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
