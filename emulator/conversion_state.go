// SPDX-License-Identifier: MIT

package emulator

import (
	"cmp"
	"slices"
	"time"

	"github.com/arr-go/azremoterendering/emulator/internal/page"
	"github.com/arr-go/azremoterendering/service"
)

// state returns all conversions: by account, in the given order, then by region, then oldest first.
func (c *conversions) state(order map[string]int) []page.Conversion {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.clock.Now()
	var keys []service.PartitionKey
	for key := range c.partitions {
		keys = append(keys, key)
	}
	slices.SortFunc(keys, func(a, b service.PartitionKey) int {
		return cmp.Or(
			cmp.Compare(order[a.AccountID], order[b.AccountID]),
			cmp.Compare(a.Region, b.Region))
	})
	var shown []page.Conversion
	for _, key := range keys {
		p := c.partitions[key]
		c.forget(p, now)
		for _, r := range p.listed {
			shown = append(shown, shownConversion(key, r.ConversionFacts, now))
		}
	}
	return shown
}

// shownConversion returns what the emulator shows of a conversion beyond what its account sees.
func shownConversion(
	in service.PartitionKey, f service.ConversionFacts, now time.Time,
) page.Conversion {
	s := page.Conversion{
		Account:    in.AccountID,
		Region:     in.Region,
		Conversion: f.Conversion(now),
		Since:      f.CreatedAt,
	}
	if !f.StartedAt.IsZero() && !now.Before(f.StartedAt) {
		s.StartedAt, s.Since = f.StartedAt, f.StartedAt
	}
	if f.Ended(now) {
		s.EndedAt, s.Since = f.EndedAt, f.EndedAt
	}
	return s
}
