// SPDX-License-Identifier: MIT

package lease

import (
	"context"
	"errors"
	"fmt"
	"time"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/internal/wait"
)

// create creates a session and waits until it is Ready. If that fails, it stops the session.
func (a *acquisition) create(
	ctx context.Context,
	client *arr.SessionsClient,
	size arr.SessionSize,
) (*renewer, error) {
	r := a.newRenewer(client, a.options.IDPrefix+arr.NewSessionID())
	if err := a.budget.open(r.id, a.options.LeaseTime); err != nil {
		return nil, err
	}
	if a.creating != nil {
		a.creating(r)
	}
	a.span.setSession(r.id)
	began := time.Now()
	mayExist, err := a.start(ctx, r, size)
	if err == nil {
		r.observe(EventReady, time.Since(began), nil)
		return r, nil
	}
	if ctx.Err() == nil { // else the caller, or the pool, has given up
		r.observe(EventCreateFailed, time.Since(began), err)
	}
	if !mayExist {
		a.budget.drop(r.id)
		r.endedIfCreated(err, nil)
		return nil, err
	}
	notStopped := Stop(ctx, client, r.id)
	a.budget.close(r, notStopped)
	r.endedIfCreated(err, notStopped)
	if notStopped == nil {
		a.options.Logger.InfoContext(ctx, "session stopped", "session", r.id, "cause", err)
		return nil, fmt.Errorf("%w; the session was stopped", err)
	}
	a.options.Logger.ErrorContext(ctx, "session not stopped",
		"session", r.id, "error", notStopped)
	if a.lost != nil {
		a.lost(r)
	}
	return nil, fmt.Errorf("%w; and %w", err, notStopped)
}

// start creates a session and waits until it is Ready. It reports whether the session may exist,
// now or in a moment, without having been seen to end.
func (a *acquisition) start(
	ctx context.Context,
	r *renewer,
	size arr.SessionSize,
) (mayExist bool, err error) {
	bounded, cancel := context.WithTimeout(ctx, tryTimeout)
	defer cancel()
	asked := a.options.clock.Now()
	r.bounds.earliest = asked.Time()
	settings := arr.CreateSessionSettings{Size: size, MaxLeaseTime: a.options.LeaseTime}
	a.options.Logger.DebugContext(ctx, "creating session",
		"session", r.id, "size", size, "endpoint", r.client.Endpoint())
	poller, err := r.client.BeginCreate(bounded, r.id, settings, nil)
	if err != nil {
		return errors.Is(err, arr.ErrOutcomeUnknown), err
	}
	a.options.Logger.InfoContext(ctx, "session created",
		"session", r.id, "size", size, "endpoint", r.client.Endpoint())
	// 200 and 201 mean the same here: nobody else has the random id.
	session := poller.Session()
	if session.MaxLeaseTime == 0 { // the service does not say
		session.MaxLeaseTime = a.options.LeaseTime
	}
	r.learn(observed(session, asked, ""))
	r.observe(EventCreated, 0, nil)
	err = a.wait(ctx, r, poller)
	if err == nil {
		err = r.ensure(ctx, a.options.MinRemaining)
	}
	return r.end() == nil, err
}

// wait waits until a session that has been seen is Ready. poller is its poller, or nil.
func (a *acquisition) wait(ctx context.Context, r *renewer, poller *arr.SessionPoller) error {
	if a.options.StartTimeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, a.options.StartTimeout, ErrStartTimeout)
		defer cancel()
	}
	retry := wait.NewBackoff(minPause, maxPause)
	err := a.waitOnce(ctx, r, poller)
	for notFound := 1; errors.Is(err, arr.ErrNotFound) && !isGone(err, notFound); notFound++ {
		// The session was seen before: a part of the service may lag behind.
		if wait.Sleep(ctx, retry.Next(0)) != nil {
			break
		}
		err = a.waitOnce(ctx, r, poller)
	}
	if err != nil && errors.Is(context.Cause(ctx), ErrStartTimeout) {
		return fmt.Errorf("session %q was %w: it was %q after %v",
			r.id, ErrStartTimeout, r.session().Status, a.options.StartTimeout)
	}
	return err
}

func (a *acquisition) waitOnce(ctx context.Context, r *renewer, poller *arr.SessionPoller) error {
	switch {
	case r.session().Status == arr.SessionStatusReady:
		return nil
	case r.watcher != nil:
		return r.waitWatching(ctx)
	default:
		return r.waitPolling(ctx, poller)
	}
}

// waitWatching waits until the session is Ready, by what the watcher observes.
func (r *renewer) waitWatching(ctx context.Context) error {
	if r.options.Progress != nil {
		_, err := r.watcher.wait(ctx, r.id, nil, r.learn)
		return err
	}
	changed := newStatus()
	_, err := r.watcher.wait(ctx, r.id, func(o observation) bool {
		r.learn(o)
		return changed(o)
	}, func(observation) {})
	return err
}

// waitPolling waits until the session is Ready, by polling it. poller is nil, or a poller whose
// session was learned already.
func (r *renewer) waitPolling(ctx context.Context, poller *arr.SessionPoller) error {
	// A request is sent after Progress for the answer before. So the time of that bounds from below
	// when the service made the next answer.
	asked := r.options.clock.Now()
	known := poller != nil
	if poller == nil {
		var err error
		if poller, err = r.client.BeginWait(ctx, r.id, nil); err != nil {
			return err
		}
	}
	progress := func(session arr.Session) {
		received := r.options.clock.Now()
		if !known {
			r.learn(observed(session, asked, ""))
		}
		known, asked = false, received
	}
	_, err := poller.PollUntilDone(ctx, &arr.PollUntilDoneOptions{Progress: progress})
	if ended, ok := errors.AsType[*arr.SessionEndedError](err); ok {
		r.learn(observed(ended.Session, asked, ended.CorrelationVector))
		return r.end()
	}
	if err != nil && ctx.Err() != nil {
		// The poller's error says that the session continues. Here the caller decides that.
		return &interruptedWait{
			sessionID: r.id,
			seen:      fmt.Sprintf("%q", r.session().Status),
			cause:     endOfContext(ctx),
		}
	}
	return err
}

// endOfContext returns the error of a context that has ended, with its cause if that says more.
func endOfContext(ctx context.Context) error {
	if cause := context.Cause(ctx); !errors.Is(cause, ctx.Err()) {
		return fmt.Errorf("%w: %w", ctx.Err(), cause)
	}
	return context.Cause(ctx)
}
