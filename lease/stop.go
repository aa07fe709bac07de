// SPDX-License-Identifier: MIT

package lease

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/internal/wait"
)

// stopTimeout bounds the stopping of one session, retries and pauses included.
const stopTimeout = 30 * time.Second

// Stop stops a session reliably. Unlike [arr.SessionsClient.Stop] it ignores the end of ctx, which
// is often the reason for stopping, and retries temporary failures, for 30 seconds at most. It
// succeeds as well if the session has ended, or if the service answers three times within some
// seconds that it does not know the session. [arr.SessionsClient.Get] then tells which it was: it
// finds a session that was stopped, and not one that never existed.
//   - ctx passes on its values; its end is ignored
//   - client is a client for the account and region of the session
//   - sessionID is the id of the session
//
// The error is a [*NotStoppedError], or [arr.ErrInvalidArgument].
func Stop(ctx context.Context, client *arr.SessionsClient, sessionID string) error {
	if client == nil {
		return invalid("client", nil, "is nil")
	}
	ctx, span := startSpan(ctx, client, spanStop)
	span.setSession(sessionID)
	err := stop(ctx, client, sessionID)
	span.end(err)
	return err
}

// stop is Stop without a span.
func stop(ctx context.Context, client *arr.SessionsClient, sessionID string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
	defer cancel()
	retry := wait.NewBackoff(minPause, 8*time.Second)
	for notFound := 0; ; {
		_, err := client.Stop(ctx, sessionID, nil)
		switch {
		case err == nil:
			return nil
		case errors.Is(err, arr.ErrInvalidArgument):
			return err
		case errors.Is(err, arr.ErrNotFound):
			if notFound++; isGone(err, notFound) {
				return nil
			}
		case !retryable(err):
			return &NotStoppedError{SessionID: sessionID, Endpoint: client.Endpoint(), Err: err}
		}
		if wait.Sleep(ctx, retry.Next(arr.RetryAfter(err))) != nil {
			return &NotStoppedError{
				SessionID: sessionID,
				Endpoint:  client.Endpoint(),
				Err:       fmt.Errorf("in %v: %w", stopTimeout, err),
			}
		}
	}
}

// concurrentStops limits how many sessions of a region are stopped at the same time.
const concurrentStops = 8

// StopAllOptions select the sessions that [StopAll] stops. All conditions must hold.
type StopAllOptions struct {
	// Prefix selects sessions by the beginning of their ids. It must not be empty unless
	// EveryPrefix is set.
	Prefix string

	// EveryPrefix selects sessions whatever their ids, including those of other programs. Prefix
	// must be empty then.
	EveryPrefix bool

	// OlderThan skips sessions created less than this long ago, and sessions without a creation
	// time. The present is the Date of the service's answer, so that a wrong local clock does no
	// harm; without one it is the local clock. The default, 0, skips none.
	OlderThan time.Duration

	// Keep, if not nil, skips the sessions for which it returns true. Calls do not overlap.
	Keep func(arr.RegionSession) bool

	// Logger receives each session stopped at level Info, and at level Warn what StopAll waits for,
	// after half a minute. The default, nil, discards them.
	Logger *slog.Logger
}

