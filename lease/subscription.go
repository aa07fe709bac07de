// SPDX-License-Identifier: MIT

package lease

import (
	"time"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/internal/wait"
)

// watched is a session that a subscription or a change feed needs. The watcher's lock guards it.
type watched struct {
	id            string
	subscriptions map[*subscription]struct{}
	since         uint64            // the number of rounds that had begun when it was first needed
	listed        uint64            // the last round that showed it
	observed      bool              // some answer showed it
	status        arr.SessionStatus // what the newest answer showed
	sent          time.Time         // when the request for the newest answer was sent
	good          time.Time         // the last good answer about it
	failure       error             // the failure since then, or nil

	looking    bool      // a lookup is in flight
	lookups    uint64    // how many showed it alive since a list last did
	nextLookup uint64    // the round from which it may be looked up again
	notBefore  time.Time // no lookup before, as Retry-After says
}

// subscription observes one session until it is closed. The watcher's lock guards its fields,
// except signal, which is constant.
type subscription struct {
	watcher *regionWatcher
	id      string
	signal  chan struct{}
	// needs, if non-nil, is called with each observation and returns whether to signal it. It runs
	// with the watcher's lock held, so it must not call the watcher or wait. If nil, all are needed.
	needs func(observation) bool

	entry    *watched // nil once nothing more can come
	awaiting bool     // for Ready: the watcher uses the short interval
	last     observation
	seen     bool
	final    error
}

// subscribe observes one session until close. awaiting makes the watcher use the short interval.
// needs selects the observations that are signalled; see subscription. The first observation is
// from an answer that arrives from now on; the next round begins at once if the last one is an
// Interval ago.
func (w *regionWatcher) subscribe(
	sessionID string,
	awaiting bool,
	needs func(observation) bool,
) *subscription {
	s := &subscription{watcher: w, id: sessionID, signal: make(chan struct{}, 1), needs: needs}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		s.final = ErrWatcherClosed
		notify(s.signal)
		return s
	}
	s.entry = w.want(sessionID)
	s.entry.subscriptions[s] = struct{}{}
	if awaiting {
		s.awaiting = true
		w.awaiting++
	}
	w.fresh = true
	notify(w.wake)
	return s
}

// newStatus returns a filter of observations for subscribe that passes changes of the status.
func newStatus() func(observation) bool {
	var last arr.SessionStatus
	return func(o observation) bool {
		changed := o.session.Status != last
		last = o.session.Status
		return changed
	}
}

// C returns a channel of capacity 1 that holds a signal after each observation that is needed, and
// after each failure to get one.
func (s *subscription) C() <-chan struct{} { return s.signal }

// latest returns the newest observation, and false if there is none yet. An ended session has no
// further observations.
func (s *subscription) latest() (observation, bool) {
	s.watcher.mu.Lock()
	defer s.watcher.mu.Unlock()
	return s.last, s.seen
}

// err returns why there will be no more observations: the session is unknown, the watcher is
// closed, or it met a permanent failure. It is nil while there may be more, and after the session
// was seen to have ended.
func (s *subscription) err() error {
	s.watcher.mu.Lock()
	defer s.watcher.mu.Unlock()
	return s.final
}

// patience returns for how much longer to tolerate the present failure, and that failure, or nil. A
// failure is tolerated until there was no good answer about the session for wait.Patience, counted
// from began at the earliest. Then the result is 0 or less.
func (s *subscription) patience(began time.Time) (left time.Duration, failure error) {
	s.watcher.mu.Lock()
	defer s.watcher.mu.Unlock()
	if s.entry == nil || s.entry.failure == nil {
		return wait.Patience, nil
	}
	since := began
	if s.entry.good.After(began) {
		since = s.entry.good
	}
	return time.Until(since.Add(wait.Patience)), s.entry.failure
}

// close ends the subscription. It may be called more than once.
func (s *subscription) close() {
	w := s.watcher
	w.mu.Lock()
	defer w.mu.Unlock()
	if entry := s.entry; entry != nil {
		w.detach(s)
		w.tidy(entry)
	}
}

// detach removes a subscription from its session. The lock is held in all functions below.
func (w *regionWatcher) detach(s *subscription) {
	delete(s.entry.subscriptions, s)
	s.entry = nil
	if s.awaiting {
		s.awaiting = false
		w.awaiting--
	}
}

// want returns the entry of a session. It creates one if there is none.
func (w *regionWatcher) want(sessionID string) *watched {
	entry := w.watched[sessionID]
	if entry == nil {
		// The failure of the last round concerns this session too: the next may be late.
		entry = &watched{
			id:            sessionID,
			since:         w.rounds,
			failure:       w.failure,
			subscriptions: make(map[*subscription]struct{}),
		}
		w.watched[sessionID] = entry
	}
	return entry
}

// tidy drops an entry that is no longer needed. Change feeds need the sessions they were shown.
func (w *regionWatcher) tidy(entry *watched) {
	if len(entry.subscriptions) == 0 && (len(w.feeds) == 0 || !entry.observed) {
		delete(w.watched, entry.id)
	}
}

// show passes an observation on to subscriptions and change feeds. Most observations of a round
// show what was known before, so they wake only who needs them.
func (w *regionWatcher) show(entry *watched, o observation) {
	entry.failure, entry.good, entry.observed = nil, o.received, true
	ended := o.session.Status.Ended()
	if !ended && (o.sent.Before(entry.sent) || goesBack(entry.status, o.session.Status)) {
		// an answer to a later request, or of a part of the service that knew more, came first
		return
	}
	entry.sent, entry.status = o.sent, o.session.Status
	for s := range entry.subscriptions {
		s.last, s.seen = o, true
		if s.needs == nil || s.needs(o) {
			notify(s.signal)
		}
		if ended {
			w.detach(s)
		}
	}
	for f := range w.feeds {
		f.note(o.session, ended)
	}
	if ended {
		delete(w.watched, entry.id)
	}
}

// noteFailure records a temporary failure, and signals it to the subscriptions of a session.
func (w *regionWatcher) noteFailure(entry *watched, failure error) {
	entry.failure = failure
	for s := range entry.subscriptions {
		notify(s.signal)
	}
}

// end ends the subscriptions of a session with an error.
func (w *regionWatcher) end(entry *watched, final error) {
	for s := range entry.subscriptions {
		s.final = final
		notify(s.signal)
		w.detach(s)
	}
	delete(w.watched, entry.id)
}

// endAll ends all subscriptions and change feeds. Later ones start afresh, unless the watcher is
// closed.
func (w *regionWatcher) endAll(final error) {
	for _, entry := range w.watched {
		w.end(entry, final)
	}
	for f := range w.feeds {
		f.final = final
		notify(f.signal)
		delete(w.feeds, f)
	}
}
