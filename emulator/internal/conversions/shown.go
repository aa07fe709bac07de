// SPDX-License-Identifier: MIT

package conversions

import (
	"cmp"
	"slices"
	"time"

	"github.com/arr-go/azremoterendering/emulator/internal/page"
	"github.com/arr-go/azremoterendering/service"
)

// All returns all conversions: by account, in the given order, then by region, then oldest first.
func (c *Store) All(order map[string]int) []page.Conversion {
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
	var all []page.Conversion
	for _, key := range keys {
		p := c.partitions[key]
		c.forget(p, now)
		for _, r := range p.listed {
			all = append(all, shown(key, r.ConversionFacts, now))
		}
	}
	return all
}

// shown returns what the emulator shows of a conversion beyond what its account sees.
func shown(
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

// Select adds the conversions that the query of a page selects, and counts all.
func (c *Store) Select(p *page.Page) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.clock.Now()
	for key, partition := range c.partitions {
		c.forget(partition, now)
		p.AllConversions += len(partition.listed)
		for i := range p.Accounts {
			if p.Accounts[i].ID == key.AccountID {
				p.Accounts[i].Conversions += len(partition.listed)
			}
		}
		taken := 0
		for _, r := range slices.Backward(partition.listed) { // the newest first
			if p.Query.Search != "" && !p.Query.MatchesText(r.ID, key.AccountID, string(key.Region),
				string(r.Conversion(now).Status)) {
				continue
			}
			p.MatchingConversions++
			if taken < page.MaxConversions {
				p.Conversions = append(p.Conversions, shown(key, r.ConversionFacts, now))
				taken++
			}
		}
	}
	slices.SortStableFunc(p.Conversions, func(a, b page.Conversion) int {
		return cmp.Or(b.Conversion.CreationTime.Compare(a.Conversion.CreationTime),
			cmp.Compare(a.Region, b.Region), cmp.Compare(a.Account, b.Account))
	})
	p.Conversions = p.Conversions[:min(len(p.Conversions), page.MaxConversions)]
}
