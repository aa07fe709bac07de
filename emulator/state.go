// SPDX-License-Identifier: MIT

package emulator

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"github.com/arr-go/azremoterendering/emulator/internal/page"
)

// state returns everything the emulator knows, for the page and the administrative path.
func (e *Emulator) state() page.State {
	s := page.State{Accounts: slices.Clone(e.accounts), Requests: e.requests.recent()}
	clock := e.clock.State()
	s.Clock = page.Clock{Scale: clock.Scale, Frozen: clock.Frozen, Offset: clock.Offset}
	for _, fault := range e.Faults() {
		s.Faults = append(s.Faults, pageFault(fault))
	}
	order := make(map[string]int)
	for i, a := range e.accounts {
		order[a.ID] = i
	}
	s.Conversions = e.conversions.state(order)
	m := e.store
	m.ask(func(*record) bool { return true })
	s.Time = m.lock()
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
		s.Sessions = append(s.Sessions, r.shownAt(s.Time))
	}
	return s
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

const keptRequests = 200

// requestLog keeps the last requests. Its zero value is empty.
type requestLog struct {
	mu      sync.Mutex
	records []page.Request // once full, a ring
	next    int            // where the next one goes: the oldest, once the ring is full
}

func (l *requestLog) add(r page.Request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.records) < keptRequests {
		l.records = append(l.records, r)
		return
	}
	l.records[l.next] = r
	l.next = (l.next + 1) % keptRequests
}

// recent returns the last requests, oldest first, in the order in which they were answered.
func (l *requestLog) recent() []page.Request {
	l.mu.Lock()
	defer l.mu.Unlock()
	recent := make([]page.Request, 0, len(l.records))
	recent = append(recent, l.records[l.next:]...)
	return append(recent, l.records[:l.next]...)
}
