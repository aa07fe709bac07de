// SPDX-License-Identifier: MIT

package emulator

import (
	"time"
)

// ask asks the servers of which not everything is known, and which belong to sessions that match,
// how they are. It must be called before the lock is taken for an operation on those sessions.
func (f *fleet) ask(match func(*record) bool) {
	if f.asking.Load() == 0 {
		return
	}
	for _, r := range f.askable(match) {
		f.askOne(r)
	}
}

// askAbout asks the server of one session.
func (f *fleet) askAbout(h home, id string) {
	f.ask(func(r *record) bool { return r.id == id && r.shelf.home == h })
}

func (f *fleet) askable(match func(*record) bool) (records []*record) {
	f.lock()
	defer f.unlock()
	for r := range f.unsettled {
		if match(r) {
			records = append(records, r)
		}
	}
	return records
}

// askOne asks a server unless somebody is asking it already: so answers cannot overtake each other,
// and a server that calls the emulator back is not asked again by that call.
func (f *fleet) askOne(r *record) {
	server := f.beginAsking(r)
	if server == nil {
		return
	}
	var status *ServerStatus
	defer func() { f.endAsking(r, status) }() // also if the server panics
	answer := server.Status()
	status = &answer
}

// beginAsking returns the server of a session, or nil if it is not to be asked.
func (f *fleet) beginAsking(r *record) BackendServer {
	f.lock()
	defer f.unlock()
	if _, unsettled := f.unsettled[r]; !unsettled || r.asked {
		return nil
	}
	r.asked = true
	return r.server
}

func (f *fleet) endAsking(r *record, status *ServerStatus) {
	now := f.lock()
	defer f.unlock()
	r.asked = false
	// It may have ended meanwhile.
	if _, unsettled := f.unsettled[r]; unsettled && status != nil {
		f.learn(r, now, *status)
	}
}

// learn notes what the server of a living session says.
func (f *fleet) learn(r *record, now time.Time, status ServerStatus) {
	r.learn(now, status)
	f.settle(r, status.Settled)
	f.changed(r, now)
}
