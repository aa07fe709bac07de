// SPDX-License-Identifier: MIT

package memory

import (
	"time"

	"github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator/internal/journal"
	"github.com/arr-go/azremoterendering/service"
)

// codeServerLost is the error code of a session whose server has ended with the emulator.
const codeServerLost = "ServerLost"

// Restore takes the sessions over from the state file. Servers of a back end have ended with the
// emulator that started them, so their sessions fail now, unless their lease was over before.
// Creations that were in flight are completed.
func (m *Store) Restore(accountID func(string) string) error {
	if !m.journal.Keeps() {
		return nil
	}
	pending, err := m.load(accountID)
	if err != nil {
		return err
	}
	for _, r := range pending {
		m.complete(r)
	}
	return m.journal.Flush()
}

// load reads the sessions, and returns those whose creation was in flight.
func (m *Store) load(accountID func(string) string) (pending []*record, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.clock.Now()
	m.now = now
	err = m.journal.EachNumber(journal.SessionNumbers, accountID,
		func(in service.PartitionKey, sequence uint64) { m.partition(in).sequence = sequence })
	if err != nil {
		return nil, err
	}
	err = m.journal.Each(journal.Sessions, func(name, value []byte) error {
		in, sequence, err := journal.ParseName(name, accountID)
		if err != nil {
			return err
		}
		r, err := newRecord(value)
		if err != nil {
			return err
		}
		m.readmit(in, sequence, r, now)
		if r.EndedAs == "" && r.standing == standsPending {
			pending = append(pending, r)
		}
		return nil
	})
	return pending, err
}

// readmit puts a session of the state file where it was.
func (m *Store) readmit(in service.PartitionKey, sequence uint64, r *record, now time.Time) {
	p := m.partition(in)
	p.sequence = max(p.sequence, sequence)
	r.partition, r.sequence = p, sequence
	p.sessions[r.ID] = r
	p.listed = append(p.listed, r) // the file has them by sequence
	m.tell(r)
	if r.EndedAs != "" {
		m.retained.add(r)
		return
	}
	if r.standing == standsOnServer && !r.Ended(now) {
		r.standing = standsAlone
		r.Failure, r.FailedAt = serverLost(), now
		m.note(r)
	}
	m.living.add(r)
	if r.holdsServer {
		m.running[r.pool()]++
	}
}

// complete gives a session whose creation was in flight its server, if that is an invented one.
// Another one was lost.
func (m *Store) complete(r *record) {
	if m.invents || !r.holdsServer {
		m.lock()
		m.starting.Add(1)
		m.unlock()
		defer m.starting.Done()
		m.startServer(r, r.Facts, Fault{})
		return
	}
	server := failingServer(time.Time{}, serverLost())
	m.attach(r, server, server.Status())
}

func serverLost() *azremoterendering.ErrorDetail {
	return &azremoterendering.ErrorDetail{
		Code:    codeServerLost,
		Message: "The emulator was restarted, and the server of the session ended with it.",
	}
}

// note brings the present facts of a session into the state file, and tells readers of events. Call
// it under the lock, and wait for the group of the record before any client is told.
func (m *Store) note(r *record) {
	m.tell(r)
	if m.journal.Keeps() && !r.forgotten {
		r.group = m.journal.Note(journal.Sessions, journal.Name(r.partition.key, r.sequence), r.image())
	}
}

// imageOf returns what a state file would have of a session, or nil if there is none.
func (m *Store) imageOf(r *record) image {
	if !m.journal.Keeps() {
		return nil
	}
	return r.image()
}

// noteGone removes a session from the state file, and tells readers of events.
func (m *Store) noteGone(r *record) {
	m.tell(r)
	if m.journal.Keeps() {
		m.journal.Note(journal.Sessions, journal.Name(r.partition.key, r.sequence), nil)
	}
}

// partition returns a partition, which it makes if there is none.
func (m *Store) partition(in service.PartitionKey) *partition {
	p := m.partitions[in]
	if p == nil {
		p = &partition{key: in, sessions: make(map[string]*record)}
		m.partitions[in] = p
	}
	return p
}