// StopAll stops the sessions of an account that a program may have left running, in one or more
// regions. It returns the stopped sessions as they were listed. It may miss sessions created while
// it runs.
//   - ctx bounds the listing. Stopping takes 30 seconds at most for each session, eight at a time
//     in each region
//   - regions is an [*arr.SessionsClient] or an [*arr.RegionsClient]
//   - options select the sessions
//
// A list may have any number of pages. It is given up if a hundred pages in a row show no session
// that other pages have not shown. Temporary failures to list are retried until no new session was
// shown for five minutes.
//
// If listing fails halfway, StopAll stops what it has found, in this region and in all others. The
// error contains an [*arr.RegionError] for each region that could not be listed to its end, and a
// [*NotStoppedError] for each session that could not be stopped, joined by [errors.Join].
func StopAll(
	ctx context.Context,
	regions Regions,
	options StopAllOptions,
) ([]arr.RegionSession, error) {
	clients, err := clientsOf(regions)
	switch {
	case err != nil:
		return nil, err
	case options.Prefix == "" && !options.EveryPrefix:
		return nil, invalid("Prefix", nil,
			"is empty; set EveryPrefix to stop every session of the account in these regions")
	case options.Prefix != "" && options.EveryPrefix:
		return nil, invalid("Prefix", options.Prefix, "and EveryPrefix are both set")
	case options.OlderThan < 0:
		return nil, invalid("OlderThan", options.OlderThan, "is negative")
	}
	options.Logger = cmp.Or(options.Logger, slog.New(slog.DiscardHandler))
	if keep := options.Keep; keep != nil {
		var one sync.Mutex
		options.Keep = func(s arr.RegionSession) bool {
			one.Lock()
			defer one.Unlock()
			return keep(s)
		}
	}
	results := make([]regionStopped, len(clients))
	var all sync.WaitGroup
	for i, client := range clients {
		all.Go(func() { results[i] = stopRegion(ctx, client, options) })
	}
	all.Wait()
	var stopped []arr.RegionSession
	var failures []error
	for _, result := range results {
		stopped = append(stopped, result.stopped...)
		failures = append(failures, result.failures...)
	}
	return stopped, errors.Join(failures...)
}

// regionStopped is the result of [StopAll] in one region.
type regionStopped struct {
	stopped  []arr.RegionSession
	failures []error
}

// stopRegion is [StopAll] in one region.
func stopRegion(
	ctx context.Context,
	client *arr.SessionsClient,
	options StopAllOptions,
) (result regionStopped) {
	listed := logWaiting(ctx, options.Logger, "sessions are still being listed",
		func() []any { return []any{"endpoint", client.Endpoint()} })
	found, now, err := list(ctx, client)
	listed()
	var selected []arr.RegionSession
	for _, session := range found {
		session := arr.RegionSession{Session: session, Client: client}
		if options.selects(session, now) {
			selected = append(selected, session)
		}
	}
	stopped := logWaiting(ctx, options.Logger, "sessions are still being stopped",
		func() []any { return []any{"endpoint", client.Endpoint(), "sessions", len(selected)} })
	result.stopped, result.failures = stopEach(ctx, selected)
	stopped()
	for _, session := range result.stopped {
		options.Logger.InfoContext(ctx, "session stopped", "session", session.ID,
			"endpoint", client.Endpoint(), "created", session.CreationTime)
	}
	if err != nil {
		failure := &arr.RegionError{Endpoint: client.Endpoint(), Err: err}
		result.failures = append(result.failures, failure)
	}
	return result
}

// selects reports whether a session is to be stopped. now is the time of the service.
func (o StopAllOptions) selects(session arr.RegionSession, now time.Time) bool {
	old := o.OlderThan == 0 ||
		!session.CreationTime.IsZero() && now.Sub(session.CreationTime) >= o.OlderThan
	return !session.Status.Ended() &&
		strings.HasPrefix(session.ID, o.Prefix) &&
		old &&
		(o.Keep == nil || !o.Keep(session))
}

// stopEach stops sessions, some at a time, and returns those that were stopped.
func stopEach(
	ctx context.Context,
	sessions []arr.RegionSession,
) (stopped []arr.RegionSession, failures []error) {
	errs := make([]error, len(sessions))
	places := make(chan struct{}, concurrentStops)
	var all sync.WaitGroup
	for i, session := range sessions {
		places <- struct{}{}
		all.Go(func() {
			defer func() { <-places }()
			errs[i] = Stop(ctx, session.Client, session.ID)
		})
	}
	all.Wait()
	for i, session := range sessions {
		if errs[i] != nil {
			failures = append(failures, errs[i])
		} else {
			stopped = append(stopped, session)
		}
	}
	return stopped, failures
}
