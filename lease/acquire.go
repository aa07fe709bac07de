// SPDX-License-Identifier: MIT

package lease

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/internal/wait"
)

// Acquire returns a lease on a session that is Ready: the one named in the options if it is usable,
// otherwise a new one. It waits until the session is Ready, which takes minutes, and keeps its
// lease from then on.
//   - ctx bounds the waiting and, afterwards, the lease: when it ends the lease is no longer
//     extended, and [Lease.Release] has to stop the session
//   - client is one for the account and the preferred region
//   - options are optional parameters; their zero value means the defaults
//
// A caller must see to it that [Lease.Release] or [Lease.Detach] is called. Until then, the session
// is kept alive, and billed, up to [AcquireOptions.MaxLeaseTime].
//
// A session that ends in state Error while starting, or is not Ready within [AcquireOptions.StartTimeout],
// is taken for want of capacity: the other sizes are tried, then the other regions. A region that
// cannot be reached makes way for the next. When nothing is left to try, and on all other failures
// at once, the error says what each try met; [errors.As] finds the [*arr.ServiceError],
// [*arr.AuthenticationError] or [*arr.SessionEndedError].
//
// When Acquire fails, nothing that it created keeps running: it stops such sessions before it
// returns, also when ctx has ended and when the answer to the creation was lost. That may take up
// to 30 seconds. The error is a [*NotStoppedError] as well for a session that could not be stopped.
func Acquire(ctx context.Context, client *arr.SessionsClient, options AcquireOptions) (*Lease, error) {
	options, err := options.withDefaults(client)
	if err != nil {
		return nil, err
	}
	a := &acquisition{
		options: options,
		clients: append([]*arr.SessionsClient{client}, options.Fallback...),
	}
	r, err := a.acquire(ctx)
	if err != nil {
		return nil, err
	}
	r.options.Progress = nil // it is not for the goroutine that keeps the lease
	return newLease(newManagedSession(ctx, r), options.IdleTimeout), nil
}

// acquisition is one call of Acquire.
type acquisition struct {
	options AcquireOptions
	clients []*arr.SessionsClient // the preferred one first
	budget  *budget               // that sessions are charged to; nil if there is none
	// creating, if non-nil, is called with the id of each session before it is created.
	creating func(id string)
	// lost, if non-nil, is called for a session that could not be stopped. No other is tried then.
	lost func(*renewer)
}

func (a *acquisition) acquire(ctx context.Context) (*renewer, error) {
	if a.options.SessionID != "" {
		r, err := a.adopt(ctx)
		if r != nil || err != nil {
			return r, err
		}
	}
	var failures attempts
	for _, client := range a.clients {
		for _, size := range a.options.Sizes {
			r, err := a.create(ctx, client, size)
			if err == nil {
				return r, nil
			}
			if ctx.Err() != nil && !errors.Is(err, context.Cause(ctx)) {
				err = fmt.Errorf("%w; %w", err, endOfContext(ctx))
			}
			failures.add(client, size, err)
			_, runs := errors.AsType[*NotStoppedError](err)
			if ctx.Err() != nil || !noCapacity(err) && !retryable(err) || runs && a.lost != nil {
				return nil, failures.err()
			}
			a.options.Logger.WarnContext(
				ctx,
				"no session of this size here",
				"size",
				size,
				"endpoint",
				client.Endpoint(),
				"error",
				err,
			)
			if !noCapacity(err) {
				break // the region cannot be reached, whatever the size
			}
		}
	}
	return nil, failures.err()
}

// newRenewer makes the renewer of a session, which has not been seen yet.
func (a *acquisition) newRenewer(client *arr.SessionsClient, id string) *renewer {
	options := a.options.keepAlive()
	if options.Watcher != nil && options.Watcher.client != client {
		options.Watcher = nil
	}
	r := newRenewer(client, id, options)
	if a.budget != nil {
		r.granted = func(total time.Duration) { a.budget.record(id, total) }
		r.allow = func(total time.Duration) error { return a.budget.extend(id, total) }
	}
	return r
}

// adopt returns the renewer of the session named in the options, or nil if it is not usable. Clients
// that cannot be reached are not used any more, unless there is no other.
func (a *acquisition) adopt(ctx context.Context) (*renewer, error) {
	var unreachable attempts
	for _, client := range slices.Clone(a.clients) {
		r := a.newRenewer(client, a.options.SessionID)
		err := r.look(ctx)
		if retryable(err) && ctx.Err() == nil {
			err = r.look(ctx) // giving a session up costs more than a second look
		}
		switch {
		case err == nil:
			return a.adoptSeen(ctx, r)
		case errors.Is(err, arr.ErrNotFound):
		case retryable(err) && ctx.Err() == nil:
			unreachable.add(client, "", err)
			a.clients = slices.DeleteFunc(
				a.clients,
				func(c *arr.SessionsClient) bool { return c == client },
			)
		default:
			return nil, err
		}
	}
	if len(a.clients) == 0 {
		return nil, unreachable.err()
	}
	a.options.Logger.InfoContext(
		ctx,
		"session not adopted: it is not known",
		"session",
		a.options.SessionID,
	)
	return nil, nil
}

