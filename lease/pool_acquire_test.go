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

var endings = []arr.SessionStatus{
	arr.SessionStatusError,
	arr.SessionStatusStopped,
	arr.SessionStatusExpired,
}

// A session that has just ended, which the pool cannot know yet, is not handed out.
func TestPoolHandsOutNoSessionThatHasEnded(t *testing.T) {
	for _, status := range endings {
		synctest.Test(t, func(t *testing.T) {
			s := newPoolService(t)
			p := s.newWarmPool(poolOptions)
			dead := s.running()
			for _, id := range dead {
				require.NoError(t, s.emulator.SetStatus(id, status))
			}
			l := s.acquire(p)
			assert.NotContains(t, dead, l.Session().ID)
		})
	}
}

func TestPoolReplacesSessionsThatHaveEnded(t *testing.T) {
	for _, status := range endings {
		synctest.Test(t, func(t *testing.T) {
			s := newPoolService(t)
			p := s.newWarmPool(poolOptions)
			for _, id := range s.running() {
				require.NoError(t, s.emulator.SetStatus(id, status))
			}
			time.Sleep(30*time.Second + 2*time.Minute + 10*time.Second)
			assert.Equal(t, 2, p.Stats().Idle)
			assert.Len(t, s.running(), 2)
			s.acquireAtOnce(p)
		})
	}
}

// A session that is handed out and ends ends the lease with the reason, and makes room.
func TestPoolEndsTheLeaseOfASessionThatEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newPoolService(t)
		p := s.newPool(lease.PoolOptions{IDPrefix: "pool-", Max: 1})
		l := s.acquire(p)
		s.stop(l.Session().ID)
		<-l.Context().Done()
		assert.ErrorIs(t, context.Cause(l.Context()), lease.ErrStopped)
		assert.ErrorIs(t, p.Return(l), lease.ErrNotHandedOut)
		s.acquire(p)
	})
}

// MinRemaining is guaranteed at the moment of the hand-out, though the leases of warm sessions
// are kept short.
func TestPoolKeepsItsPromise(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newPoolService(t)
		p := s.newWarmPool(
			lease.PoolOptions{IDPrefix: "pool-", Warm: 2, Max: 4, MinRemaining: 90 * time.Minute},
		)
		for range 50 {
			l := s.acquireAtOnce(p)
			assert.GreaterOrEqual(t, time.Until(s.life(l.Session().ID).LeaseEnd), 90*time.Minute)
			atLeast, _ := l.Remaining()
			assert.GreaterOrEqual(t, atLeast, 90*time.Minute)
			require.NoError(t, p.Return(l))
			time.Sleep(7 * time.Minute)
		}
	})
}

// No lease goes beyond 1439 minutes. Sessions that come near are replaced before they become
// useless, so that there are always warm ones.
func TestPoolReplacesSessionsBeforeTheyAreTooOld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newPoolService(t)
		const promise = 5 * time.Hour
		p := s.newWarmPool(
			lease.PoolOptions{IDPrefix: "pool-", Warm: 2, Max: 4, MinRemaining: promise},
		)
		for range 3 * 24 {
			l := s.acquireAtOnce(p)
			require.GreaterOrEqual(t, time.Until(s.life(l.Session().ID).LeaseEnd), promise)
			require.NoError(t, p.Return(l))
			time.Sleep(time.Hour)
		}
		oldest := time.Duration(0)
		for _, life := range s.lives() {
			oldest = max(oldest, life.billed(time.Now()))
		}
		assert.LessOrEqual(t, oldest, lease.LongestLease-promise, "a session that nobody can use is not kept")
		assert.GreaterOrEqual(
			t,
			oldest,
			lease.LongestLease-promise-20*time.Minute,
			"and one of use is",
		)
		assert.LessOrEqual(
			t,
			s.billed(),
			2*3*24*time.Hour+time.Hour,
			"the old ones overlap with the new ones for moments",
		)
	})
}

