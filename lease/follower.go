// SPDX-License-Identifier: MIT

package lease

import "time"

// watched is a session that somebody wants to know about. The watcher's mutex guards it.
type watched struct {
	id        string
	followers map[*follower]struct{}
	since     uint64    // how many rounds had begun when it came to be wanted
	listed    uint64    // the last round that showed it
	sighted   bool      // some answer showed it
	sent      time.Time // when the request was sent whose answer is the newest known
	good      time.Time // the last good answer about it
	failure   error     // what has stood in the way since, or nil

	looking    bool      // a lookup is under way
	lookups    uint64    // how many showed it alive since a list last did
	nextLookup uint64    // the round from which it may be looked up again
	notBefore  time.Time // the same, by what the service asked for
}

// follower observes one session until it is closed, for one holder of the session. Its own fields
// but signal are guarded by the watcher's mutex.
type follower struct {
	watcher *Watcher
	id      string
	signal  chan struct{}

	entry    *watched // nil once nothing more can come
	awaiting bool
	last     sighting
	seen     bool
	final    error
}

// follow observes one session until close. awaiting makes the watcher look at the short interval.
// What was known before is not shown: the first sighting comes from an answer that arrives from now
// on, at once if the last round is an Interval ago.
func (w *Watcher) follow(sessionID string, awaiting bool) *follower {
	f := &follower{watcher: w, id: sessionID, signal: make(chan struct{}, 1)}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		f.final = ErrWatcherClosed
		notify(f.signal)
		return f
	}
	f.entry = w.want(sessionID)
	f.entry.followers[f] = struct{}{}
	if awaiting {
		f.awaiting = true
		w.awaiting++
	}
	w.fresh = true
	notify(w.wake)
	return f
}

// C returns a channel of capacity 1 that holds a signal after each new sighting, and each failure
// to get one.
func (f *follower) C() <-chan struct{} { return f.signal }

// latest returns the newest sighting, and false if there is none yet. One of an ended session is
// the last.
func (f *follower) latest() (sighting, bool) {
	f.watcher.mu.Lock()
	defer f.watcher.mu.Unlock()
	return f.last, f.seen
}

// err returns why there will be no more sightings: the session is unknown, the watcher is closed,
// or it met a failure that does not pass. It is nil while there may be more, and after the end of
// the session was seen.
func (f *follower) err() error {
	f.watcher.mu.Lock()
	defer f.watcher.mu.Unlock()
	return f.final
}

// patience returns for how long to bear the failure that stands in the way of a good answer about
// the session, and that failure, or nil: until there has been no good answer for watchPatience
// since began. It is 0 or less when that is over.
func (f *follower) patience(began time.Time) (left time.Duration, failure error) {
	f.watcher.mu.Lock()
	defer f.watcher.mu.Unlock()
	if f.entry == nil || f.entry.failure == nil {
		return watchPatience, nil
	}
	since := began
	if f.entry.good.After(began) {
		since = f.entry.good
	}
	return time.Until(since.Add(watchPatience)), f.entry.failure
}

// close ends the observation. It may be called more than once.
func (f *follower) close() {
	w := f.watcher
	w.mu.Lock()
	defer w.mu.Unlock()
	if entry := f.entry; entry != nil {
		w.detach(f)
		w.tidy(entry)
	}
}

// detach takes a follower from what it follows. The mutex is held, as by all functions below.
func (w *Watcher) detach(f *follower) {
	delete(f.entry.followers, f)
	f.entry = nil
	if f.awaiting {
		f.awaiting = false
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
			id:        sessionID,
			since:     w.rounds,
			failure:   w.failure,
			followers: make(map[*follower]struct{}),
		}
		w.watched[sessionID] = entry
	}
	return entry
}

// tidy drops an entry that nobody wants any more. Observers want the sessions that they were shown.
func (w *Watcher) tidy(entry *watched) {
	if len(entry.followers) == 0 && (len(w.observers) == 0 || !entry.sighted) {
		delete(w.watched, entry.id)
	}
}

// show tells all whom it concerns about a sighting.
func (w *Watcher) show(entry *watched, s sighting) {
	entry.failure, entry.good, entry.sighted = nil, s.received, true
	ended := s.session.Status.Ended()
	if s.sent.Before(entry.sent) && !ended {
		return // overtaken by a later request
	}
	entry.sent = s.sent
	for f := range entry.followers {
		f.last, f.seen = s, true
		notify(f.signal)
		if ended {
			w.detach(f)
		}
	}
	for o := range w.observers {
		o.note(s.session, ended)
	}
	if ended {
		delete(w.watched, entry.id)
	}
}

// hinder tells the followers of a session about a failure that may pass.
func (w *Watcher) hinder(entry *watched, failure error) {
	entry.failure = failure
	for f := range entry.followers {
		notify(f.signal)
	}
}

// end tells the followers of a session that there will be no more sightings.
func (w *Watcher) end(entry *watched, final error) {
	for f := range entry.followers {
		f.final = final
		notify(f.signal)
		w.detach(f)
	}
	delete(w.watched, entry.id)
}

// endAll ends all that follow and observe now. Who comes later begins anew, unless the watcher is
// closed.
func (w *Watcher) endAll(final error) {
	for _, entry := range w.watched {
		w.end(entry, final)
	}
	for o := range w.observers {
		o.final = final
		notify(o.signal)
		delete(w.observers, o)
	}
}
