// SPDX-License-Identifier: MIT

package lease

import (
	"fmt"
	"sync"
	"time"
)

// ledger is the account of a pool's session time. What is set aside for a session is its whole lease: so much is billed even if nobody stops it. A nil
// ledger sets no limit and charges nothing.
type ledger struct {
	budget time.Duration // 0 is no limit

	mutex sync.Mutex
	spent time.Duration
	aside map[string]time.Duration // by session id
}

func newLedger(budget time.Duration) *ledger {
	return &ledger{budget: budget, aside: make(map[string]time.Duration)}
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

// extend sets a session's lease of so much in total aside, or refuses. A session that was closed stays closed: what would be set aside for it now would
// never be charged or freed again.
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
		return fmt.Errorf("%w: of %v, %v are spent or set aside, and %v more would be needed", ErrBudget, l.budget, l.committed(), more)
	}
	l.aside[id] = max(total, l.aside[id])
	return nil
}

// record sets aside what a session that exists already may cost, whatever the budget.
func (l *ledger) record(id string, total time.Duration) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.aside[id] = max(total, l.aside[id])
}

// close charges what a session that is over has cost; that is its whole lease if it could not be stopped. The lease may be longer than what was set aside
// for it, for others can extend it too.
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
