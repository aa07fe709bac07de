// SPDX-License-Identifier: MIT

package lease

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/internal/wait"
)

// Acquire returns a lease on a session that is Ready: the one named in the options if it is usable,
// otherwise a new one. It waits until the session is Ready, which takes minutes, and keeps it alive
// from then on.
//   - ctx bounds the waiting and then the lease: when it ends, the lease is no longer extended, and
//     [Lease.Release] has to stop the session
//   - regions is an [*arr.SessionsClient] for one region, or an [*arr.RegionsClient] for several,
//     in order of preference
//   - options are optional parameters; the zero value means the defaults
//
// The caller must call [Lease.Release] or [Lease.Detach]. Until then the session is kept alive, and
// billed, up to [AcquireOptions.MaxLeaseTime].
//
// If a session ends in state Error while it starts, or is not Ready within
// [AcquireOptions.StartTimeout], Acquire assumes a lack of servers: it tries the other sizes, then
// the other regions. If a region cannot be reached, it tries the next region. When nothing is left
// to try, and after any other failure, the error tells what each attempt met; [errors.As] finds the
// [*arr.ServiceError], [*arr.AuthenticationError] or [*arr.SessionEndedError].
//
// When Acquire fails, nothing that it created keeps running: it stops such sessions before it
// returns, even if ctx has ended or the answer to the creation was lost. That may take 30 seconds.
// The error contains a [*NotStoppedError] for a session that could not be stopped.
func Acquire(
	ctx context.Context,
	regions Regions,
	options AcquireOptions,
) (*Lease, error) {
	clients, err := clientsOf(regions)
	if err != nil {
		return nil, err
	}
	options, err = options.withDefaults(clients)
	if err != nil {
		return nil, err
	}
	a := &acquisition{options: options, clients: clients}
	r, err := a.acquireTraced(ctx, spanAcquire)
	if err != nil {
		return nil, err
	}
	r.options.Progress = nil // it is never called after Acquire
	return newLease(newManagedSession(ctx, r, false), options.IdleTimeout), nil
}

// acquisition is one call of [Acquire], or the creation of one session of a pool.
type acquisition struct {
	options AcquireOptions
	clients []*arr.SessionsClient // the preferred one first
	budget  *budget               // pays for the sessions; nil if nothing does
	span    span                  // what is done with the sessions later belongs to it too

	// creating, if non-nil, is called with each session before it is created.
	creating func(*renewer)
	// failedIn, if non-nil, is called for each region that has no servers or cannot be reached.
	failedIn func(*arr.SessionsClient)
	// lost, if non-nil, is called for a session that could not be stopped. No other is tried then.
	lost func(*renewer)
}

// acquireTraced is acquire in a span of its own. Of several sessions that it creates, the span names
// the last. That a pool no longer needs a session is no failure.
func (a *acquisition) acquireTraced(ctx context.Context, name string) (r *renewer, err error) {
	ctx, a.span = startSpan(ctx, a.clients[0], name)
	r, err = a.acquire(ctx)
	if r != nil {
		a.span.setSession(r.id)
	}
	if errors.Is(err, errNotNeeded) {
		a.span.end(nil)
	} else {
		a.span.end(err)
	}
	return r, err
}

// acquire adopts or creates a session, and waits until it is Ready.
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
			if ctx.Err() != nil || !noCapacity(err) && !retryable(err) {
				return nil, failures.err()
			}
			if a.failedIn != nil {
				a.failedIn(client)
			}
			if runs && a.lost != nil {
				return nil, failures.err()
			}
			a.options.Logger.WarnContext(ctx, "no session of this size here",
				"size", size, "endpoint", client.Endpoint(), "error", err)
			if !noCapacity(err) {
				break // the region cannot be reached, whatever the size
			}
		}
	}
	return nil, failures.err()
}

