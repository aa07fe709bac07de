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

// bookedKeeper returns the keeper of a session that became Ready now, with half an hour of lease.
func bookedKeeper() *keeper {
	k := newKeeper(
		nil,
		"demo",
		KeepAliveOptions{Threshold: DefaultThreshold, MaxLeaseTime: LongestLease},
	)
	k.bounds.earliest = time.Now()
	k.learn(
		sighting{
			session: arr.Session{
				ID:           "demo",
				Status:       arr.SessionStatusReady,
				MaxLeaseTime: 30 * time.Minute,
			},
			sent:     time.Now(),
			received: time.Now(),
		},
	)
	return k
}

func TestLedgerRefusesWhatTheBudgetDoesNotAllow(t *testing.T) {
	l := newLedger(time.Hour)
	require.NoError(t, l.open("a", 30*time.Minute))
	assert.ErrorIs(t, l.open("b", 31*time.Minute), ErrBudget)
	require.NoError(t, l.open("b", 30*time.Minute))
	assert.ErrorIs(t, l.extend("b", 31*time.Minute), ErrBudget)
	require.NoError(t, l.extend("b", 20*time.Minute), "a shorter total sets nothing aside")
	_, committed := l.totals()
	assert.Equal(t, time.Hour, committed)
}

func TestLedgerChargesWhatASessionCostAndFreesTheRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, k := newLedger(time.Hour), bookedKeeper()
		require.NoError(t, l.open(k.id, 30*time.Minute))
		time.Sleep(10 * time.Minute)
		l.close(k, nil)
		spent, committed := l.totals()
		assert.Equal(t, 10*time.Minute, spent)
		assert.Equal(t, 10*time.Minute, committed)
	})
}

// A session that could not be stopped costs its whole lease, which others may have extended beyond
// what was set aside.
func TestLedgerChargesTheWholeLeaseOfASessionThatGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, k := newLedger(0), bookedKeeper()
		require.NoError(t, l.open(k.id, 30*time.Minute))
		k.learn(
			sighting{
				session: arr.Session{
					ID:           "demo",
					Status:       arr.SessionStatusReady,
					MaxLeaseTime: 50 * time.Minute,
				},
				sent:     time.Now(),
				received: time.Now(),
			},
		)
		l.close(k, &NotStoppedError{SessionID: k.id})
		spent, _ := l.totals()
		assert.Equal(t, 50*time.Minute, spent)
	})
}

// An extension that comes too late, as one that was under way when the session ended, sets nothing
// aside: nobody would free it again.
func TestLedgerExtendsNoSessionThatIsOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, k := newLedger(time.Hour), bookedKeeper()
		require.NoError(t, l.open(k.id, 30*time.Minute))
		l.close(k, nil)
		require.Error(t, l.extend(k.id, 50*time.Minute))
		l.record(k.id, 50*time.Minute) // the answer comes late too
		_, committed := l.totals()
		assert.Zero(t, committed)
	})
}

func TestLedgerForfeitsTheWholeLease(t *testing.T) {
	l := newLedger(time.Hour)
	require.NoError(t, l.open("a", 30*time.Minute))
	l.forfeit("a")
	spent, committed := l.totals()
	assert.Equal(t, 30*time.Minute, spent)
	assert.Equal(t, 30*time.Minute, committed)
}

func TestLedgerThatIsNilSetsNoLimit(t *testing.T) {
	var l *ledger
	require.NoError(t, l.open("a", 1000*time.Hour))
	l.record("a", 1000*time.Hour)
	l.close(nil, nil)
	l.drop("a")
}

// What was never created costs nothing, however long it was tried.
func TestLedgerFreesWhatWasNeverCreated(t *testing.T) {
	l := newLedger(time.Hour)
	require.NoError(t, l.open("a", time.Hour))
	l.drop("a")
	spent, committed := l.totals()
	assert.Zero(t, spent)
	assert.Zero(t, committed)
	require.NoError(t, l.open("b", time.Hour))
}

// An id that was set aside once stays known, for a list may show the session after its end, until
// nobody will ask any more.
func TestLedgerKnowsTheIDsOfSessionsThatAreOver(t *testing.T) {
	l := newLedger(0)
	require.NoError(t, l.open("dropped", time.Hour))
	l.drop("dropped")
	l.adopt("forfeited", time.Hour)
	l.forfeit("forfeited")
	assert.True(t, l.knows("dropped"))
	assert.True(t, l.knows("forfeited"))
	assert.False(t, l.knows("other"))
	l.forgetIDs()
	l.adopt("later", time.Hour)
	assert.False(t, l.knows("later"))
	assert.False(t, l.knows("dropped"))
}
