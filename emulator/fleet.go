// SPDX-License-Identifier: MIT

package emulator

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/arr-go/azremoterendering"
)

// fleet holds the sessions of all accounts in all regions, since they take their servers from the
// same pools.
type fleet struct {
	startupTime func(sessionSize) time.Duration
	capacity    func(azremoterendering.Region, sessionSize) int
	retention   time.Duration
	decisions   Decisions

	// mu guards what follows. It is held for looking and changing, never while a request is read or
	// an answer is written, nor while a function of the user or a method of a server runs. Use lock
	// and unlock.
	mu        sync.Mutex
	shelves   map[home]*shelf
	living    queue        // the sessions that have not ended, as far as is known
	retained  queue        // those that have, until their retention is over
	running   map[pool]int // how many of the living hold a server
	unsettled map[*record]struct{}
	ending    []BackendServer // of sessions that are over: to be stopped once the lock is free
	closed    bool

	asking   atomic.Int64   // the size of unsettled, to be read without the lock
	starting sync.WaitGroup // the creations that are under way
}

// home is where a session is known: elsewhere its id means another session, or none.
type home struct {
	account *account
	region  azremoterendering.Region
}

// shelf holds the sessions of one home.
type shelf struct {
	home
	sequence uint64 // of the youngest session
	sessions map[string]*record
	// in the order of sequence; may still hold records that no list shows any more
	listed []*record
}

func newFleet(options Options) *fleet {
	return &fleet{
		startupTime: options.StartupTime,
		capacity:    options.Capacity,
		retention:   options.Retention,
		decisions:   options.Decisions,
		shelves:     make(map[home]*shelf),
		running:     make(map[pool]int),
		unsettled:   make(map[*record]struct{}),
	}
}

// lock takes the lock, and returns the time for everything that is done under it: what has ended by
// then is in its final state, and what need not be kept is forgotten. Most calls find nothing to
// do.
func (f *fleet) lock() time.Time {
	f.mu.Lock()
	now := time.Now()
	for r := f.living.first(); r != nil && r.ended(now); r = f.living.first() {
		f.retire(r)
	}
	for r := f.retained.first(); r != nil && !now.Before(r.endedAt.Add(f.retention)); r = f.retained.first() {
		f.retained.remove(r)
		f.forget(r, now)
	}
	return now
}

// unlock frees the lock, and then stops the servers of the sessions that ended under it. The calls
// are deferred, so that one that panics does not spare the others.
func (f *fleet) unlock() {
	ending := f.ending
	f.ending = nil
	f.mu.Unlock()
	for _, server := range ending {
		defer server.Stop()
	}
}

// find returns a session, or nil.
func (f *fleet) find(h home, id string) *record {
	if s := f.shelves[h]; s != nil {
		return s.sessions[id]
	}
	return nil
}

// add puts a new session, whose id is free, on its shelf.
func (f *fleet) add(h home, r *record) {
	s := f.shelves[h]
	if s == nil {
		s = &shelf{home: h, sessions: make(map[string]*record)}
		f.shelves[h] = s
	}
	s.sequence++
	r.shelf, r.sequence = s, s.sequence
	s.sessions[r.id] = r
	s.listed = append(s.listed, r)
	f.living.add(r)
	if r.holdsServer {
		f.running[r.pool()]++
	}
}

// retire makes the end of a session that is over by itself final.
func (f *fleet) retire(r *record) {
	at, as := r.end()
	f.finish(r, at, as)
}

// finish ends a living session: its facts do not change any more, and its server is to be stopped
// and free for others.
func (f *fleet) finish(r *record, at time.Time, as sessionStatus) {
	f.leave(r)
	r.endedAt, r.endedAs = at, as
	f.retained.add(r)
	if r.server != nil {
		f.ending = append(f.ending, r.server)
	}
}

// leave takes a session from among the living.
func (f *fleet) leave(r *record) {
	f.living.remove(r)
	if r.holdsServer {
		f.running[r.pool()]--
	}
	f.settle(r, true)
}

// settle notes whether the server of a session has to be asked again.
func (f *fleet) settle(r *record, settled bool) {
	if settled {
		delete(f.unsettled, r)
	} else {
		f.unsettled[r] = struct{}{}
	}
	f.asking.Store(int64(len(f.unsettled)))
}

// forget makes the id of a session that is in no queue any more unknown.
func (f *fleet) forget(r *record, now time.Time) {
	s := r.shelf
	delete(s.sessions, r.id)
	r.forgotten = true
	if len(s.listed) > 2*len(s.sessions)+defaultPageSize {
		f.compact(s, now)
	}
}

// changed notes that the facts of a living session are others now, which may mean its end.
func (f *fleet) changed(r *record, now time.Time) {
	if r.ended(now) {
		f.retire(r)
	} else {
		f.living.moved(r)
	}
}

// close ends all sessions as Stopped, and lets no new ones in. When it returns, no server starts
// any more.
func (f *fleet) close() {
	f.lock()
	f.closed = true
	f.unlock()
	f.starting.Wait()
	now := f.lock()
	defer f.unlock()
	for r := f.living.first(); r != nil; r = f.living.first() {
		f.finish(r, now, azremoterendering.SessionStatusStopped)
	}
}
