// SPDX-License-Identifier: MIT

package lease_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator"
	"github.com/arr-go/azremoterendering/lease"
)

// After a crash, a device goes on with its session: it names it, and the pool leaves it to the
// device.
func TestPoolTakesOverAfterACrash(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newPoolService(t)
		options := lease.PoolOptions{
			IDPrefix:    "pool-",
			Warm:        1,
			Max:         4,
			IdleTimeout: 4 * time.Minute,
		}
		var inUse string
		s.crash(options, func(p *lease.Pool) {
			inUse = s.acquire(p).Session().ID
			time.Sleep(3 * time.Minute)
		})
		before := s.running()
		require.Len(t, before, 2)

		p := s.newPool(options)
		l, err := p.Claim(t.Context(), inUse)
		require.NoError(t, err)
		assert.Equal(t, inUse, l.Session().ID)
		same, err := p.Claim(t.Context(), inUse)
		require.NoError(t, err)
		assert.Same(t, l, same)
		assert.Equal(t, 1, p.Stats().Unclaimed, "nobody can tell that the other was idle")
		for range 100 {
			time.Sleep(3 * time.Minute)
			l.Touch()
		}
		require.NoError(t, l.Context().Err(), "its lease is kept")
		assert.Subset(t, before, []string{inUse})
		assert.Len(t, s.running(), 2)
		assert.Equal(t, 1, p.Stats().Idle)

		time.Sleep(4*time.Minute + time.Second)
		assert.ErrorIs(
			t,
			context.Cause(l.Context()),
			lease.ErrIdle,
			"heartbeats count as for any lease",
		)
		assert.Equal(t, arr.SessionStatusStopped, s.get(inUse).Status)
	})
}

// Sessions that nobody has claimed in time are stopped: a device that is silent may still be
// connected, and share its session with the next.
func TestPoolStopsUnclaimedSessions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newPoolService(t)
		s.ready("pool-a", 30*time.Minute)
		s.ready("pool-b", 30*time.Minute)
		s.ready("other-a", 90*time.Minute)
		p := s.newPool(
			lease.PoolOptions{IDPrefix: "pool-", Warm: 1, Max: 3, ClaimTime: 10 * time.Minute},
		)
		time.Sleep(9 * time.Minute)
		assert.Equal(t, 2, p.Stats().Unclaimed)
		assert.Equal(t, 1, p.Stats().Idle, "a new one")
		time.Sleep(2 * time.Minute)
		assert.Equal(t, arr.SessionStatusStopped, s.get("pool-a").Status)
		assert.Equal(t, arr.SessionStatusStopped, s.get("pool-b").Status)
		assert.Len(t, s.running(), 2, "the warm one, and that of somebody else")
		_, err := p.Claim(t.Context(), "pool-a")
		assert.ErrorIs(t, err, arr.ErrNotFound)
	})
}

// A program that knows that no device holds a session uses what is left at once, and stops what is
// too much.
func TestPoolUsesSessionsThatNobodyCanHold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newPoolService(t)
		for _, id := range []string{"pool-a", "pool-b", "pool-c", "pool-d", "pool-e"} {
			s.create(id, arr.SessionSizeStandard, 30*time.Minute)
		}
		s.create("other-a", arr.SessionSizeStandard, 90*time.Minute)
		time.Sleep(3 * time.Minute)
		p := s.newPool(lease.PoolOptions{IDPrefix: "pool-", Warm: 2, Max: 5, ClaimTime: -1})
		time.Sleep(time.Minute)
		assert.Equal(t, 2, p.Stats().Idle)
		assert.Zero(t, s.count("GET"), "they are seen in the list alone")
		assert.Zero(t, s.count("PUT"))
		assert.Len(t, s.running(), 3, "two warm ones, and that of somebody else")
		l := s.acquireAtOnce(p)
		assert.Regexp(t, "^pool-[a-e]$", l.Session().ID)
		_, err := p.Claim(t.Context(), "other-a")
		assert.ErrorIs(t, err, arr.ErrNotFound)
		_, err = p.Claim(t.Context(), "pool-x")
		assert.ErrorIs(t, err, arr.ErrNotFound)
	})
}

// A session that was not Ready was held by no device. It is used as soon as it is Ready, and given
// up if that takes too long.
func TestPoolTakesOverSessionsThatAreStarting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newPoolService(t)
		remove := s.fault(emulator.Fault{Session: "pool-never", Start: emulator.StartNever})
		s.create("pool-never", arr.SessionSizeStandard, 30*time.Minute)
		s.create("pool-soon", arr.SessionSizeStandard, 30*time.Minute)
		remove()
		// Two are wanted even before the call below waits, so none of them is one too many.
		p := s.newPool(lease.PoolOptions{IDPrefix: "pool-", Warm: 2, Max: 2, ClaimTime: time.Hour})
		began := time.Now()
		l := s.acquire(p)
		assert.LessOrEqual(t, time.Since(began), 2*time.Minute+5*time.Second)
		assert.Equal(t, "pool-soon", l.Session().ID)
		time.Sleep(13 * time.Minute)
		assert.Equal(t, arr.SessionStatusStopped, s.get("pool-never").Status)
		s.acquireAtOnce(p)
	})
}

