// SPDX-License-Identifier: MIT

package lease

import (
	"slices"
	"time"
)

// entries are the sessions of a pool that are not gone. Hand-outs find theirs without a look at all
// others. The pool's lock guards it.
type entries struct {
	all  []*entry // in the order in which they came
	byID map[string]*entry
	warm warmEntries
}

// add adds an entry, whose creation may not have begun.
func (s *entries) add(e *entry) {
	s.all = append(s.all, e)
	s.name(e, e.id)
}

// name gives an entry an id. A creation that is repeated elsewhere has another one.
func (s *entries) name(e *entry, id string) {
	if s.byID[e.id] == e {
		delete(s.byID, e.id)
	}
	if e.id = id; id == "" {
		return
	}
	if s.byID == nil {
		s.byID = make(map[string]*entry)
	}
	s.byID[id] = e
}

// find returns the entry of a session, or nil.
func (s *entries) find(sessionID string) *entry { return s.byID[sessionID] }

// remove forgets an entry.
func (s *entries) remove(e *entry) {
	s.all = slices.DeleteFunc(s.all, func(other *entry) bool { return other == e })
	if s.byID[e.id] == e {
		delete(s.byID, e.id)
	}
	s.warm.remove(e)
}

// warmEntries are the warm sessions, sorted by the time of Ready. Entries that are no longer warm
// stay until they are at an end, so that taking one moves no others.
type warmEntries struct {
	sorted []*entry
}

// add adds an entry that has become warm.
func (w *warmEntries) add(e *entry) {
	if e.listedWarm {
		return // it was, and is at its place
	}
	e.listedWarm = true
	w.sorted = slices.Insert(w.sorted, w.place(e.since), e)
}

// place returns where the entries of a time begin.
func (w *warmEntries) place(since time.Time) int {
	place, _ := slices.BinarySearchFunc(w.sorted, since, func(e *entry, since time.Time) int {
		return e.since.Compare(since)
	})
	return place
}

// newest returns the warm session that can live longest, and oldest the one that can live shortest;
// nil if there is none.
func (w *warmEntries) newest() *entry {
	for n := len(w.sorted); n > 0; n-- {
		e := w.sorted[n-1]
		if e.state == stateWarm && e.alive() {
			return e
		}
		e.listedWarm = false
		w.sorted[n-1], w.sorted = nil, w.sorted[:n-1]
	}
	return nil
}

func (w *warmEntries) oldest() *entry {
	for len(w.sorted) > 0 {
		e := w.sorted[0]
		if e.state == stateWarm && e.alive() {
			return e
		}
		e.listedWarm = false
		w.sorted[0], w.sorted = nil, w.sorted[1:]
	}
	return nil
}

// remove removes an entry that is gone.
func (w *warmEntries) remove(e *entry) {
	if !e.listedWarm {
		return
	}
	for i := w.place(e.since); i < len(w.sorted); i++ {
		if w.sorted[i] == e {
			w.sorted = slices.Delete(w.sorted, i, i+1)
			return
		}
	}
}
