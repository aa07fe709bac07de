// SPDX-License-Identifier: MIT

package lease

import (
	"time"

	"github.com/arr-go/azremoterendering/internal/wait"
)

// watched is a session that somebody wants to know about. The watcher's lock guards it.
type watched struct {
	id            string
	subscriptions map[*subscription]struct{}
	since         uint64    // how many rounds had begun when it came to be wanted
	listed        uint64    // the last round that showed it
	observed      bool      // some answer showed it
	sent          time.Time // when the request was sent whose answer is the newest known
	good          time.Time // the last good answer about it
	failure       error     // what has stood in the way since, or nil

	looking    bool      // a lookup is under way
	lookups    uint64    // how many showed it alive since a list last did
	nextLookup uint64    // the round from which it may be looked up again
	notBefore  time.Time // the same, by what the service asked for
}

// subscription observes one session until it is closed, for one holder of the session. Its own fields
// but signal are guarded by the watcher's lock.
type subscription struct {
	watcher *Watcher
	id      string
	signal  chan struct{}

	entry    *watched // nil once nothing more can come
	awaiting bool
	last     observation
	seen     bool
	final    error
}

// subscribe observes one session until close. awaiting makes the watcher look at the short interval.
// What was known before is not shown: the first observation comes from an answer that arrives from now
// on, at once if the last round is an Interval ago.
func (w *Watcher) subscribe(sessionID string, awaiting bool) *subscription {
	s := &subscription{watcher: w, id: sessionID, signal: make(chan struct{}, 1)}
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

// C returns a channel of capacity 1 that holds a signal after each new observation, and each failure
// to get one.
func (s *subscription) C() <-chan struct{} { return s.signal }

// latest returns the newest observation, and false if there is none yet. One of an ended session is
// the last.
func (s *subscription) latest() (observation, bool) {
	s.watcher.mu.Lock()
	defer s.watcher.mu.Unlock()
	return s.last, s.seen
}

// err returns why there will be no more observations: the session is unknown, the watcher is closed,
// or it met a failure that does not pass. It is nil while there may be more, and after the end of
// the session was seen.
func (s *subscription) err() error {
	s.watcher.mu.Lock()
	defer s.watcher.mu.Unlock()
	return s.final
}

// patience returns for how long to bear the failure that stands in the way of a good answer about
// the session, and that failure, or nil: until there has been no good answer for wait.Patience
// since began. It is 0 or less when that is over.
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

// close ends the observation. It may be called more than once.
func (s *subscription) close() {
	w := s.watcher
	w.mu.Lock()
	defer w.mu.Unlock()
	if entry := s.entry; entry != nil {
		w.detach(s)
		w.tidy(entry)
	}
}

// detach takes a subscription from what it follows. The lock is held, as by all functions below.
func (w *Watcher) detach(s *subscription) {
	delete(s.entry.subscriptions, s)
	s.entry = nil
	if s.awaiting {
		s.awaiting = false
		w.awaiting--
	}
}

// want returns the entry of a session, which it makes if there is none.
func (w *Watcher) want(sessionID string) *watched {
	entry := w.watched[sessionID]
	if entry == nil {
		// If the last round failed, that stands in the way of this session too: the next may be
		// long in coming.
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

// tidy drops an entry that nobody wants any more. Observers want the sessions that they were shown.
func (w *Watcher) tidy(entry *watched) {
	if len(entry.subscriptions) == 0 && (len(w.feeds) == 0 || !entry.observed) {
		delete(w.watched, entry.id)
	}
}

// show tells all whom it concerns about a observation.
func (w *Watcher) show(entry *watched, o observation) {
	entry.failure, entry.good, entry.observed = nil, o.received, true
	ended := o.session.Status.Ended()
	if o.sent.Before(entry.sent) && !ended {
		return // overtaken by a later request
	}
	entry.sent = o.sent
	for s := range entry.subscriptions {
		s.last, s.seen = o, true
		notify(s.signal)
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

// hinder tells the subscriptions of a session about a failure that may pass.
func (w *Watcher) hinder(entry *watched, failure error) {
	entry.failure = failure
	for s := range entry.subscriptions {
		notify(s.signal)
	}
}

// end tells the subscriptions of a session that there will be no more observations.
func (w *Watcher) end(entry *watched, final error) {
	for s := range entry.subscriptions {
		s.final = final
		notify(s.signal)
		w.detach(s)
	}
	delete(w.watched, entry.id)
}

// endAll ends all that follow and observe now. Who comes later begins anew, unless the watcher is
// closed.
func (w *Watcher) endAll(final error) {
	for _, entry := range w.watched {
		w.end(entry, final)
	}
	for f := range w.feeds {
		f.final = final
		notify(f.signal)
		delete(w.feeds, f)
	}
}
