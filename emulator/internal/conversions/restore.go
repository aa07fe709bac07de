// SPDX-License-Identifier: MIT

package conversions

import (
	"encoding/json"
	"errors"

	"github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator/conversion"
	"github.com/arr-go/azremoterendering/emulator/internal/journal"
	"github.com/arr-go/azremoterendering/service"
)

// stored is a conversion in the state file. It has no signatures.
type stored struct {
	service.ConversionFacts
	InStorage bool // it ends when a converter ends it
}

// Restore takes the conversions over from the state file. Those that ran in storage have failed:
// they ended with the emulator, and their signatures are not kept.
func (c *Store) Restore(accountID func(string) string) error {
	if !c.journal.Keeps() {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.clock.Now()
	err := c.journal.EachNumber(journal.ConversionNumbers, accountID,
		func(in service.PartitionKey, sequence uint64) { c.partition(in).sequence = sequence })
	if err != nil {
		return err
	}
	return c.journal.Each(journal.Conversions, func(name, value []byte) error {
		in, sequence, err := journal.ParseName(name, accountID)
		if err != nil {
			return err
		}
		var kept stored
		if err := json.Unmarshal(value, &kept); err != nil {
			return errors.New("a conversion in it cannot be read")
		}
		r := &record{
			ConversionFacts: kept.ConversionFacts, partition: in, sequence: sequence,
			inStorage: kept.InStorage,
		}
		p := c.partition(in)
		p.sequence = max(p.sequence, sequence)
		p.byID[r.ID] = r
		p.listed = append(p.listed, r) // the file has them by sequence
		c.tell(r, now)
		if r.inStorage && r.EndedAt.IsZero() {
			if r.StartedAt.IsZero() {
				r.StartedAt = now
			}
			r.EndedAt, r.EndedAs = now, azremoterendering.ConversionStatusFailed
			r.Failure = &azremoterendering.ErrorDetail{
				Code:    conversion.InternalServerError,
				Message: "The emulator was restarted while the conversion ran.",
			}
			c.note(r)
		}
		return nil
	})
}

// partition returns a partition, which it makes if there is none.
func (c *Store) partition(in service.PartitionKey) *partition {
	p := c.partitions[in]
	if p == nil {
		p = &partition{byID: make(map[string]*record)}
		c.partitions[in] = p
	}
	return p
}

// note brings the present facts of a conversion into the state file, and tells readers of events.
// Call it under the lock, and wait for the group of the record before anybody is told.
func (c *Store) note(r *record) {
	c.tell(r, c.clock.Now())
	if !c.journal.Keeps() || r.forgotten {
		return
	}
	value, err := json.Marshal(stored{r.ConversionFacts, r.inStorage})
	if err != nil { // of a time beyond the year 9999, which the protocol cannot spell either
		return
	}
	r.group = c.journal.Note(journal.Conversions, journal.Name(r.partition, r.sequence), value)
}

// noteGone removes a conversion from the state file, and tells readers of events.
func (c *Store) noteGone(r *record) {
	c.tell(r, c.clock.Now())
	if c.journal.Keeps() {
		c.journal.Note(journal.Conversions, journal.Name(r.partition, r.sequence), nil)
	}
}
