// SPDX-License-Identifier: MIT

package emulator

import (
	"cmp"
	"context"
	"encoding/binary"
	"slices"

	"github.com/arr-go/azremoterendering/service"
)

// List is part of [service.Store]. Cursors are sequence numbers, which are given once and in order,
// so a walk over pages misses no session that lives throughout and shows none twice.
func (m *memory) List(
	_ context.Context,
	in service.PartitionKey,
	query service.ListQuery,
) (page []service.Facts, next string, err error) {
	after, ok := parseCursor(query.After)
	if !ok {
		return nil, "", service.ErrBadCursor
	}
	m.ask(func(r *record) bool { return r.partition.key == in })
	m.lock()
	defer m.unlock()
	p := m.partitions[in]
	if p == nil {
		p = new(partition)
	}
	if after > p.sequence {
		return nil, "", service.ErrBadCursor
	}
	first, _ := slices.BinarySearchFunc(p.listed, after+1, func(r *record, sequence uint64) int {
		return cmp.Compare(r.sequence, sequence)
	})
	// Once a list leaves a session out, it always does.
	hidden := func(r *record) bool { return r.forgotten || !query.Ended && r.EndedAs != "" }
	skipped := 0
	var last uint64
	for _, r := range p.listed[first:] {
		if hidden(r) {
			skipped++
			continue
		}
		if len(page) == query.Limit {
			next = cursor(last)
			break
		}
		page = append(page, r.Facts)
		last = r.sequence
	}
	// A walk over many ended sessions clears them away, so that a list costs what it shows.
	if skipped > len(p.listed)/2 {
		p.compact(hidden)
	}
	return page, next, nil
}

// compact removes what no list shows any more.
func (p *partition) compact(hidden func(*record) bool) {
	p.listed = slices.DeleteFunc(p.listed, hidden)
}

// cursor spells a sequence number so that nobody takes it for a number of sessions.
func cursor(sequence uint64) string {
	return string(binary.BigEndian.AppendUint64(nil, sequence))
}

// parseCursor is the reverse of cursor. The empty text is the beginning.
func parseCursor(text string) (sequence uint64, ok bool) {
	switch len(text) {
	case 0:
		return 0, true
	case 8:
		return binary.BigEndian.Uint64([]byte(text)), true
	}
	return 0, false
}
