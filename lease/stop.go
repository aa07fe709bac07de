// SPDX-License-Identifier: MIT

package lease

import (
	"context"
	"errors"
	"fmt"
	"time"

	arr "github.com/arr-go/azremoterendering"
)

// stopTimeout bounds the stopping of one session, tries and pauses included.
const stopTimeout = 30 * time.Second

// Stop stops a session for a program that wants to be sure of it: unlike [arr.SessionsClient.Stop], it does not heed the end of ctx, which is usually
// why the session is to be stopped, and tries again after failures that pass, for 30 seconds at most. The values of ctx go along. A session that
// has ended, or that the service does not know, is as good as a stopped one.
//   - client is one for the account and region of the session
//   - sessionID is the session to stop
//
// The error is a [*NotStoppedError], or [arr.ErrInvalidArgument].
func Stop(ctx context.Context, client *arr.SessionsClient, sessionID string) error {
	if client == nil {
		return invalid("client is nil")
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
	defer cancel()
	return stopUntil(ctx, client, sessionID, 0)
}

// stopInDoubt stops a session that may exist, because the answer to its creation was lost. The creation may also be on its way still, so
// that the session is unknown now and runs a moment later: then the service is asked again.
func stopInDoubt(ctx context.Context, client *arr.SessionsClient, id string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
	defer cancel()
	return stopUntil(ctx, client, id, 2)
}

// stopUntil stops a session before ctx ends. An unknown session is looked for again so many times.
func stopUntil(ctx context.Context, client *arr.SessionsClient, id string, doubts int) error {
	retry := newBackoff(time.Second, 8*time.Second)
	for {
		_, err := client.Stop(ctx, id, nil)
		switch {
		case err == nil:
			return nil
		case errors.Is(err, arr.ErrNotFound) && doubts > 0:
			doubts--
		case errors.Is(err, arr.ErrNotFound):
			return nil
		case errors.Is(err, arr.ErrInvalidArgument):
			return err
		case !passing(err):
			return &NotStoppedError{SessionID: id, Endpoint: client.Endpoint(), Err: err}
		}
		if sleep(ctx, retry.next(arr.RetryAfter(err))) != nil {
			if errors.Is(err, arr.ErrNotFound) {
				return nil
			}
			return &NotStoppedError{SessionID: id, Endpoint: client.Endpoint(), Err: fmt.Errorf("in %v: %w", stopTimeout, err)}
		}
	}
}
