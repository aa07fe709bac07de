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
	// stopTimeout bounds the stopping of one session, tries and pauses included.
	stopTimeout = 30 * time.Second
	// confirmations is how often in a row the service must not know a session, in some seconds,
	// before that is believed: a creation may be on its way still, and a part of the service may
	// lag behind.
	confirmations = 3
)

// Stop stops a session for a program that wants to be sure of it: unlike [arr.SessionsClient.Stop],
// it does not heed the end of ctx, which is usually why the session is to be stopped, and tries
// again after failures that pass, for 30 seconds at most. The values of ctx go along. A session
// that has ended is as good as a stopped one, and so is one that the service does not know, when
// asked three times in some seconds.
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
	retry := wait.NewBackoff(minPause, 8*time.Second)
	for unknown := 0; ; {
		_, err := client.Stop(ctx, sessionID, nil)
		switch {
		case err == nil:
			return nil
		case errors.Is(err, arr.ErrInvalidArgument):
			return err
		case errors.Is(err, arr.ErrNotFound):
			if unknown++; unknown == confirmations {
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
