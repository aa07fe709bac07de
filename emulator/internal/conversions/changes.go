// SPDX-License-Identifier: MIT

package conversions

import (
	"time"

	"github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator/internal/changes"
	"github.com/arr-go/azremoterendering/emulator/internal/page"
)

// Reader is the place of a reader of events.
type Reader = changes.Reader[*record]

// tell notes how a conversion is seen now, as for sessions.
func (c *Store) tell(r *record, now time.Time) {
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
func (c *Store) lockChanges() (now time.Time) {
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

// JoinChanges returns a reader of the changes from now on.
func (c *Store) JoinChanges() *Reader {
	c.lockChanges()
	defer c.mu.Unlock()
	return c.changes.Join()
}

// LeaveChanges frees what is kept for a reader.
func (c *Store) LeaveChanges(reader *Reader) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.changes.Leave(reader)
}

// PassChanges takes all changes as read, and reports whether there were any.
func (c *Store) PassChanges(reader *Reader) bool {
	c.lockChanges()
	defer c.mu.Unlock()
	return c.changes.Pass(reader)
}

// ReadChanges returns the next changes, and whether there may be more.
func (c *Store) ReadChanges(reader *Reader) (
	told []changes.Change[page.Conversion], more bool, err error,
) {
	now := c.lockChanges()
	defer c.mu.Unlock()
	if reader.Cut() {
		return nil, false, changes.ErrSlowReader
	}
	changed, more := c.changes.Read(reader, changes.Batch)
	for _, e := range changed {
		change := changes.Change[page.Conversion]{
			Key: e.Record.partition, ID: e.Record.ID, From: e.From,
		}
		switch {
		case !e.Record.forgotten:
			now := shown(e.Record.partition, e.Record.ConversionFacts, now)
			change.Now = &now
		case e.From == "":
			continue // it came and went
		}
		told = append(told, change)
	}
	return told, more, nil
}
