// SPDX-License-Identifier: MIT

package lease

import (
	"fmt"
	"sync"
	"time"
)

// budget is the account of a pool's session time. What is set aside for a session is its whole
// lease: so much is billed even if nobody stops it. A nil budget sets no limit and charges nothing.
type budget struct {
	limit time.Duration // 0 is no limit

	mu    sync.Mutex
	spent time.Duration
	aside map[string]time.Duration // by session id
	// the ids of all sessions that were ever set aside; nil when nobody will ask for them any more
	known map[string]struct{}
}

func newBudget(limit time.Duration) *budget {
	return &budget{
		limit: limit,
		aside: make(map[string]time.Duration),
		known: make(map[string]struct{}),
	}
}

// open sets the first lease of a session aside, or refuses.
func (b *budget) open(id string, total time.Duration) error {
	if b == nil {
		return nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.set(id, total)
}

// extend sets a session's lease of so much in total aside, or refuses. A session that was closed
// stays closed: what would be set aside for it now would never be charged or freed again.
func (b *budget) extend(id string, total time.Duration) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, open := b.aside[id]; !open {
		return fmt.Errorf("session %q is over", id)
	}
	return b.set(id, total)
}

// allows returns nil if the budget has room for one more lease, and otherwise why not.
func (b *budget) allows(total time.Duration) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.room(total)
}

func (b *budget) set(id string, total time.Duration) error {
	if err := b.room(total - b.aside[id]); err != nil {
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

// adopt sets aside what a session that exists already may cost, whatever the budget.
func (b *budget) adopt(id string, total time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.put(id, total)
}

// record sets aside what a lease really is, whatever the budget: the service may have granted more
// than was asked for, and others may have extended it. As with extend, a session that was closed
// stays closed.
func (b *budget) record(id string, total time.Duration) {
	if b == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, open := b.aside[id]; open {
		b.put(id, total)
	}
}

// put notes what is set aside for a session. The lock is held.
func (b *budget) put(id string, total time.Duration) {
	b.aside[id] = max(total, b.aside[id])
	if b.known != nil {
		b.known[id] = struct{}{}
	}
}

// drop frees what was set aside for a session that was never created. Nothing is charged.
func (b *budget) drop(id string) {
	if b == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.aside, id)
}

// knows reports whether something was ever set aside for a session, and so whether its pool has or
// had to do with it.
func (b *budget) knows(id string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	_, known := b.known[id]
	return known
}

// forgetIDs says that nobody will ask any more which ids are known.
func (b *budget) forgetIDs() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.known = nil
}

// close charges what a session that is over has cost; that is its whole lease if it could not be
// stopped. The lease may be longer than what was set aside for it, for others can extend it too.
func (b *budget) close(r *renewer, notStopped error) {
	if b == nil {
		return
	}
	cost, total := r.cost(time.Now()), r.total()
	b.mu.Lock()
	defer b.mu.Unlock()
	whole := max(total, b.aside[r.id])
	if notStopped != nil {
		cost = whole
	}
	b.spent += min(cost, whole)
	delete(b.aside, r.id)
}

// forfeit charges the whole lease of a session that goes on.
func (b *budget) forfeit(id string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.spent += b.aside[id]
	delete(b.aside, id)
}

func (b *budget) committed() time.Duration {
	sum := b.spent
	for _, total := range b.aside {
		sum += total
	}
	return sum
}

// totals returns what is spent, and what is spent or set aside.
func (b *budget) totals() (spent, committed time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.spent, b.committed()
}
