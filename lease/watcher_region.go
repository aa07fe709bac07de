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

// regionWatcher is the part of a [Watcher] that watches one region.
type regionWatcher struct {
	client         *arr.SessionsClient
	interval, idle time.Duration
	log            *slog.Logger
	clock          wait.Clock
	listed         func(*arr.SessionsClient, []arr.Session) // see WatcherOptions

	stop    context.CancelFunc
	done    chan struct{} // closed when all goroutines of the watcher have ended
	wake    chan struct{} // capacity 1: the next round may be due earlier
	slots   chan struct{} // one for each lookup in flight
	lookups sync.WaitGroup
	retry   *wait.Backoff // used by rounds only

	mu        sync.Mutex // never held during a request, a wait or a call of the user's code
	closed    bool
	answered  bool                // there was a good answer at some time
	failure   error               // of the last round, or nil
	hurry     bool                // the clock has leapt since the last round began
	fresh     bool                // a session was first needed since the last round began
	rounds    uint64              // the number of rounds that have begun
	started   time.Time           // when the last one was due to begin
	notBefore time.Time           // no round before, after one that failed
	awaiting  int                 // subscriptions that wait for Ready
	watched   map[string]*watched // the sessions that are needed, by id
	feeds     map[*changeFeed]struct{}
}

func newRegionWatcher(client *arr.SessionsClient, options WatcherOptions) *regionWatcher {
	w := &regionWatcher{
		client:   client,
		interval: options.Interval,
		idle:     options.IdleInterval,
		log:      options.Logger,
		clock:    options.clock,
		listed:   options.listed,
		done:     make(chan struct{}),
		wake:     make(chan struct{}, 1),
		slots:    make(chan struct{}, concurrentLookups),
		retry:    wait.NewBackoff(options.Interval, max(options.Interval, time.Minute)),
		watched:  make(map[string]*watched),
		feeds:    make(map[*changeFeed]struct{}),
	}
	ctx, stop := context.WithCancel(context.Background())
	w.stop = stop
	go w.run(ctx)
	return w
}

// close ends everything with [ErrWatcherClosed]. Receive from done to wait for the goroutines.
func (w *regionWatcher) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.closed {
		w.closed = true
		w.endAll(ErrWatcherClosed)
	}
	w.stop()
}

// wait is [Watcher.Wait] for one region. It calls show with the observations that needs selects;
// these must include changes of the status.
func (w *regionWatcher) wait(
	ctx context.Context,
	sessionID string,
	needs func(observation) bool,
	show func(observation),
) (arr.Session, error) {
	if sessionID == "" {
		return arr.Session{}, invalid("sessionID", nil, "is empty")
	}
	s := &subscription{watcher: w, id: sessionID}
	if ctx.Err() != nil {
		return arr.Session{}, s.interrupted(endOfContext(ctx))
	}
	s = w.subscribe(sessionID, true, needs)
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
		session, ready, err := s.result()
		if ready || err != nil {
			return session, err
		}
		left, failure := s.patience(began)
		if left <= 0 {
			return arr.Session{}, s.interrupted(
				fmt.Errorf("no good answer for %v: %w", wait.Patience, failure))
		}
		patience.Reset(left) // whatever makes left smaller is signalled
		select {
		case <-s.C():
		case <-patience.C:
		case <-ctx.Done():
			return arr.Session{}, s.interrupted(withFailure(endOfContext(ctx), failure))
		}
	}
}

// result returns the result of wait, if there is one yet.
func (s *subscription) result() (session arr.Session, ready bool, err error) {
	err = s.err()
	last, seen := s.latest()
	switch {
	case errors.Is(err, arr.ErrNotFound), errors.Is(err, arr.ErrInvalidArgument):
		return arr.Session{}, false, fmt.Errorf("waiting for session %q: %w", s.id, err)
	case err != nil:
		return arr.Session{}, false, s.interrupted(err)
	case !seen:
		return arr.Session{}, false, nil
	case last.session.Status.Ended():
		return arr.Session{}, false, endOf(
			&arr.SessionEndedError{Session: last.session, CorrelationVector: last.vector})
	default:
		return last.session, last.session.Status == arr.SessionStatusReady, nil
	}
}

// interrupted returns the error of a wait that ended although the session may run on.
func (s *subscription) interrupted(cause error) error {
	seen := "never"
	if last, ok := s.latest(); ok {
		seen = fmt.Sprintf("%q", last.session.Status)
	}
	return &interruptedWait{sessionID: s.id, seen: seen, cause: cause}
}

// interruptedWait means that a wait ended although the session may run on.
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
	return fmt.Errorf("%w; the last request failed: %w", cause, failure)
}

// run starts a round at each interval, without drift, until ctx ends.
func (w *regionWatcher) run(ctx context.Context) {
	defer close(w.done)
	defer w.lookups.Wait()
	timer := time.NewTimer(0)
	defer timer.Stop()
	var planned time.Time // when the timer was to fire
	compared := w.clock.Now()
	for ctx.Err() == nil {
		before := compared
		if compared = w.clock.Now(); compared.Leapt(before) {
			w.leapt()
		}
		due, wanted := w.due()
		now := time.Now()
		if wanted && !due.After(now) {
			start := now
			if due.Equal(planned) && now.Sub(due) < w.interval {
				start = due // a timer is always a little late, which must not add up
			}
			w.round(ctx, start)
			continue
		}
		var elapsed <-chan time.Time
		if wanted {
			planned = due
			timer.Reset(min(due.Sub(now), wait.Tick))
			elapsed = timer.C
		}
		select {
		case <-elapsed:
		case <-w.wake:
		case <-ctx.Done():
		}
	}
}

// leapt makes the next round begin at once, and look up every session that the list does not show.
func (w *regionWatcher) leapt() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.hurry = true
	for _, entry := range w.watched {
		entry.nextLookup = 0
	}
}

// due returns when the next round is to begin, and false if none is needed.
func (w *regionWatcher) due() (time.Time, bool) {
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
	if w.hurry {
		return w.started, true
	}
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
