// SPDX-License-Identifier: MIT

package memory

import (
	"cmp"
	"slices"
	"time"

	"github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator/internal/page"
	"github.com/arr-go/azremoterendering/service"
)

// All returns all sessions: by account, in the given order, then by region, then oldest first;
// and the time at which they are so.
func (m *Store) All(order map[string]int) (sessions []page.Session, now time.Time) {
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

// Counts are numbers of the sessions of a store.
type Counts struct {
	Sessions map[Kind]int  // those that there are, ended ones included
	Billed   time.Duration // the time in Ready of all that there are and were; it never falls
}

// Kind is what sessions are counted by.
type Kind struct {
	Region azremoterendering.Region
	Size   azremoterendering.SessionSize
	Status azremoterendering.SessionStatus
}

// Count counts the sessions.
func (m *Store) Count() Counts {
	m.askAll()
	now := m.lock()
	defer m.unlock()
	counts := Counts{make(map[Kind]int), m.billed}
	for key, p := range m.partitions {
		for _, r := range p.sessions {
			counts.Sessions[Kind{key.Region, r.Size, r.Facts.Session(now).Status}]++
			counts.Billed += r.billed(now)
		}
	}
	return counts
}

// billed returns for how long the session was Ready up to a time.
func (r *record) billed(now time.Time) time.Duration {
	if r.EndedAs != "" {
		now = r.EndedAt
	}
	if !r.WasReady(now) {
		return 0
	}
	return now.Sub(r.ReadyAt)
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

// Session returns a session.
func (m *Store) Session(in service.PartitionKey, id string) (s page.Session, found bool) {
	m.askAbout(in, id)
	now := m.lock()
	defer m.unlock()
	r := m.find(in, id)
	if r == nil {
		return s, false
	}
	return r.shownAt(now), true
}

// selection is a session that a page may show, and what its place depends on.
type selection struct {
	record *record
	ended  bool
	at     time.Time // of its end or, while it lives, of its creation
}

// Select adds the sessions that the query of a page selects, and the counts of all.
func (m *Store) Select(p *page.Page) {
	m.askAll()
	selected := m.matching(p)
	p.Matching = len(selected)
	slices.SortFunc(selected, func(a, b selection) int {
		if a.ended != b.ended {
			if b.ended {
				return -1
			}
			return 1
		}
		return cmp.Or(b.at.Compare(a.at), cmp.Compare(b.record.sequence, a.record.sequence),
			cmp.Compare(a.record.partition.key.Region, b.record.partition.key.Region),
			cmp.Compare(a.record.partition.key.AccountID, b.record.partition.key.AccountID))
	})
	first := min((p.Query.Page-1)*page.SessionsPerPage, len(selected))
	selected = selected[first:min(first+page.SessionsPerPage, len(selected))]
	p.Time = m.lock()
	defer m.unlock()
	for _, s := range selected {
		if !s.record.forgotten {
			p.Sessions = append(p.Sessions, s.record.shownAt(p.Time))
		}
	}
}

// matching returns the sessions that a query selects, in no order, and counts all.
func (m *Store) matching(p *page.Page) (selected []selection) {
	now := m.lock()
	defer m.unlock()
	counts := make(map[string]*page.Account, len(p.Accounts))
	for i := range p.Accounts {
		counts[p.Accounts[i].ID] = &p.Accounts[i]
	}
	for key, partition := range m.partitions {
		account := counts[key.AccountID]
		for _, r := range partition.sessions {
			s := selection{r, r.EndedAs != "", r.CreatedAt}
			if s.ended {
				s.at = r.EndedAt
				account.Ended++
			} else {
				account.Living++
			}
			if !(p.Query.Show == page.ShowLiving && s.ended || p.Query.Show == page.ShowEnded && !s.ended) &&
				r.matchesQuery(&p.Query, now) {
				selected = append(selected, s)
			}
		}
	}
	for _, account := range p.Accounts {
		p.Living += account.Living
		p.Ended += account.Ended
	}
	return selected
}

func (r *record) matchesQuery(q *page.Query, now time.Time) bool {
	if q.Search == "" {
		return true
	}
	return q.MatchesText(r.ID, string(r.Size), r.Hostname, string(r.partition.key.Region),
		r.partition.key.AccountID, string(r.Facts.Session(now).Status))
}

// Has reports whether there is a session.
func (m *Store) Has(in service.PartitionKey, id string) bool {
	m.lock()
	defer m.unlock()
	return m.find(in, id) != nil
}

// CheckName returns an error if an id names no session, or several, none of them in the preferred
// partition.
func (m *Store) CheckName(preferred service.PartitionKey, id string) error {
	m.lock()
	defer m.unlock()
	_, err := m.named(preferred, id)
	return err
}

// Named returns the session with an id: the one in the preferred partition, otherwise the only one.
func (m *Store) Named(preferred service.PartitionKey, id string) (page.Session, error) {
	m.ask(func(r *record) bool { return r.ID == id })
	now := m.lock()
	defer m.unlock()
	r, err := m.named(preferred, id)
	if err != nil {
		return page.Session{}, err
	}
	return r.shownAt(now), nil
}