// With no room beside the old sessions they serve for as long as they can.
func TestPoolRetiresASessionThatCannotKeepThePromise(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newPoolService(t)
		p := s.newWarmPool(
			lease.PoolOptions{
				IDPrefix:     "pool-",
				Warm:         1,
				Max:          1,
				MaxLeaseTime: 2 * time.Hour,
				MinRemaining: time.Hour,
			},
		)
		old := s.running()[0]
		time.Sleep(58*time.Minute + 30*time.Second)
		l := s.acquireAtOnce(p)
		assert.Equal(t, old, l.Session().ID)
		require.NoError(t, p.Return(l))
		time.Sleep(time.Minute)
		l = s.acquire(p)
		assert.NotEqual(t, old, l.Session().ID)
		assert.Equal(t, arr.SessionStatusStopped, s.get(old).Status)
	})
}

// A session that the service extends no further is found out when it is to be handed out, and
// replaced.
func TestPoolRetiresASessionWhoseLeaseIsNotExtended(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newPoolService(t)
		p := s.newWarmPool(lease.PoolOptions{IDPrefix: "pool-", Warm: 1, Max: 1})
		old := s.running()[0]
		s.fault(emulator.Fault{Operation: "update", Session: old, Status: 422})
		time.Sleep(25 * time.Minute)
		assert.NotEqual(t, old, s.acquire(p).Session().ID)
	})
}

func TestPoolStopsASessionWithoutSignOfLife(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newPoolService(t)
		p := s.newPool(lease.PoolOptions{IDPrefix: "pool-", Max: 1, IdleTimeout: 5 * time.Minute})
		l := s.acquire(p)
		for range 10 {
			time.Sleep(4 * time.Minute)
			l.Touch()
		}
		require.NoError(t, l.Context().Err())
		time.Sleep(5 * time.Minute)
		synctest.Wait()
		assert.ErrorIs(t, context.Cause(l.Context()), lease.ErrIdle)
		assert.Empty(t, s.running())
		assert.ErrorIs(t, p.Return(l), lease.ErrNotHandedOut)
		assert.Zero(t, p.Stats().HandedOut)
	})
}

// Whatever is done with a lease that was returned, the next device has the session for itself.
func TestPoolReturnedLeaseHasNoSayInTheSession(t *testing.T) {
	for name, late := range map[string]func(p *lease.Pool, l *lease.Lease){
		"Release":      func(_ *lease.Pool, l *lease.Lease) { _ = l.Release(context.Background()) },
		"Detach":       func(_ *lease.Pool, l *lease.Lease) { l.Detach() },
		"Touch":        func(_ *lease.Pool, l *lease.Lease) { l.Touch() },
		"Return":       func(p *lease.Pool, l *lease.Lease) { _ = p.Return(l) },
		"idle timeout": func(*lease.Pool, *lease.Lease) {},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newPoolService(t)
				p := s.newPool(
					lease.PoolOptions{IDPrefix: "pool-", Max: 1, IdleTimeout: 5 * time.Minute},
				)
				old := s.acquire(p)
				time.Sleep(4 * time.Minute)
				served := s.acquireLater(t.Context(), p)
				synctest.Wait()
				require.NoError(t, p.Return(old))
				l := <-served
				require.Equal(t, old.Session().ID, l.Session().ID)

				late(p, old)
				time.Sleep(4 * time.Minute)
				assert.NoError(t, l.Context().Err())
				assert.Equal(t, 1, p.Stats().HandedOut)
				l.Touch()
				time.Sleep(4 * time.Minute)
				assert.NoError(t, l.Context().Err())
				assert.Len(t, s.running(), 1)
				assert.ErrorIs(t, context.Cause(old.Context()), lease.ErrReleased)
			})
		})
	}
}

