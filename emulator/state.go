// SPDX-License-Identifier: MIT

package emulator

import (
	"cmp"
	"slices"
	"time"

	"github.com/arr-go/azremoterendering/emulator/internal/page"
)

// state returns accounts, sessions and conversions at one moment.
func (e *Emulator) state() page.State {
	s := page.State{Accounts: slices.Clone(e.accounts)}
	order := e.accountOrder()
	s.Conversions = e.conversions.state(order)
	s.Sessions, s.Time = e.store.state(order)
	return s
}

// accountOrder returns the place of each account in the options.
func (e *Emulator) accountOrder() map[string]int {
	order := make(map[string]int)
	for i, a := range e.accounts {
		order[a.ID] = i
	}
	return order
}

// state returns all sessions: by account, in the given order, then by region, then oldest first;
// and the time at which they are so.
func (m *memory) state(order map[string]int) (sessions []page.Session, now time.Time) {
	m.askAll()
	now = m.lock()
	defer m.unlock()
	var records []*record
	for _, p := range m.partitions {
		for _, r := range p.sessions {
			records = append(records, r)
		}
	}
	slices.SortFunc(records, func(a, b *record) int {
		ka, kb := a.partition.key, b.partition.key
		return cmp.Or(
			cmp.Compare(order[ka.AccountID], order[kb.AccountID]),
			cmp.Compare(ka.Region, kb.Region),
			cmp.Compare(a.sequence, b.sequence))
	})
	for _, r := range records {
		sessions = append(sessions, r.shownAt(now))
	}
	return sessions, now
}

// shownAt returns what the emulator shows of a session beyond what its account sees.
func (r *record) shownAt(now time.Time) page.Session {
	s := page.Session{
		Account: r.partition.key.AccountID,
		Region:  r.partition.key.Region,
		Session: r.Facts.Session(now),
		Since:   r.CreatedAt,
		EndedAt: r.EndedAt,
	}
	end := now
	if r.EndedAs != "" {
		end = r.EndedAt
	}
	if r.WasReady(end) {
		s.ReadyAt = r.ReadyAt
	}
	if !r.ReadyAt.IsZero() {
		s.LeaseEnd = r.ReadyAt.Add(r.Lease)
	}
	switch {
	case r.EndedAs != "":
		s.Since = r.EndedAt
	case r.Shown != "":
		s.Since = r.shownSince
	case !s.ReadyAt.IsZero():
		s.Since = r.ReadyAt
	}
	return s
}
