// SPDX-License-Identifier: MIT

package emulator

import (
	"cmp"
	"slices"
	"time"

	"github.com/arr-go/azremoterendering"
)

// snapshot is the state of everything at one moment.
type snapshot struct {
	time     time.Time
	accounts []accountSnapshot // in the order of [Emulator.Accounts]
	// by account in that order, then by region, then oldest first; ended ones until they are
	// forgotten
	sessions []sessionSnapshot
}

type accountSnapshot struct {
	id, domain string
	region     azremoterendering.Region
}

type sessionSnapshot struct {
	account  string
	region   azremoterendering.Region
	session  session
	since    time.Time // when it came into its state
	readyAt  time.Time // when it became Ready; zero if it has not
	leaseEnd time.Time // when its lease ends or would have ended; zero while that is not known
	endedAt  time.Time // zero if it has not
}

// snapshot returns the state of everything.
func (e *Emulator) snapshot() snapshot {
	var s snapshot
	order := make(map[*account]int)
	for i, a := range e.accounts {
		s.accounts = append(s.accounts, accountSnapshot{a.id, a.domain, a.region})
		order[a] = i
	}
	f := e.fleet
	f.ask(func(*record) bool { return true })
	s.time = f.lock()
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
		s.sessions = append(s.sessions, r.snapshot(s.time))
	}
	return s
}

func (r *record) snapshot(now time.Time) sessionSnapshot {
	s := sessionSnapshot{
		account: r.shelf.account.id,
		region:  r.shelf.region,
		session: r.at(now),
		since:   r.created,
		endedAt: r.endedAt,
	}
	end := now
	if r.endedAs != "" {
		end = r.endedAt
	}
	if r.wasReady(end) {
		s.readyAt = r.readyAt
	}
	if !r.readyAt.IsZero() {
		s.leaseEnd = r.readyAt.Add(r.lease)
	}
	switch {
	case r.endedAs != "":
		s.since = r.endedAt
	case r.shown != "":
		s.since = r.shownSince
	case !s.readyAt.IsZero():
		s.since = r.readyAt
	}
	return s
}
