// SPDX-License-Identifier: MIT

package lease

import (
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// The budget may refuse a creation a moment before a session that ended gives some of it back.
// Calls wait on, and the next step decides again.
func TestPoolIgnoresARefusalByTheBudgetThatIsOutdated(t *testing.T) {
	w := &waiter{call: 1, served: make(chan *entry, 1), failed: make(chan error, 1)}
	e := &entry{state: stateStarting, own: true, began: time.Now()}
	p := &Pool{
		options: PoolOptions{Max: 1, LeaseTime: time.Hour, Logger: slog.New(slog.DiscardHandler)},
		budget:  newBudget(time.Hour),
		wake:    make(chan struct{}, 1),
		pace:    newPace(),
		entries: entries{all: []*entry{e}},
		waiters: []*waiter{w},
	}
	p.creationFailed(t.Context(), e, nil, fmt.Errorf("no session: %w", ErrBudget))
	assert.Empty(t, w.failed, "the call goes on waiting")
	assert.Len(t, p.wake, 1, "the pool decides again")
	assert.Equal(t, 1, decide(p.count()).create, "and creates a session at once")
}

// While the budget allows no session and none can come back, waiting is in vain.
func TestPoolEndsCallsThatTheBudgetWillNeverServe(t *testing.T) {
	w := &waiter{call: 1, served: make(chan *entry, 1), failed: make(chan error, 1)}
	p := &Pool{
		options: PoolOptions{Max: 1, LeaseTime: time.Hour},
		budget:  newBudget(time.Minute),
		pace:    newPace(),
		waiters: []*waiter{w},
	}
	refusal := p.act(decide(p.count()))
	assert.ErrorIs(t, refusal, ErrBudget, "it is logged")
	assert.ErrorIs(t, <-w.failed, ErrBudget)
	assert.NoError(t, p.act(decide(p.count())), "once")
}
