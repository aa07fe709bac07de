// SPDX-License-Identifier: MIT

package lease

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/internal/wait"
)

// stopsAtOnce is how many sessions are stopped at the same time.
const stopsAtOnce = 8

// StopAllOptions say which sessions [StopAll] stops. All conditions must hold.
type StopAllOptions struct {
	// Prefix is how the ids of the sessions begin. Empty is an error, unless EveryPrefix is set.
	Prefix string

	// EveryPrefix stops sessions whatever their id, those of other programs included. Prefix must
	// be empty then.
	EveryPrefix bool

	// OlderThan spares sessions that were created less than that ago, by the service's clock
	// against this machine's, and those of which the service does not say when. The default, 0,
	// spares none.
	OlderThan time.Duration

	// Keep spares the sessions for which it returns true. The default is to spare none.
	Keep func(arr.Session) bool

	// Logger receives a record for each session stopped, at level Info. The default is silence.
	Logger *slog.Logger
}

// StopAll stops the sessions of an account in one region that a program may have left running, and
// returns them as they were listed. Sessions that are created while it runs may be missed.
//   - ctx bounds the listing; stopping takes 30 seconds at most for each session, and eight are
//     stopped at the same time
//   - client is one for the account and region
//   - options say which sessions
//
// If the list cannot be had to its end, what was found until then is stopped, and the error says
// so. The error is a [*NotStoppedError] for each session that could not be stopped, several of them
// joined by [errors.Join].
func StopAll(
	ctx context.Context,
	client *arr.SessionsClient,
	options StopAllOptions,
) ([]arr.Session, error) {
	switch {
	case client == nil:
		return nil, invalid("client is nil")
	case options.Prefix == "" && !options.EveryPrefix:
		return nil, invalid(
			"Prefix is empty; set EveryPrefix to stop every session of the account in this region",
		)
	case options.Prefix != "" && options.EveryPrefix:
		return nil, invalid("both Prefix and EveryPrefix are set")
	case options.OlderThan < 0:
		return nil, invalid("OlderThan %v is negative", options.OlderThan)
	}
	found, err := list(ctx, client)
	var chosen []arr.Session
	for _, session := range found {
		if options.chooses(session) {
			chosen = append(chosen, session)
		}
	}
	stopped, failures := stopEach(ctx, client, chosen)
	logger := cmp.Or(options.Logger, slog.New(slog.DiscardHandler))
	for _, session := range stopped {
		logger.InfoContext(
			ctx,
			"session stopped",
			"session",
			session.ID,
			"created",
			session.CreationTime,
		)
	}
	return stopped, errors.Join(append(failures, err)...)
}

func (o StopAllOptions) chooses(session arr.Session) bool {
	return !session.Status.Ended() &&
		strings.HasPrefix(session.ID, o.Prefix) &&
		(o.OlderThan == 0 || !session.CreationTime.IsZero() && time.Since(session.CreationTime) >= o.OlderThan) &&
		(o.Keep == nil || !o.Keep(session))
}

// list returns every session, each once. It tries again what fails, for the time that a poller
// would. What was found stays found.
func list(ctx context.Context, client *arr.SessionsClient) ([]arr.Session, error) {
	ctx, cancel := context.WithTimeout(ctx, wait.Patience)
	defer cancel()
	retry := wait.NewBackoff(minPause, maxPause)
	var found []arr.Session
	known := make(map[string]bool)
	for {
		var failure error
		for pager := client.NewListPager(nil); pager.More() && failure == nil; {
			var page arr.ListSessionsResponse
			page, failure = nextPage(ctx, pager)
			for _, session := range page.Sessions {
				if !known[session.ID] {
					known[session.ID] = true
					found = append(found, session)
				}
			}
		}
		if failure == nil || !arr.IsTransient(failure) ||
			wait.Sleep(ctx, retry.Next(arr.RetryAfter(failure))) != nil {
			return found, failure
		}
	}
}

// nextPage gives a page the time of one answer: one that hangs must not take the time of all.
func nextPage(
	ctx context.Context,
	pager *runtime.Pager[arr.ListSessionsResponse],
) (arr.ListSessionsResponse, error) {
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	return pager.NextPage(ctx)
}

// stopEach stops sessions, some at a time, and returns those that it stopped.
func stopEach(
	ctx context.Context,
	client *arr.SessionsClient,
	sessions []arr.Session,
) (stopped []arr.Session, failures []error) {
	errs := make([]error, len(sessions))
	places := make(chan struct{}, stopsAtOnce)
	var all sync.WaitGroup
	for i, session := range sessions {
		places <- struct{}{}
		all.Go(func() {
			defer func() { <-places }()
			errs[i] = Stop(ctx, client, session.ID)
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
