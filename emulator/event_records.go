// SPDX-License-Identifier: MIT

package emulator

import (
	"time"

	"github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator/internal/changes"
	"github.com/arr-go/azremoterendering/emulator/internal/page"
	"github.com/arr-go/azremoterendering/service"
)

// changeBatch is how many sessions, and how many conversions, a reader gets at once.
const changeBatch = 1000

// sessionSeen is what readers of events are told of a session.
type sessionSeen struct {
	status azremoterendering.SessionStatus
	lease  time.Duration
}

// recordChange is a change of a session or conversion. now is nil if it is forgotten; from is empty
// if it is new.
type recordChange[Shown any] struct {
	key  service.PartitionKey
	id   string
	from string
	now  *Shown
}

// tell notes for the readers of events how a session is seen now, and when that changes by itself:
// when it becomes Ready. Its end, which memory watches, is told by note. Call it under the lock
// after every change.
func (m *memory) tell(r *record) {
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

// joinChanges returns a reader of the changes from now on.
func (m *memory) joinChanges() *changes.Reader[*record] {
	m.askAll()
	m.lock()
	defer m.unlock()
	return m.changes.Join()
}

func (m *memory) leaveChanges(reader *changes.Reader[*record]) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.changes.Leave(reader)
}

// passChanges takes all changes as read, and reports whether there were any.
func (m *memory) passChanges(reader *changes.Reader[*record]) bool {
	m.askAll()
	m.lock()
	defer m.unlock()
	return m.changes.Pass(reader)
}

// readChanges returns the next changes, and whether there may be more.
func (m *memory) readChanges(reader *changes.Reader[*record]) (
	changes []recordChange[page.Session], more bool, err error,
) {
	m.askAll()
	now := m.lock()
	defer m.unlock()
	if reader.Cut() {
		return nil, false, errSlowReader
	}
	changed, more := m.changes.Read(reader, changeBatch)
	for _, c := range changed {
		change := recordChange[page.Session]{c.Record.partition.key, c.Record.ID, c.From, nil}
		switch {
		case !c.Record.forgotten:
			shown := c.Record.shownAt(now)
			change.now = &shown
		case c.From == "":
			continue // it came and went
		}
		changes = append(changes, change)
	}
	return changes, more, nil
}

// tell notes how a conversion is seen now, as for sessions.
func (c *conversions) tell(r *conversionRecord, now time.Time) {
	var present azremoterendering.ConversionStatus
	var due time.Time
	if !r.forgotten {
		present = r.Status(now)
		switch {
		case r.StartedAt.After(now):
			due = r.StartedAt
		case r.EndedAt.After(now):
			due = r.EndedAt
		}
	}
	c.changes.Schedule(r, due)
	if present != r.told {
		c.changes.Add(r, string(r.told))
		r.told = present
	}
}

// lockChanges takes the lock, and tells what has changed by itself.
func (c *conversions) lockChanges() (now time.Time) {
	c.mu.Lock()
	now = c.clock.Now()
	for r, due := c.changes.NextDue(now); due; r, due = c.changes.NextDue(now) {
		c.tell(r, now)
	}
	for _, p := range c.partitions {
		c.forget(p, now)
	}
	return now
}

func (c *conversions) joinChanges() *changes.Reader[*conversionRecord] {
	c.lockChanges()
	defer c.mu.Unlock()
	return c.changes.Join()
}

func (c *conversions) leaveChanges(reader *changes.Reader[*conversionRecord]) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.changes.Leave(reader)
}

func (c *conversions) passChanges(reader *changes.Reader[*conversionRecord]) bool {
	c.lockChanges()
	defer c.mu.Unlock()
	return c.changes.Pass(reader)
}

func (c *conversions) readChanges(reader *changes.Reader[*conversionRecord]) (
	changes []recordChange[page.Conversion], more bool, err error,
) {
	now := c.lockChanges()
	defer c.mu.Unlock()
	if reader.Cut() {
		return nil, false, errSlowReader
	}
	changed, more := c.changes.Read(reader, changeBatch)
	for _, e := range changed {
		change := recordChange[page.Conversion]{e.Record.partition, e.Record.ID, e.From, nil}
		switch {
		case !e.Record.forgotten:
			shown := shownConversion(e.Record.partition, e.Record.ConversionFacts, now)
			change.now = &shown
		case e.From == "":
			continue // it came and went
		}
		changes = append(changes, change)
	}
	return changes, more, nil
}
