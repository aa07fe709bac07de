// SPDX-License-Identifier: MIT

package lease

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/internal/wait"
)

const (
	watchInterval     = 5 * time.Second
	watchIdleInterval = 30 * time.Second
)

// ErrWatcherClosed means that [Watcher.Close] was called: nobody looks at the session any more. The
// session itself goes on.
var ErrWatcherClosed = errors.New("the watcher is closed")

// WatcherOptions are the optional settings of a [Watcher]. The zero value means the defaults.
type WatcherOptions struct {
	// Interval is the time from one look at all sessions to the next while somebody waits for one
	// of them to be Ready. A session that becomes Ready is noticed at most that much later. The
	// default, 0, is 5 seconds.
	Interval time.Duration

	// IdleInterval is the same while sessions are only observed. A value below Interval means
	// Interval. The default, 0, is 30 seconds.
	IdleInterval time.Duration

	// Logger receives failures to look at the sessions, at level Warn, and that looking works
	// again, at level Info. The default, nil, is silence.
	Logger *slog.Logger
}

// Watcher waits for many sessions of one client, and observes them, by listing them instead of
// asking for each: the requests grow with the pages of the list, not with the sessions. A session
// that the list does not show is looked up, once if it has ended.
//
// It sends nothing while nobody waits or observes. Make one with [NewWatcher] and end it with
// [Watcher.Close]. Its methods may be called by several goroutines at once. It never changes a
// session.
type Watcher struct {
	client         *arr.SessionsClient
	interval, idle time.Duration
	log            *slog.Logger

	stop    context.CancelFunc
	done    chan struct{} // closed when nothing of the watcher runs any more
	wake    chan struct{} // capacity 1: somebody came, or is in a greater hurry than before
	slots   chan struct{} // one for each lookup that may run at once
	lookups sync.WaitGroup
	retry   *wait.Backoff // used by the rounds alone

	mu        sync.Mutex // never held during a request, a wait or a call of the user'o code
	closed    bool
	answered  bool                // there was a good answer at some time
	failure   error               // what the last round met, or nil
	fresh     bool                // somebody came since the last round began
	rounds    uint64              // how many have begun
	started   time.Time           // when the last one was due to begin
	notBefore time.Time           // no round after a failed one begins before
	awaiting  int                 // subscriptions who wait for Ready
	watched   map[string]*watched // what somebody wants to know about
	feeds     map[*changeFeed]struct{}
}

// NewWatcher returns a watcher of the sessions of a client: those of its account in its region. It
// starts one goroutine, which [Watcher.Close] ends, and sends no request.
//   - client is used for all requests, with its own retries
//   - options are optional settings; the zero value means the defaults
//
// A nil client and negative times are refused with [arr.ErrInvalidArgument].
func NewWatcher(client *arr.SessionsClient, options WatcherOptions) (*Watcher, error) {
	switch {
	case client == nil:
		return nil, invalid("client", nil, "is nil")
	case options.Interval < 0:
		return nil, invalid("Interval", options.Interval, "is negative")
	case options.IdleInterval < 0:
		return nil, invalid("IdleInterval", options.IdleInterval, "is negative")
	}
	w := &Watcher{
		client:   client,
		interval: options.Interval,
		idle:     options.IdleInterval,
		log:      options.Logger,
		done:     make(chan struct{}),
		wake:     make(chan struct{}, 1),
		slots:    make(chan struct{}, lookupsAtOnce),
		watched:  make(map[string]*watched),
		feeds:    make(map[*changeFeed]struct{}),
	}
	if w.interval == 0 {
		w.interval = watchInterval
	}
	if w.idle == 0 {
		w.idle = watchIdleInterval
	}
	w.idle = max(w.idle, w.interval)
	if w.log == nil {
		w.log = slog.New(slog.DiscardHandler)
	}
	w.retry = wait.NewBackoff(w.interval, max(w.interval, time.Minute))
	ctx, stop := context.WithCancel(context.Background())
	w.stop = stop
	go w.run(ctx)
	return w, nil
}

// Close ends the watcher: every [Watcher.Wait] and [Watcher.Changes] ends with [ErrWatcherClosed],
// now and later. It returns when the requests under way have been given up and no goroutine of the
// watcher is left. The sessions go on. It may be called more than once.
func (w *Watcher) Close() {
	w.mu.Lock()
	if !w.closed {
		w.closed = true
		w.endAll(ErrWatcherClosed)
	}
	w.mu.Unlock()
	w.stop()
	<-w.done
}

// Wait returns a session once it is Ready. It may have been so before.
//   - ctx ends the waiting, not the session; the error wraps that of ctx and says how the session
//     was last seen
//   - sessionID is the session to wait for
//
// A session that has ended is an [*arr.SessionEndedError], with [ErrStopped] or [ErrExpired] where
// they apply; an unknown one is [arr.ErrNotFound]. Failures that may pass, such as throttling, 5xx
// and those of the network, are borne until there has been no good answer about the session for
// five minutes; then, and for all other failures at once, the error is that of the failed request.
// After [Watcher.Close] it is [ErrWatcherClosed].
func (w *Watcher) Wait(ctx context.Context, sessionID string) (arr.Session, error) {
	session, err := w.wait(ctx, sessionID, func(observation) {})
	if interrupted, ok := err.(*interruptedWait); ok {
		return session, fmt.Errorf(
			"lease: %w; the session goes on, and is billed from Ready until it is stopped or its lease ends",
			interrupted,
		)
	}
	return session, err
}

