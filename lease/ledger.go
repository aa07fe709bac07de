// SPDX-License-Identifier: MIT

package lease

import (
	"fmt"
	"sync"
	"time"
)

// ledger is the account of a pool's session time. What is set aside for a session is its whole
// lease: so much is billed even if nobody stops it. A nil ledger sets no limit and charges nothing.
type ledger struct {
	budget time.Duration // 0 is no limit

	mutex sync.Mutex
	spent time.Duration
	aside map[string]time.Duration // by session id
	// the ids of all sessions that were ever set aside; nil when nobody will ask for them any more
	known map[string]struct{}
}

func newLedger(budget time.Duration) *ledger {
	return &ledger{
		budget: budget,
		aside:  make(map[string]time.Duration),
		known:  make(map[string]struct{}),
	}
}

// open sets the first lease of a session aside, or refuses.
func (l *ledger) open(id string, total time.Duration) error {
	if l == nil {
		return nil
	}
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return l.set(id, total)
}

// extend sets a session's lease of so much in total aside, or refuses. A session that was closed
// stays closed: what would be set aside for it now would never be charged or freed again.
func (l *ledger) extend(id string, total time.Duration) error {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if _, open := l.aside[id]; !open {
		return fmt.Errorf("session %q is over", id)
	}
	return l.set(id, total)
}

func (l *ledger) set(id string, total time.Duration) error {
	if more := total - l.aside[id]; l.budget > 0 && more > 0 && l.committed()+more > l.budget {
		return fmt.Errorf(
			"%w: of %v, %v are spent or set aside, and %v more would be needed",
			ErrBudget,
			l.budget,
			l.committed(),
			more,
		)
	}
	l.put(id, total)
	return nil
}

// adopt sets aside what a session that exists already may cost, whatever the budget.
func (l *ledger) adopt(id string, total time.Duration) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.put(id, total)
}

// record sets aside what a lease really is, whatever the budget: the service may have granted more
// than was asked for, and others may have extended it. As with extend, a session that was closed
// stays closed.
func (l *ledger) record(id string, total time.Duration) {
	if l == nil {
		return
	}
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if _, open := l.aside[id]; open {
		l.put(id, total)
	}
}

// put notes what is set aside for a session. The mutex is held.
func (l *ledger) put(id string, total time.Duration) {
	l.aside[id] = max(total, l.aside[id])
	if l.known != nil {
		l.known[id] = struct{}{}
	}
}

// drop frees what was set aside for a session that was never created. Nothing is charged.
func (l *ledger) drop(id string) {
	if l == nil {
		return
	}
	l.mutex.Lock()
	defer l.mutex.Unlock()
	delete(l.aside, id)
}

// knows reports whether something was ever set aside for a session, and so whether its pool has or
// had to do with it.
func (l *ledger) knows(id string) bool {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	_, known := l.known[id]
	return known
}

// forgetIDs says that nobody will ask any more which ids are known.
func (l *ledger) forgetIDs() {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.known = nil
}

// close charges what a session that is over has cost; that is its whole lease if it could not be
// stopped. The lease may be longer than what was set aside for it, for others can extend it too.
func (l *ledger) close(k *keeper, notStopped error) {
	if l == nil {
		return
	}
	cost, total := k.cost(time.Now()), k.total()
	l.mutex.Lock()
	defer l.mutex.Unlock()
	whole := max(total, l.aside[k.id])
	if notStopped != nil {
		cost = whole
	}
	l.spent += min(cost, whole)
	delete(l.aside, k.id)
}

// forfeit charges the whole lease of a session that goes on.
func (l *ledger) forfeit(id string) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.spent += l.aside[id]
	delete(l.aside, id)
}

func (l *ledger) committed() time.Duration {
	sum := l.spent
	for _, total := range l.aside {
		sum += total
	}
	return sum
}

// totals returns what is spent, and what is spent or set aside.
func (l *ledger) totals() (spent, committed time.Duration) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return l.spent, l.committed()
}
