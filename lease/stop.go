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

const (
	// stopTimeout bounds the stopping of one session, retries and pauses included.
	stopTimeout = 30 * time.Second
	// notFoundLimit is how often in a row the service must answer that it does not know a session
	// before that is believed. The request that creates it may still be in flight, and parts of the
	// service may lag behind.
	notFoundLimit = 3
)

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
			if notFound++; notFound == notFoundLimit {
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