// wait is Wait that shows each new observation.
func (w *Watcher) wait(
	ctx context.Context,
	sessionID string,
	show func(observation),
) (arr.Session, error) {
	if sessionID == "" {
		return arr.Session{}, invalid("sessionID", nil, "is empty")
	}
	s := &subscription{watcher: w, id: sessionID}
	if ctx.Err() != nil {
		return arr.Session{}, s.interrupted(endOfContext(ctx))
	}
	s = w.subscribe(sessionID, true)
	defer s.close()
	began := time.Now()
	patience := time.NewTimer(wait.Patience)
	defer patience.Stop()
	var shown time.Time
	for {
		if o, ok := s.latest(); ok && o.received.After(shown) {
			shown = o.received
			show(o)
		}
		session, ready, err := s.outcome()
		if ready || err != nil {
			return session, err
		}
		left, failure := s.patience(began)
		if left <= 0 {
			return arr.Session{}, s.interrupted(
				fmt.Errorf("no good answer for %v: %w", wait.Patience, failure),
			)
		}
		// it matters only where there is a failure; whatever changes that is signalled
		patience.Reset(left)
		select {
		case <-s.C():
		case <-patience.C:
		case <-ctx.Done():
			return arr.Session{}, s.interrupted(withFailure(endOfContext(ctx), failure))
		}
	}
}

// outcome is what Wait returns, if there is something to return.
func (s *subscription) outcome() (session arr.Session, ready bool, err error) {
	err = s.err()
	last, seen := s.latest()
	switch {
	case errors.Is(err, arr.ErrNotFound), errors.Is(err, arr.ErrInvalidArgument):
		return arr.Session{}, false, fmt.Errorf("lease: waiting for session %q: %w", s.id, err)
	case err != nil:
		return arr.Session{}, false, s.interrupted(err)
	case !seen:
		return arr.Session{}, false, nil
	case last.session.Status.Ended():
		return arr.Session{}, false, endOf(
			&arr.SessionEndedError{Session: last.session, CorrelationVector: last.vector},
		)
	default:
		return last.session, last.session.Status == arr.SessionStatusReady, nil
	}
}

// interrupted makes the error of a wait that ended although the session may go on.
func (s *subscription) interrupted(cause error) error {
	seen := "never"
	if last, ok := s.latest(); ok {
		seen = fmt.Sprintf("%q", last.session.Status)
	}
	return &interruptedWait{sessionID: s.id, seen: seen, cause: cause}
}

// interruptedWait is the end of a wait for a session that may go on.
type interruptedWait struct {
	sessionID, seen string
	cause           error
}

func (e *interruptedWait) Error() string {
	return fmt.Sprintf("waiting for session %q, last seen %s: %v", e.sessionID, e.seen, e.cause)
}
func (e *interruptedWait) Unwrap() error { return e.cause }

// withFailure adds the last failure, if any, to the reason why a wait ended.
func withFailure(cause, failure error) error {
	if failure == nil {
		return cause
	}
	return fmt.Errorf("%w; the last look failed: %w", cause, failure)
}

// run looks at the sessions, again and again, from start to start without drift, until ctx ends.
func (w *Watcher) run(ctx context.Context) {
	defer close(w.done)
	defer w.lookups.Wait()
	timer := time.NewTimer(0)
	defer timer.Stop()
	var planned time.Time // the beginning that was slept for
	for ctx.Err() == nil {
		due, wanted := w.due()
		now := time.Now()
		if wanted && !due.After(now) {
			start := now
			if due.Equal(planned) && now.Sub(due) < w.interval {
				start = due // a timer is always a little late, and that must not add up
			}
			w.round(ctx, start)
			continue
		}
		var elapsed <-chan time.Time
		if wanted {
			planned = due
			timer.Reset(due.Sub(now))
			elapsed = timer.C
		}
		select {
		case <-elapsed:
		case <-w.wake:
		case <-ctx.Done():
		}
	}
}

// due returns when the next round is to begin, and false if nobody wants one.
func (w *Watcher) due() (time.Time, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.watched) == 0 && len(w.feeds) == 0 {
		return time.Time{}, false
	}
	interval := w.idle
	if w.awaiting > 0 || w.fresh || w.failure != nil {
		interval = w.interval
	}
	due := w.started.Add(interval)
	if due.Before(w.notBefore) {
		due = w.notBefore
	}
	return due, true
}

// notify leaves a signal in a channel of capacity 1, unless there is one.
func notify(signal chan<- struct{}) {
	select {
	case signal <- struct{}{}:
	default:
	}
}
