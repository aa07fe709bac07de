// SPDX-License-Identifier: MIT

package memory

import (
	"bytes"
	"time"

	"github.com/arr-go/azremoterendering/service"
)

// ask updates the status of the servers that have not settled and whose sessions match. It must be
// called before the lock is taken for an operation on those sessions.
func (m *Store) ask(match func(*record) bool) {
	if m.asking.Load() == 0 {
		return
	}
	for _, r := range m.askable(match) {
		m.askOne(r)
	}
}

// askAbout asks the server of one session.
func (m *Store) askAbout(in service.PartitionKey, id string) {
	m.ask(func(r *record) bool { return r.ID == id && r.partition.key == in })
}

// askAll asks all servers that have not settled.
func (m *Store) askAll() { m.ask(func(*record) bool { return true }) }

func (m *Store) askable(match func(*record) bool) (records []*record) {
	m.lock()
	defer m.unlock()
	for r := range m.unsettled {
		if match(r) {
			records = append(records, r)
		}
	}
	return records
}

// askOne asks a server unless another call does so already, so that answers cannot overtake each
// other, and a server that calls the emulator back is not asked again by that call.
func (m *Store) askOne(r *record) {
	server := m.beginAsking(r)
	if server == nil {
		return
	}
	var status *Status
	defer func() { m.endAsking(r, status) }() // also if the server panics
	answer := server.Status()
	status = &answer
}

// beginAsking returns the server of a session, or nil if it is not to be asked.
func (m *Store) beginAsking(r *record) Server {
	m.lock()
	defer m.unlock()
	if _, unsettled := m.unsettled[r]; !unsettled || r.asked {
		return nil
	}
	r.asked = true
	return r.server
}

func (m *Store) endAsking(r *record, status *Status) {
	now := m.lock()
	defer m.unlock()
	r.asked = false
	// It may have ended meanwhile.
	if _, unsettled := m.unsettled[r]; unsettled && status != nil {
		m.learn(r, now, *status)
	}
}

// learn updates the facts of a living session with the status of its server.
func (m *Store) learn(r *record, now time.Time, status Status) {
	before := m.imageOf(r)
	r.learn(now, status)
	m.settle(r, status.Settled)
	m.tell(r)
	if !bytes.Equal(before, m.imageOf(r)) {
		m.note(r) // most answers of a server say nothing new
	}
	m.reorder(r, now)
}

// learn updates the facts with the status of the server. What has happened stays so, whatever the
// server says.
func (r *record) learn(now time.Time, status Status) {
	r.Hostname = status.Hostname
	r.HandshakePort, r.ArrInspectorPort = status.HandshakePort, status.ArrInspectorPort
	r.Teraflops = status.Teraflops
	if !r.WasReady(now) {
		r.ReadyAt = status.ReadyAt
		if !r.ReadyAt.IsZero() {
			r.ReadyAt = r.notBeforeCreation(r.ReadyAt)
		}
	}
	r.Failure, r.FailedAt = status.Failure, now
	if !status.FailedAt.IsZero() {
		r.FailedAt = r.notBeforeCreation(status.FailedAt)
	}
}

func (r *record) notBeforeCreation(t time.Time) time.Time {
	if t.Before(r.CreatedAt) {
		return r.CreatedAt
	}
	return t
}
