// SPDX-License-Identifier: MIT

package lease

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/internal/wait"
)

// waitWatching waits until the session is Ready, by what the watcher observes.
func (r *renewer) waitWatching(ctx context.Context) error {
	_, err := r.watcher.wait(ctx, r.id, r.learn)
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

// updates passes what a watcher observes of a session on to its renewer. Without a watcher it only
// waits.
type updates struct {
	renewer      *renewer
	subscription *subscription // nil without a watcher that works
	lookEvery    time.Duration // how often the renewer has to look itself; 0 if a watcher works
	retryAt      time.Time     // when to subscribe again to a watcher that has failed
	notFound     bool          // the watcher found that the service does not know the session
}

func (r *renewer) updates() *updates {
	if r.watcher == nil {
		return &updates{renewer: r, lookEvery: r.options.LookEvery}
	}
	u := &updates{renewer: r}
	u.subscribe()
	return u
}

// subscribe subscribes to the watcher, unless it has, or the watcher failed recently.
func (u *updates) subscribe() {
	w := u.renewer.watcher
	if u.subscription == nil && w != nil && !time.Now().Before(u.retryAt) {
		u.subscription, u.lookEvery = w.subscribe(u.renewer.id, false), 0
		u.take()
	}
}

// take learns the newest observation. If the watcher has failed, the renewer looks itself.
func (u *updates) take() {
	if o, ok := u.subscription.latest(); ok {
		u.renewer.learn(o)
	}
	if err := u.subscription.err(); err != nil {
		u.notFound = errors.Is(err, arr.ErrNotFound)
		u.close()
		u.lookEvery = cmp.Or(u.renewer.options.LookEvery, defaultLookEvery)
		u.retryAt = time.Now().Add(u.lookEvery)
	}
}

// grace returns how long to wait for an observation before looking, after a leap of the clock.
func (u *updates) grace() time.Duration {
	if u.subscription == nil {
		return 0
	}
	return leapGrace
}

// await waits until a time, the next observation or a leap of the clock. It reports whether the
// time has come.
func (u *updates) await(ctx context.Context, at time.Time) (due bool, err error) {
	var signal <-chan struct{}
	if u.subscription != nil {
		signal = u.subscription.C()
	}
	for {
		left := time.Until(at)
		timer := time.NewTimer(min(left, wait.Tick))
		select {
		case <-timer.C:
		case <-signal:
			timer.Stop()
			u.take()
			return false, ctx.Err()
		case <-ctx.Done():
			timer.Stop()
			return false, ctx.Err()
		}
		if left <= wait.Tick {
			return true, ctx.Err()
		}
		if u.renewer.unconfirmed() {
			return false, ctx.Err()
		}
	}
}

func (u *updates) close() {
	if u.subscription != nil {
		u.subscription.close()
		u.subscription = nil
	}
}
