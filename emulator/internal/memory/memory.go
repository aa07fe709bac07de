// SPDX-License-Identifier: MIT

// Package memory is the store of sessions of an emulator: in memory, beside a journal that keeps
// what changes, and with a server behind each session.
package memory

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator/internal/changes"
	"github.com/arr-go/azremoterendering/emulator/internal/clock"
	"github.com/arr-go/azremoterendering/emulator/internal/journal"
	"github.com/arr-go/azremoterendering/service"
)

// Store is a [service.Store]: the sessions of all accounts in all regions, in
// memory, and the servers behind them.
type Store struct {
	options Options
	invents bool // servers
	journal *journal.Journal
	clock   *clock.Clock

	// mu guards what follows. It is held to look and to change, never while a function of the user
	// or a method of a server runs. Use lock and unlock. There is one for all sessions because they
	// share capacity.
	mu         sync.Mutex
	now        time.Time // when the lock was taken
	partitions map[service.PartitionKey]*partition
	changes    changes.Log[*record]
	living     endQueue     // the sessions that have not ended, as far as is known
	retained   endQueue     // those that have, until their retention is over
	running    map[pool]int // how many of the living hold a server
	unsettled  map[*record]struct{}
	ending     []Server // of sessions that are over: to be stopped once the lock is free
	closed     bool
	crowded    bool          // sessions were forgotten before their retention was over: see Options.KeepEnded
	warned     bool          // of that
	billed     time.Duration // of the sessions that are forgotten

	hiding   atomic.Bool    // whether any session was ever hidden from reads
	asking   atomic.Int64   // the size of unsettled, to be read without the lock
	starting sync.WaitGroup // the creations in flight
}

// partition holds the sessions of one account in one region.
type partition struct {
	key      service.PartitionKey
	sequence uint64 // of the newest session
	sessions map[string]*record
	listed   []*record // by sequence; may hold records that no list shows any more
}

// record is a session: its facts, and what the store needs beside them.
type record struct {
	service.Facts
	partition   *partition
	sequence    uint64    // order of creation, unique in the partition
	holdsServer bool      // one of the pool, as long as the session lives
	server      Server    // nil until it is started
	shownSince  time.Time // when Shown was set
	hiddenUntil time.Time // from reads
	standing    standing  // to the server, in case of a restart
	group       uint64    // of the journal, with the last change

	changes.State
	told sessionSeen // to the readers of events

	position  int  // in the queue that holds it
	asked     bool // whether its server is being asked
	forgotten bool // no longer readable

	creating bool          // its creation is in flight
	created  chan struct{} // closed when it is not any more; nil unless a reset waits for that
}

// pool returns where the server of the session is taken from.
func (r *record) pool() pool { return pool{r.partition.key.Region, r.Size} }

// Options configures a [Store].
type Options struct {
	// Start starts the server of a session, without waiting for it, as a back end of the emulator
	// does. Nil invents servers, with Domain and Vintage in their names.
	Start   func(Spec) Server
	Domain  string
	Vintage service.Vintage

	// StartupTime is how long an invented server starts, and one that fails to start.
	StartupTime func(azremoterendering.SessionSize) time.Duration

	// Capacity is how many sessions of a size can have a server at once in a region; negative means
	// no limit, as nil does.
	Capacity func(azremoterendering.Region, azremoterendering.SessionSize) int

	// Retention is how long sessions are kept after their ends, and KeepEnded how many.
	Retention time.Duration
	KeepEnded int

	// OnCrowded is called once when sessions are forgotten before their retention is over.
	OnCrowded func()

	Journal *journal.Journal
	Clock   *clock.Clock
}

// New returns a store without sessions. [Store.Restore] adds those of the journal.
func New(o Options) *Store {
	invents := o.Start == nil
	if invents {
		o.Start = inventor{o.StartupTime, o.Domain, o.Vintage, o.Clock}.start
	}
	return &Store{
		options:    o,
		invents:    invents,
		journal:    o.Journal,
		clock:      o.Clock,
		partitions: make(map[service.PartitionKey]*partition),
		running:    make(map[pool]int),
		unsettled:  make(map[*record]struct{}),
	}
}

// lock takes the lock, and returns the time for everything that is done under it. Sessions that
// ended by then are in their final state, and those whose retention is over are forgotten. Most
// calls find nothing to do.
func (m *Store) lock() time.Time {
	m.mu.Lock()
	now := m.clock.Now()
	m.now = now
	for r, due := m.changes.NextDue(now); due; r, due = m.changes.NextDue(now) {
		m.tell(r)
	}
	for r := m.living.first(); r != nil && r.Ended(now); r = m.living.first() {
		m.retire(r)
	}
	for r := m.retained.first(); r != nil && !now.Before(r.EndedAt.Add(m.options.Retention)); r = m.retained.first() {
		m.retained.remove(r)
		m.forget(r)
	}
	for len(m.retained.records) > m.options.KeepEnded {
		r := m.retained.first()
		m.retained.remove(r)
		m.forget(r)
		m.crowded = true
	}
	return now
}

