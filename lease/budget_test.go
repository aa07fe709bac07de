// SPDX-License-Identifier: MIT

package lease

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	arr "github.com/arr-go/azremoterendering"
)

// bookedRenewer returns the renewer of a session that became Ready now, with half an hour of lease.
func bookedRenewer() *renewer {
	r := newRenewer(
		nil,
		"demo",
		KeepAliveOptions{Threshold: DefaultThreshold, MaxLeaseTime: LongestLease},
	)
	r.bounds.earliest = time.Now()
	r.learn(
		observation{
			session: arr.Session{
				ID:           "demo",
				Status:       arr.SessionStatusReady,
				MaxLeaseTime: 30 * time.Minute,
			},
			sent:     time.Now(),
			received: time.Now(),
		},
	)
	return r
}

func TestBudgetRefusesWhatTheBudgetDoesNotAllow(t *testing.T) {
	b := newBudget(time.Hour)
	require.NoError(t, b.open("a", 30*time.Minute))
	assert.ErrorIs(t, b.open("b", 31*time.Minute), ErrBudget)
	require.NoError(t, b.open("b", 30*time.Minute))
	assert.ErrorIs(t, b.extend("b", 31*time.Minute), ErrBudget)
	require.NoError(t, b.extend("b", 20*time.Minute), "a shorter total sets nothing aside")
	_, committed := b.totals()
	assert.Equal(t, time.Hour, committed)
}

func TestBudgetChargesWhatASessionCostAndFreesTheRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, r := newBudget(time.Hour), bookedRenewer()
		require.NoError(t, b.open(r.id, 30*time.Minute))
		time.Sleep(10 * time.Minute)
		b.close(r, nil)
		spent, committed := b.totals()
		assert.Equal(t, 10*time.Minute, spent)
		assert.Equal(t, 10*time.Minute, committed)
	})
}

// A session that could not be stopped costs its whole lease, which others may have extended beyond
// what was set aside.
func TestBudgetChargesTheWholeLeaseOfASessionThatGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, r := newBudget(0), bookedRenewer()
		require.NoError(t, b.open(r.id, 30*time.Minute))
		r.learn(
			observation{
				session: arr.Session{
					ID:           "demo",
					Status:       arr.SessionStatusReady,
					MaxLeaseTime: 50 * time.Minute,
				},
				sent:     time.Now(),
				received: time.Now(),
			},
		)
		b.close(r, &NotStoppedError{SessionID: r.id})
		spent, _ := b.totals()
		assert.Equal(t, 50*time.Minute, spent)
	})
}

// An extension that comes too late, as one that was under way when the session ended, sets nothing
// aside: nobody would free it again.
func TestBudgetExtendsNoSessionThatIsOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, r := newBudget(time.Hour), bookedRenewer()
		require.NoError(t, b.open(r.id, 30*time.Minute))
		b.close(r, nil)
		require.Error(t, b.extend(r.id, 50*time.Minute))
		b.record(r.id, 50*time.Minute) // the answer comes late too
		_, committed := b.totals()
		assert.Zero(t, committed)
	})
}

func TestBudgetForfeitsTheWholeLease(t *testing.T) {
	b := newBudget(time.Hour)
	require.NoError(t, b.open("a", 30*time.Minute))
	b.forfeit("a")
	spent, committed := b.totals()
	assert.Equal(t, 30*time.Minute, spent)
	assert.Equal(t, 30*time.Minute, committed)
}

func TestBudgetThatIsNilSetsNoLimit(t *testing.T) {
	var b *budget
	require.NoError(t, b.open("a", 1000*time.Hour))
	b.record("a", 1000*time.Hour)
	b.close(nil, nil)
	b.drop("a")
}

// What was never created costs nothing, however long it was tried.
func TestBudgetFreesWhatWasNeverCreated(t *testing.T) {
	b := newBudget(time.Hour)
	require.NoError(t, b.open("a", time.Hour))
	b.drop("a")
	spent, committed := b.totals()
	assert.Zero(t, spent)
	assert.Zero(t, committed)
	require.NoError(t, b.open("b", time.Hour))
}

// An id stays known for as long as a list may show the session.
func TestBudgetKnowsTheIDsOfSessionsThatAreOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBudget(0)
		require.NoError(t, b.open("dropped", time.Hour))
		b.drop("dropped")
		b.adopt("open", time.Hour)
		b.adopt("forfeited", time.Hour)
		b.forfeit("forfeited")
		time.Sleep(24 * time.Hour)
		require.NoError(t, b.open("other", time.Hour))
		b.drop("other")
		assert.True(t, b.knows("dropped"))
		assert.True(t, b.knows("forfeited"), "it may run for a day")
		assert.False(t, b.knows("stranger"))
		time.Sleep(24 * time.Hour)
		require.NoError(t, b.open("last", time.Hour))
		b.drop("last")
		assert.Len(t, b.closed, 2, "the others are forgotten")
		assert.True(t, b.knows("open"))
	})
}