func TestPoolReturnRefusesWhatItHasNotHandedOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newPoolService(t)
		p := s.newPool(lease.PoolOptions{IDPrefix: "pool-", Max: 3})
		foreign, err := lease.Acquire(t.Context(), s.client, lease.AcquireOptions{})
		require.NoError(t, err)
		assert.ErrorIs(t, p.Return(nil), arr.ErrInvalidArgument)
		assert.ErrorIs(t, p.Return(new(lease.Lease)), arr.ErrInvalidArgument)
		assert.ErrorIs(t, p.Return(foreign), lease.ErrNotHandedOut)
		require.NoError(t, foreign.Context().Err(), "it is left alone")
		require.NoError(t, foreign.Release(t.Context()))

		released, detached, returned := s.acquire(p), s.acquire(p), s.acquire(p)
		require.NoError(t, released.Release(t.Context()))
		detached.Detach()
		require.NoError(t, p.Return(returned))
		for _, l := range []*lease.Lease{released, detached, returned} {
			assert.ErrorIs(t, p.Return(l), lease.ErrNotHandedOut)
		}
		synctest.Wait()
		assert.Equal(t, []string{detached.Session().ID}, s.running())
		stats := p.Stats()
		assert.Zero(t, stats.PoolSessions)
		assert.Equal(t, 3, stats.Created)
		assert.Equal(t, stats.Spent, stats.Committed)
	})
}

// A session that was detached runs until its lease ends. The pool has room for another.
func TestPoolForgetsADetachedSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newPoolService(t)
		p := s.newPool(lease.PoolOptions{IDPrefix: "pool-", Max: 1})
		l := s.acquire(p)
		l.Detach()
		assert.ErrorIs(t, context.Cause(l.Context()), lease.ErrDetached)
		synctest.Wait()
		assert.GreaterOrEqual(t, p.Stats().Spent, 30*time.Minute, "its whole lease is charged")
		next := s.acquire(p)
		require.NoError(t, next.Release(t.Context()))
		assert.Equal(t, []string{l.Session().ID}, s.running())
		time.Sleep(30 * time.Minute)
		assert.Equal(t, arr.SessionStatusExpired, s.get(l.Session().ID).Status)
	})
}

// A session that ends in another way while it is being returned, handed out or claimed is never
// held twice, and never left running.
func TestPoolInCrossfire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newPoolService(t)
		p := s.newPool(
			lease.PoolOptions{IDPrefix: "pool-", Warm: 3, Max: 6, IdleTimeout: time.Minute},
		)
		done := make(chan struct{})
		for i := range 24 {
			go func() {
				defer func() { done <- struct{}{} }()
				for n := range 20 {
					ctx, cancel := context.WithTimeout(t.Context(), time.Duration(10+i)*time.Minute)
					l, err := p.Acquire(ctx)
					cancel()
					if err != nil {
						assert.ErrorIs(t, err, context.DeadlineExceeded)
						continue
					}
					go l.Touch()
					go func() { _, _ = p.Claim(t.Context(), l.Session().ID) }()
					switch (i + n) % 4 {
					case 0:
						go func() { _ = l.Release(t.Context()) }()
						_ = p.Return(l)
					case 1:
						go func() { _ = p.Return(l) }()
						_ = p.Return(l)
					case 2:
						time.Sleep(time.Minute) // its idle timeout elapses as it is returned
						_ = p.Return(l)
					default:
						_ = s.emulator.SetStatus(l.Session().ID, endings[n%3])
						_ = p.Return(l)
					}
				}
			}()
		}
		for range 24 {
			<-done
		}
		time.Sleep(5 * time.Minute)
		stats := p.Stats()
		assert.Equal(t, 3, stats.Idle)
		assert.Zero(t, stats.HandedOut+stats.Waiting+stats.Stopping)
		assert.Len(t, s.running(), 3)
		require.NoError(t, p.Close(t.Context()))
		assert.Empty(t, s.running())
	})
}