// A device may go on with a session of a size that new ones no longer have. It goes to no other.
func TestPoolHandsOutNoSessionOfAnotherSize(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newPoolService(t)
		s.create("pool-claimed", arr.SessionSizePremium, 30*time.Minute)
		s.create("pool-unclaimed", arr.SessionSizePremium, 30*time.Minute)
		time.Sleep(3 * time.Minute)
		p := s.newPool(
			lease.PoolOptions{IDPrefix: "pool-", Warm: 1, Max: 3, ClaimTime: 5 * time.Minute},
		)
		l, err := p.Claim(t.Context(), "pool-claimed")
		require.NoError(t, err)
		time.Sleep(6 * time.Minute)
		assert.Equal(t, arr.SessionStatusStopped, s.get("pool-unclaimed").Status)
		assert.Equal(t, arr.SessionStatusReady, s.get("pool-claimed").Status)
		first := s.acquireAtOnce(p)
		served := s.acquireLater(t.Context(), p)
		synctest.Wait()
		require.NoError(t, p.Return(l))
		second := <-served
		for _, l := range []*lease.Lease{first, second} {
			assert.Equal(t, arr.SessionSizeStandard, l.Session().Size)
		}
		assert.Equal(t, arr.SessionStatusStopped, s.get("pool-claimed").Status)
	})
}

// A lease of 1440 minutes cannot be extended, and is still long.
func TestPoolUsesTheLongestLeaseOfAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newPoolService(t)
		s.create("pool-long", arr.SessionSizeStandard, 1440*time.Minute)
		time.Sleep(2 * time.Hour)
		p := s.newPool(lease.PoolOptions{IDPrefix: "pool-", Warm: 1, Max: 1, ClaimTime: -1})
		assert.Equal(t, "pool-long", s.acquire(p).Session().ID)
	})
}

// More sessions than there may be are left by an earlier run: those in use stay, and no other is
// created until there is room.
func TestPoolTakesOverMoreThanMax(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newPoolService(t)
		ids := []string{"pool-a", "pool-b", "pool-c"}
		for _, id := range ids {
			s.create(id, arr.SessionSizeStandard, 30*time.Minute)
		}
		time.Sleep(3 * time.Minute)
		p := s.newPool(lease.PoolOptions{IDPrefix: "pool-", Max: 2})
		var claimed []*lease.Lease
		for _, id := range ids {
			l, err := p.Claim(t.Context(), id)
			require.NoError(t, err)
			claimed = append(claimed, l)
		}
		served := s.acquireLater(t.Context(), p)
		time.Sleep(time.Hour)
		require.NoError(t, claimed[0].Release(t.Context()))
		time.Sleep(time.Hour)
		assert.Len(t, s.running(), 2)
		require.NoError(t, p.Return(claimed[1]))
		assert.Equal(t, "pool-b", (<-served).Session().ID)
	})
}

// Until the sessions of the earlier run are known, the pool creates none: there might be too many.
func TestPoolWaitsForTheListOfItsSessions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newPoolService(t)
		s.create("pool-a", arr.SessionSizeStandard, 60*time.Minute)
		time.Sleep(3 * time.Minute)
		fix := s.fault(emulator.Fault{Operation: "list", Status: 503})
		p := s.newPool(lease.PoolOptions{IDPrefix: "pool-", Warm: 1, Max: 1})
		claimed := make(chan error)
		go func() {
			_, err := p.Claim(t.Context(), "pool-a")
			claimed <- err
		}()
		time.Sleep(20 * time.Minute)
		assert.Zero(t, s.count("PUT"))
		assert.Error(t, p.Stats().LastError)
		fix()
		assert.NoError(t, <-claimed)
	})
}

// The sessions of an earlier run are charged with their whole leases, so that the budget holds from
// one run to the next.
func TestPoolChargesSessionsTakenOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newPoolService(t)
		s.create("pool-a", arr.SessionSizeStandard, 50*time.Minute)
		time.Sleep(3 * time.Minute)
		p := s.newPool(lease.PoolOptions{IDPrefix: "pool-", Max: 2, Budget: time.Hour})
		l, err := p.Claim(t.Context(), "pool-a")
		require.NoError(t, err)
		assert.Equal(t, 50*time.Minute, p.Stats().Committed)
		served := s.acquireLater(t.Context(), p)
		time.Sleep(10 * time.Minute)
		assert.Zero(t, p.Stats().Created, "there is no budget for half an hour more")
		require.NoError(t, l.Release(t.Context()))
		<-served
		assert.Len(t, s.running(), 1)
	})
}