// unlock frees the lock, and then stops the servers of the sessions that ended under it. The calls
// are deferred, so that a panic in one does not keep the others from being stopped.
func (m *Store) unlock() {
	ending := m.ending
	m.ending = nil
	crowded := m.crowded && !m.warned
	m.warned = m.crowded
	m.mu.Unlock()
	if crowded && m.options.OnCrowded != nil {
		m.options.OnCrowded()
	}
	for _, server := range ending {
		defer server.Stop()
	}
}

// find returns a session, or nil.
func (m *Store) find(in service.PartitionKey, id string) *record {
	if p := m.partitions[in]; p != nil {
		return p.sessions[id]
	}
	return nil
}

// add puts a new session, whose id is free, into its partition.
func (m *Store) add(in service.PartitionKey, r *record) {
	p := m.partition(in)
	p.sequence++
	m.journal.NoteNumber(journal.SessionNumbers, in, p.sequence)
	r.partition, r.sequence = p, p.sequence
	p.sessions[r.ID] = r
	p.listed = append(p.listed, r)
	m.living.add(r)
	if r.holdsServer {
		m.running[r.pool()]++
	}
	m.note(r)
}

// retire makes the end of a session that is over by itself final.
func (m *Store) retire(r *record) {
	at, as := r.End()
	m.finish(r, at, as)
}

// finish ends a living session: its facts do not change any more, and its server is to be stopped
// and free for others.
func (m *Store) finish(r *record, at time.Time, as azremoterendering.SessionStatus) {
	m.leave(r)
	r.EndedAt, r.EndedAs = at, as
	m.retained.add(r)
	if r.server != nil {
		m.ending = append(m.ending, r.server)
	}
	m.note(r)
}

// leave removes a session from the living.
func (m *Store) leave(r *record) {
	m.living.remove(r)
	if r.holdsServer {
		m.running[r.pool()]--
	}
	m.settle(r, true)
}

// settle notes whether the server of a session must be asked again.
func (m *Store) settle(r *record, settled bool) {
	if settled {
		delete(m.unsettled, r)
	} else {
		m.unsettled[r] = struct{}{}
	}
	m.asking.Store(int64(len(m.unsettled)))
}

// slack is how many records beyond twice the readable ones a list keeps before it is compacted.
const slack = 50

// forget makes the id of a session that is in no queue any more unknown.
func (m *Store) forget(r *record) {
	if r.forgotten { // by a reset, while it was being created; the id may be in use again
		return
	}
	p := r.partition
	delete(p.sessions, r.ID)
	r.forgotten = true
	m.billed += r.billed(m.now)
	m.noteGone(r)
	if len(p.listed) > 2*len(p.sessions)+slack {
		p.compact(func(r *record) bool { return r.forgotten })
	}
}

// changed notes that the facts of a living session have changed, which may mean its end.
func (m *Store) changed(r *record, now time.Time) {
	m.note(r)
	m.reorder(r, now)
}

// reorder puts a living session whose end may have changed where it belongs.
func (m *Store) reorder(r *record, now time.Time) {
	if r.Ended(now) {
		m.retire(r)
	} else {
		m.living.moved(r)
	}
}

// Close ends all sessions as Stopped, and refuses new ones. When it returns, no server starts any
// more.
func (m *Store) Close() {
	m.lock()
	m.closed = true
	m.unlock()
	m.starting.Wait()
	now := m.lock()
	defer m.unlock()
	for r := m.living.first(); r != nil; r = m.living.first() {
		m.finish(r, now, azremoterendering.SessionStatusStopped)
	}
}

// Settle brings the sessions up to the time of the clock, and stops the servers of those that end.
func (m *Store) Settle() {
	m.askAll()
	m.lock()   // ends sessions
	m.unlock() // stops their servers
}

// Reset ends and forgets the sessions that are included. It waits for the creations among them that
// are in flight, so that no server of theirs is left.
func (m *Store) Reset(includes func(in service.PartitionKey, id string) bool) {
	for _, created := range m.forgetAll(includes) {
		<-created
	}
}

// forgetAll makes sessions unknown, and returns channels of the creations in flight.
func (m *Store) forgetAll(
	includes func(in service.PartitionKey, id string) bool,
) (creations []<-chan struct{}) {
	now := m.lock()
	defer m.unlock()
	for key, p := range m.partitions {
		for id, r := range p.sessions {
			if !includes(key, id) {
				continue
			}
			if r.EndedAs == "" {
				m.finish(r, now, azremoterendering.SessionStatusStopped)
			}
			if r.creating {
				r.created = make(chan struct{})
				creations = append(creations, r.created)
			}
			m.retained.remove(r)
			m.forget(r)
		}
	}
	return creations
}