// newRenewer returns the renewer of a session that has not been seen yet.
func (a *acquisition) newRenewer(client *arr.SessionsClient, id string) *renewer {
	r := newRenewer(client, id, a.options.keepAlive())
	r.span = a.span.joined
	if a.budget != nil {
		r.granted = func(total time.Duration) { a.budget.record(id, total) }
		r.allow = func(total time.Duration) error { return a.budget.extend(id, total) }
	}
	return r
}

// adopt returns the renewer of the session named in the options, or nil if it is not usable. It
// drops clients whose region cannot be reached, unless there is no other.
func (a *acquisition) adopt(ctx context.Context) (*renewer, error) {
	var unreachable attempts
	for _, client := range slices.Clone(a.clients) {
		r := a.newRenewer(client, a.options.SessionID)
		err := r.look(ctx)
		for errors.Is(err, arr.ErrNotFound) && arr.IsTransient(err) && // it was created moments ago
			wait.Sleep(ctx, minPause) == nil {
			err = r.look(ctx)
		}
		if retryable(err) && ctx.Err() == nil {
			err = r.look(ctx) // a second request costs less than losing the session
		}
		switch {
		case err == nil:
			return a.adoptSeen(ctx, r)
		case errors.Is(err, arr.ErrNotFound):
		case retryable(err) && ctx.Err() == nil:
			unreachable.add(client, "", err)
			a.clients = slices.DeleteFunc(a.clients, func(c *arr.SessionsClient) bool {
				return c == client
			})
		default:
			return nil, err
		}
	}
	if len(a.clients) == 0 {
		return nil, unreachable.err()
	}
	a.options.Logger.InfoContext(ctx, "session not adopted",
		"reason", "it is unknown", "session", a.options.SessionID)
	return nil, nil
}

// adoptSeen waits for a session that exists, and returns nil if it is not usable.
func (a *acquisition) adoptSeen(ctx context.Context, r *renewer) (*renewer, error) {
	refuse := func(reason string) (*renewer, error) {
		a.options.Logger.WarnContext(ctx, "session not adopted",
			"reason", reason, "session", r.id, "status", r.session().Status, "size", r.session().Size)
		return nil, nil
	}
	if r.end() != nil {
		return refuse("it has ended")
	}
	if !containsSize(a.options.Sizes, r.session().Size) {
		return refuse("it has another size")
	}
	err := a.wait(ctx, r, nil)
	if err == nil {
		err = r.ensure(ctx, a.options.MinRemaining)
	}
	switch {
	case err == nil:
		a.options.Logger.InfoContext(ctx, "session adopted", "session", r.id)
		r.since = time.Now()
		r.observe(EventAdopted, 0, nil)
		return r, nil
	case ctx.Err() != nil:
		return nil, err
	case errors.Is(err, ErrStartTimeout):
		return refuse("it was not Ready in time")
	case errors.Is(err, arr.ErrNotFound), noCapacity(err), r.end() != nil:
		return refuse("it ended while it was waited for")
	case errors.Is(err, arr.ErrLeaseNotExtended):
		return refuse("too little is left of its lease")
	default:
		return nil, err
	}
}

// attempts collects the failures of several attempts to get a session.
type attempts struct {
	failures []error
}

func (a *attempts) add(client *arr.SessionsClient, size arr.SessionSize, err error) {
	where := client.Endpoint()
	if size != "" {
		where = string(size) + " at " + where
	}
	a.failures = append(a.failures, fmt.Errorf("%s: %w", where, err))
}

// err returns one error for all of them.
func (a *attempts) err() error {
	if len(a.failures) == 1 {
		return fmt.Errorf(noSession+": %w", a.failures[0])
	}
	return &failedAttempts{a.failures}
}

const noSession = "no session acquired"

// failedAttempts joins several failures in one line.
type failedAttempts struct{ failures []error }

func (e *failedAttempts) Error() string {
	texts := make([]string, len(e.failures))
	for i, failure := range e.failures {
		texts[i] = failure.Error()
	}
	return noSession + ": " + strings.Join(texts, " | ")
}

func (e *failedAttempts) Unwrap() []error { return e.failures }
