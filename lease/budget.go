// SPDX-License-Identifier: MIT

package lease

import (
	"fmt"
	"sync"
	"time"
)

// budget accounts for the session time of a pool. It reserves the whole lease of a session, which
// is billed if nobody stops the session. A nil budget has no limit and charges nothing.
type budget struct {
	limit time.Duration // 0 is no limit

	mu       sync.Mutex
	spent    time.Duration
	reserved map[string]time.Duration // by session id
	// known are the ids of all sessions that ever had a reservation; nil after forgetIDs
	known map[string]struct{}
}

func newBudget(limit time.Duration) *budget {
	return &budget{
		limit:    limit,
		reserved: make(map[string]time.Duration),
		known:    make(map[string]struct{}),
	}
}

// open reserves the first lease of a session, or refuses.
func (b *budget) open(id string, total time.Duration) error {
	if b == nil {
		return nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.set(id, total)
}

// extend reserves a longer total for the lease of a session, or refuses. A closed session stays
// closed: nothing would ever free what is reserved for it now.
func (b *budget) extend(id string, total time.Duration) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, open := b.reserved[id]; !open {
		return fmt.Errorf("session %q has ended", id)
	}
	return b.set(id, total)
}

// allows returns nil if the budget has room for one more lease, and otherwise why not.
func (b *budget) allows(total time.Duration) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.room(total)
}

// set reserves a total for a session, or refuses.
func (b *budget) set(id string, total time.Duration) error {
	if err := b.room(total - b.reserved[id]); err != nil {
		return err
	}
	b.put(id, total)
	return nil
}

// room returns nil if so much more can be reserved, and otherwise why not.
func (b *budget) room(more time.Duration) error {
	if b.limit == 0 || more <= 0 || b.committed()+more <= b.limit {
		return nil
	}
	return fmt.Errorf("%w: of %v, %v are spent or reserved, and %v more are needed",
		ErrBudget, b.limit, b.committed(), more)
}

// adopt reserves the lease of a session that exists already, even beyond the limit.
func (b *budget) adopt(id string, total time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.put(id, total)
}

// record reserves what the service shows, even beyond the limit: it may have granted more than was
// requested, and others may have extended the lease. As with extend, a closed session stays closed.
func (b *budget) record(id string, total time.Duration) {
	if b == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, open := b.reserved[id]; open {
		b.put(id, total)
	}
}

// put records a reservation, which never shrinks. The lock is held.
func (b *budget) put(id string, total time.Duration) {
	b.reserved[id] = max(total, b.reserved[id])
	if b.known != nil {
		b.known[id] = struct{}{}
	}
}

// drop frees the reservation of a session that was never created. Nothing is charged.
func (b *budget) drop(id string) {
	if b == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.reserved, id)
}

// knows reports whether a session ever had a reservation, and so belongs or belonged to the pool.
func (b *budget) knows(id string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	_, known := b.known[id]
	return known
}

// forgetIDs frees the memory of knows, which will not be called any more.
func (b *budget) forgetIDs() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.known = nil
}

// close frees the reservation of a session and charges what it has cost: its whole lease if it
// could not be stopped. The lease may be longer than the reservation, because others can extend it.
func (b *budget) close(r *renewer, notStopped error) {
	if b == nil {
		return
	}
	cost, total := r.cost(time.Now()), r.total()
	b.mu.Lock()
	defer b.mu.Unlock()
	whole := max(total, b.reserved[r.id])
	if notStopped != nil {
		cost = whole
	}
	b.spent += min(cost, whole)
	delete(b.reserved, r.id)
}

// forfeit charges the whole lease of a session that runs on.
func (b *budget) forfeit(id string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.spent += b.reserved[id]
	delete(b.reserved, id)
}

// committed returns what is spent or reserved. The lock is held.
func (b *budget) committed() time.Duration {
	sum := b.spent
	for _, total := range b.reserved {
		sum += total
	}
	return sum
}

// totals returns what is spent, and what is spent or reserved.
func (b *budget) totals() (spent, committed time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.spent, b.committed()
}
