// SPDX-License-Identifier: MIT

package emulator

import (
	"time"

	"github.com/arr-go/azremoterendering"
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

func (r *record) changes() *changeState           { return &r.changeState }
func (r *conversionRecord) changes() *changeState { return &r.changeState }

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
	m.changes.schedule(r, due)
	if present != r.told {
		m.changes.add(r, string(r.told.status))
		r.told = present
	}
}

// joinChanges returns a reader of the changes from now on.
func (m *memory) joinChanges() *changeReader[*record] {
	m.askAll()
	m.lock()
	defer m.unlock()
	return m.changes.join()
}

func (m *memory) leaveChanges(reader *changeReader[*record]) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.changes.leave(reader)
}

// passChanges takes all changes as read, and reports whether there were any.
func (m *memory) passChanges(reader *changeReader[*record]) bool {
	m.askAll()
	m.lock()
	defer m.unlock()
	return m.changes.pass(reader)
}

// readChanges returns the next changes, and whether there may be more.
func (m *memory) readChanges(reader *changeReader[*record]) (
	changes []recordChange[page.Session], more bool, err error,
) {
	m.askAll()
	now := m.lock()
	defer m.unlock()
	if reader.cut {
		return nil, false, errSlowReader
	}
	changed, more := m.changes.read(reader, changeBatch)
	for _, c := range changed {
		change := recordChange[page.Session]{c.record.partition.key, c.record.ID, c.from, nil}
		switch {
		case !c.record.forgotten:
			shown := c.record.shownAt(now)
			change.now = &shown
		case c.from == "":
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
	c.changes.schedule(r, due)
	if present != r.told {
		c.changes.add(r, string(r.told))
		r.told = present
	}
}

// lockChanges takes the lock, and tells what has changed by itself.
func (c *conversions) lockChanges() (now time.Time) {
	c.mu.Lock()
	now = c.clock.Now()
	for r, due := c.changes.nextDue(now); due; r, due = c.changes.nextDue(now) {
		c.tell(r, now)
	}
	for _, p := range c.partitions {
		c.forget(p, now)
	}
	return now
}

func (c *conversions) joinChanges() *changeReader[*conversionRecord] {
	c.lockChanges()
	defer c.mu.Unlock()
	return c.changes.join()
}

func (c *conversions) leaveChanges(reader *changeReader[*conversionRecord]) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.changes.leave(reader)
}

func (c *conversions) passChanges(reader *changeReader[*conversionRecord]) bool {
	c.lockChanges()
	defer c.mu.Unlock()
	return c.changes.pass(reader)
}

func (c *conversions) readChanges(reader *changeReader[*conversionRecord]) (
	changes []recordChange[page.Conversion], more bool, err error,
) {
	now := c.lockChanges()
	defer c.mu.Unlock()
	if reader.cut {
		return nil, false, errSlowReader
	}
	changed, more := c.changes.read(reader, changeBatch)
	for _, e := range changed {
		change := recordChange[page.Conversion]{e.record.partition, e.record.ID, e.from, nil}
		switch {
		case !e.record.forgotten:
			shown := shownConversion(e.record.partition, e.record.ConversionFacts, now)
			change.now = &shown
		case e.from == "":
			continue // it came and went
		}
		changes = append(changes, change)
	}
	return changes, more, nil
}
