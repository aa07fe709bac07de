// SPDX-License-Identifier: MIT

package memory

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator/internal/journal"
	"github.com/arr-go/azremoterendering/service"
)

// Get implements [service.Store], as do the methods below it.
func (m *Store) Get(
	_ context.Context,
	in service.PartitionKey,
	id string,
) (service.Facts, error) {
	m.askAbout(in, id)
	facts, group, found := m.present(in, id)
	if !found {
		return service.Facts{}, service.ErrNotFound
	}
	return facts, m.journal.Wait(group)
}

// Hides reports whether a fault hides a session from reads.
func (m *Store) Hides(in service.PartitionKey, id string) bool {
	if !m.hiding.Load() {
		return false
	}
	now := m.lock()
	defer m.unlock()
	r := m.find(in, id)
	return r != nil && now.Before(r.hiddenUntil)
}

// Extend is part of [service.Store].
func (m *Store) Extend(
	_ context.Context,
	in service.PartitionKey,
	id string,
	from, to time.Duration,
) (service.Facts, error) {
	r, facts, err := m.extend(in, id, from, to)
	if err != nil {
		return facts, err
	}
	m.tellLease(r, -1)
	return facts, m.journal.Wait(m.groupOf(r))
}

func (m *Store) extend(
	in service.PartitionKey,
	id string,
	from, to time.Duration,
) (*record, service.Facts, error) {
	now := m.lock()
	defer m.unlock()
	r := m.find(in, id)
	switch {
	case r == nil:
		return nil, service.Facts{}, service.ErrNotFound
	case r.EndedAs != "" || r.Lease != from:
		return nil, service.Facts{}, service.ErrChanged
	}
	r.Lease = to
	m.changed(r, now)
	return r, r.Facts, nil
}

// tellLease tells a server the lease of its session, unless it knows that already. Of two updates
// at the same time either may reach the server first; the one that returns and finds another lease
// than it told tells that too.
func (m *Store) tellLease(r *record, told time.Duration) {
	for {
		server, lease := m.leaseOf(r)
		if server == nil || lease == told {
			return
		}
		server.SetLease(lease)
		told = lease
	}
}

// leaseOf returns the server of a session, nil if there is none yet or any more, and its present
// lease.
func (m *Store) leaseOf(r *record) (Server, time.Duration) {
	m.lock()
	defer m.unlock()
	if r.EndedAs != "" {
		return nil, 0
	}
	return r.server, r.Lease
}

// Stop is part of [service.Store].
func (m *Store) Stop(
	_ context.Context,
	in service.PartitionKey,
	id string,
) (stopped bool, err error) {
	m.askAbout(in, id)
	stopped, group, err := m.stop(in, id)
	if err != nil {
		return false, err
	}
	return stopped, m.journal.Wait(group)
}

func (m *Store) stop(in service.PartitionKey, id string) (stopped bool, group uint64, err error) {
	now := m.lock()
	defer m.unlock()
	r := m.find(in, id)
	switch {
	case r == nil:
		return false, 0, service.ErrNotFound
	case r.EndedAs != "":
		return false, r.group, nil
	}
	m.finish(r, now, azremoterendering.SessionStatusStopped)
	return true, r.group, nil
}

// List is part of [service.Store]. Cursors are sequence numbers, which are given once and in order,
// so a walk over pages misses no session that lives throughout and shows none twice.
func (m *Store) List(
	_ context.Context,
	in service.PartitionKey,
	query service.ListQuery,
) (page []service.Facts, next string, err error) {
	after, ok := journal.ParseCursor(query.After)
	if !ok {
		return nil, "", service.ErrBadCursor
	}
	m.ask(func(r *record) bool { return r.partition.key == in })
	page, next, group, err := m.list(in, after, query)
	if err != nil {
		return nil, "", err
	}
	return page, next, m.journal.Wait(group)
}

// list returns a page, and the last group of the journal that has a change of what it shows.
func (m *Store) list(in service.PartitionKey, after uint64, query service.ListQuery) (
	page []service.Facts, next string, group uint64, err error,
) {
	now := m.lock()
	defer m.unlock()
	p := m.partitions[in]
	if p == nil {
		p = new(partition)
	}
	if after > p.sequence {
		return nil, "", 0, service.ErrBadCursor
	}
	first, _ := slices.BinarySearchFunc(p.listed, after+1, func(r *record, sequence uint64) int {
		return cmp.Compare(r.sequence, sequence)
	})
	// Once a list leaves a session out, it always does.
	hidden := func(r *record) bool { return r.forgotten || !query.Ended && r.EndedAs != "" }
	skipped := 0
	var last uint64
	page = make([]service.Facts, 0, min(query.Limit, len(p.listed)-first))
	for _, r := range p.listed[first:] {
		if hidden(r) {
			skipped++
			continue
		}
		if now.Before(r.hiddenUntil) {
			continue
		}
		if len(page) == query.Limit {
			next = journal.Cursor(last)
			break
		}
		page = append(page, r.Facts)
		last, group = r.sequence, max(group, r.group)
	}
	// A walk over many ended sessions clears them away, so that a list costs what it shows.
	if skipped > len(p.listed)/2 {
		p.compact(hidden)
	}
	return page, next, group, nil
}

// compact removes what no list shows any more.
func (p *partition) compact(hidden func(*record) bool) {
	p.listed = slices.DeleteFunc(p.listed, hidden)
}