// adoptSeen waits for a session that exists, and returns nil if it will not do.
func (a *acquisition) adoptSeen(ctx context.Context, r *renewer) (*renewer, error) {
	refuse := func(reason string) (*renewer, error) {
		a.options.Logger.WarnContext(
			ctx,
			"session not adopted: "+reason,
			"session",
			r.id,
			"status",
			r.session().Status,
			"size",
			r.session().Size,
		)
		return nil, nil
	}
	if r.end() != nil {
		return refuse("it has ended")
	}
	if !containsSize(a.options.Sizes, r.session().Size) {
		return refuse("it is of another size")
	}
	err := a.wait(ctx, r, nil)
	if err == nil {
		err = r.ensure(ctx, a.options.MinRemaining)
	}
	switch {
	case err == nil:
		a.options.Logger.InfoContext(ctx, "session adopted", "session", r.id)
		return r, nil
	case ctx.Err() != nil:
		return nil, err
	case errors.Is(err, errStartTimeout):
		return refuse("it was not Ready in time")
	case errors.Is(err, arr.ErrNotFound), noCapacity(err), r.end() != nil:
		return refuse("it ended meanwhile")
	case errors.Is(err, arr.ErrLeaseNotExtended):
		return refuse("not enough is left of its lease")
	default:
		return nil, err
	}
}

// create creates a session and waits until it is Ready. If that fails, the session is stopped.
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
		a.creating(r.id)
	}
	mayExist, err := a.start(ctx, r, size)
	switch {
	case err == nil:
		return r, nil
	case !mayExist:
		a.budget.drop(r.id)
		return nil, err
	}
	notStopped := Stop(ctx, client, r.id)
	a.budget.close(r, notStopped)
	if notStopped == nil {
		a.options.Logger.InfoContext(ctx, "session stopped", "session", r.id, "cause", err)
		return nil, fmt.Errorf("%w; the session was stopped", err)
	}
	a.options.Logger.ErrorContext(ctx, "session not stopped", "session", r.id, "error", notStopped)
	if a.lost != nil {
		a.lost(r)
	}
	return nil, fmt.Errorf("%w; and %w", err, notStopped)
}

// start creates a session and waits until it is Ready. It reports whether there may be a session,
// now or in a moment, that has not been seen to end.
func (a *acquisition) start(
	ctx context.Context,
	r *renewer,
	size arr.SessionSize,
) (mayExist bool, err error) {
	bounded, cancel := context.WithTimeout(ctx, tryTimeout)
	defer cancel()
	sent := time.Now()
	r.bounds.earliest = sent
	poller, err := r.client.BeginCreate(
		bounded,
		r.id,
		arr.CreateSessionSettings{Size: size, MaxLeaseTime: a.options.LeaseTime},
		nil,
	)
	if err != nil {
		return errors.Is(err, arr.ErrOutcomeUnknown), err
	}
	a.options.Logger.InfoContext(
		ctx,
		"session created",
		"session",
		r.id,
		"size",
		size,
		"endpoint",
		r.client.Endpoint(),
	)
	// Whether the answer was 200 or 201 does not matter: a random id is nobody else's.
	r.learn(observation{session: poller.Session(), sent: sent, received: time.Now()})
	err = a.wait(ctx, r, poller)
	if err == nil {
		err = r.ensure(ctx, a.options.MinRemaining)
	}
	return r.end() == nil, err
}

// errStartTimeout means that a session was not Ready in time.
var errStartTimeout = errors.New("not Ready in time")

// wait waits until a session that has been seen is Ready. The poller is nil, or that of the
// session.
func (a *acquisition) wait(ctx context.Context, r *renewer, poller *arr.SessionPoller) error {
	if a.options.StartTimeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, a.options.StartTimeout, errStartTimeout)
		defer cancel()
	}
	err := a.waitFor(ctx, r, poller)
	retry := wait.NewBackoff(minPause, maxPause)
	for unknown := 1; errors.Is(err, arr.ErrNotFound) && unknown < confirmations && wait.Sleep(ctx, retry.Next(0)) == nil; unknown++ {
		// it was there a moment ago: a part of the service may lag behind
		err = a.waitFor(ctx, r, poller)
	}
	if err != nil && errors.Is(context.Cause(ctx), errStartTimeout) {
		return fmt.Errorf(
			"session %q was %w: it was %s after %v",
			r.id,
			errStartTimeout,
			r.session().Status,
			a.options.StartTimeout,
		)
	}
	return err
}

func (a *acquisition) waitFor(ctx context.Context, r *renewer, poller *arr.SessionPoller) error {
	switch {
	case r.session().Status == arr.SessionStatusReady:
		return nil
	case r.options.Watcher != nil:
		return r.waitWatching(ctx)
	default:
		return r.waitPolling(ctx, poller)
	}
}
