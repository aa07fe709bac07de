// SPDX-License-Identifier: MIT

package lease

import (
	"fmt"
	"maps"
	"math"
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
	// closed says when the reservation of a session was freed, until nobody can list it any more
	closed map[string]time.Time
	tidied time.Time // when closed was last tidied
}

func newBudget(limit time.Duration) *budget {
	return &budget{
		limit:    limit,
		reserved: make(map[string]time.Duration),
		closed:   make(map[string]time.Time),
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

// leases returns how many more leases of that length the budget has room for.
func (b *budget) leases(length time.Duration) int {
	if b.limit == 0 {
		return math.MaxInt
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return int(max(0, b.limit-b.committed()) / length)
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
}

// free frees a reservation, and remembers the id for longer than any session lives. The lock is
// held.
func (b *budget) free(id string) {
	const remembered, tidyEvery = LongestLease + 2*time.Hour, time.Hour
	now := time.Now()
	delete(b.reserved, id)
	b.closed[id] = now
	if now.Sub(b.tidied) > tidyEvery {
		b.tidied = now
		maps.DeleteFunc(b.closed, func(_ string, t time.Time) bool { return now.Sub(t) > remembered })
	}
}

// drop frees the reservation of a session that was never created. Nothing is charged.
func (b *budget) drop(id string) {
	if b == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.free(id)
}

// knows reports whether a session has or had a reservation, and so belongs or belonged to the pool.
func (b *budget) knows(id string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	_, open := b.reserved[id]
	_, closed := b.closed[id]
	return open || closed
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
	b.free(r.id)
}

// forfeit charges the whole lease of a session that runs on.
func (b *budget) forfeit(id string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.spent += b.reserved[id]
	b.free(id)
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
