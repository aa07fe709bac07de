// SPDX-License-Identifier: MIT

package lease

import (
	"context"
	"errors"
	"fmt"
	"time"

	arr "github.com/arr-go/azremoterendering"
)

// waitWatching waits for what the watcher sees.
func (r *renewer) waitWatching(ctx context.Context) error {
	_, err := r.options.Watcher.wait(ctx, r.id, r.learn)
	return err
}

// waitPolling looks again and again. The poller is nil, or one whose session was learned already.
func (r *renewer) waitPolling(ctx context.Context, poller *arr.SessionPoller) error {
	// A look is sent after what the one before showed was reported: that bounds when the service
	// made the answer.
	sent := time.Now()
	known := poller != nil
	if poller == nil {
		var err error
		if poller, err = r.client.BeginWait(ctx, r.id, nil); err != nil {
			return err
		}
	}
	_, err := poller.PollUntilDone(
		ctx,
		&arr.PollUntilDoneOptions{Progress: func(session arr.Session) {
			received := time.Now()
			if !known {
				r.learn(observation{session: session, sent: sent, received: received})
			}
			known, sent = false, received
		}},
	)
	if ended, ok := errors.AsType[*arr.SessionEndedError](err); ok {
		r.learn(
			observation{
				session:  ended.Session,
				sent:     sent,
				received: time.Now(),
				vector:   ended.CorrelationVector,
			},
		)
		return r.end()
	}
	if err != nil && ctx.Err() != nil {
		// The poller says that the session goes on. Whether it does is for the caller to decide.
		return &interruptedWait{
			sessionID: r.id,
			seen:      fmt.Sprintf("%q", r.session().Status),
			cause:     endOfContext(ctx),
		}
	}
	return err
}

// endOfContext returns the error of a context that has ended, and its cause if that says more.
func endOfContext(ctx context.Context) error {
	if cause := context.Cause(ctx); !errors.Is(cause, ctx.Err()) {
		return fmt.Errorf("%w: %w", ctx.Err(), cause)
	}
	return context.Cause(ctx)
}
