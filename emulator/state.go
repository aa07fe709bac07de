// SPDX-License-Identifier: MIT

package emulator

import (
	"cmp"
	"slices"
	"time"

	"github.com/arr-go/azremoterendering/emulator/internal/page"
)

// state returns everything the emulator knows, for the page and the administrative path.
func (e *Emulator) state() page.State {
	var s page.State
	order := make(map[*account]int)
	for i, a := range e.accounts {
		s.Accounts = append(s.Accounts, page.Account{ID: a.id, Domain: a.domain, Region: a.region})
		order[a] = i
	}
	s.Requests = e.requests.recent()
	for _, fault := range e.Faults() {
		s.Faults = append(s.Faults, pageFault(fault))
	}
	f := e.fleet
	f.ask(func(*record) bool { return true })
	s.Time = f.lock()
	defer f.unlock()
	var records []*record
	for _, shelf := range f.shelves {
		for _, r := range shelf.sessions {
			records = append(records, r)
		}
	}
	slices.SortFunc(records, func(a, b *record) int {
		return cmp.Or(
			cmp.Compare(order[a.shelf.account], order[b.shelf.account]),
			cmp.Compare(a.shelf.region, b.shelf.region),
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
		Account: r.shelf.account.id,
		Region:  r.shelf.region,
		Session: r.at(now),
		Since:   r.created,
		EndedAt: r.endedAt,
	}
	end := now
	if r.endedAs != "" {
		end = r.endedAt
	}
	if r.wasReady(end) {
		s.ReadyAt = r.readyAt
	}
	if !r.readyAt.IsZero() {
		s.LeaseEnd = r.readyAt.Add(r.lease)
	}
	switch {
	case r.endedAs != "":
		s.Since = r.endedAt
	case r.shown != "":
		s.Since = r.shownSince
	case !s.ReadyAt.IsZero():
		s.Since = r.readyAt
	}
	return s
}
