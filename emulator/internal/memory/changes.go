// SPDX-License-Identifier: MIT

package memory

import (
	"time"

	"github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator/internal/changes"
	"github.com/arr-go/azremoterendering/emulator/internal/page"
)

// sessionSeen is what readers of events are told of a session.
type sessionSeen struct {
	status azremoterendering.SessionStatus
	lease  time.Duration
}

// Reader is the place of a reader of events.
type Reader = changes.Reader[*record]

// tell notes for the readers of events how a session is seen now, and when that changes by itself:
// when it becomes Ready. Its end, which memory watches, is told by note. Call it under the lock
// after every change.
func (m *Store) tell(r *record) {
	var present sessionSeen
	var due time.Time
	if !r.forgotten {
		present = sessionSeen{r.Facts.Session(m.now).Status, r.Lease}
		if r.EndedAs == "" && r.ReadyAt.After(m.now) {
			due = r.ReadyAt
		}
	}
	m.changes.Schedule(r, due)
	if present != r.told {
		m.changes.Add(r, string(r.told.status))
		r.told = present
	}
}

// JoinChanges returns a reader of the changes from now on.
func (m *Store) JoinChanges() *Reader {
	m.askAll()
	m.lock()
	defer m.unlock()
	return m.changes.Join()
}

// LeaveChanges frees what is kept for a reader.
func (m *Store) LeaveChanges(reader *Reader) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.changes.Leave(reader)
}

// PassChanges takes all changes as read, and reports whether there were any.
func (m *Store) PassChanges(reader *Reader) bool {
	m.askAll()
	m.lock()
	defer m.unlock()
	return m.changes.Pass(reader)
}

// ReadChanges returns the next changes, and whether there may be more.
func (m *Store) ReadChanges(reader *Reader) (
	told []changes.Change[page.Session], more bool, err error,
) {
	m.askAll()
	now := m.lock()
	defer m.unlock()
	if reader.Cut() {
		return nil, false, changes.ErrSlowReader
	}
	changed, more := m.changes.Read(reader, changes.Batch)
	for _, c := range changed {
		change := changes.Change[page.Session]{Key: c.Record.partition.key, ID: c.Record.ID, From: c.From}
		switch {
		case !c.Record.forgotten:
			shown := c.Record.shownAt(now)
			change.Now = &shown
		case c.From == "":
			continue // it came and went
		}
		told = append(told, change)
	}
	return told, more, nil
}
