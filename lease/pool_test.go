// SPDX-License-Identifier: MIT

package lease_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator"
	"github.com/arr-go/azremoterendering/lease"
)

func TestPoolKeepsSessionsWarm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newPoolService(t)
		p := s.newWarmPool(poolOptions)
		before := s.running()
		time.Sleep(10 * time.Hour)
		assert.Equal(t, 2, p.Stats().Idle)
		assert.Equal(t, before, s.running(), "their leases are extended")
		assert.Len(t, s.lives(), 2)
	})
}

func TestPoolHandsOutAtOnceAndRefills(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newPoolService(t)
		p := s.newWarmPool(poolOptions)
		a, b := s.acquireAtOnce(p), s.acquireAtOnce(p)
		assert.NotEqual(t, a.Session().ID, b.Session().ID)
		synctest.Wait()
		assert.Equal(t, 2, p.Stats().HandedOut)
		time.Sleep(3 * time.Minute)
		assert.Equal(t, 2, p.Stats().Idle)
		assert.Len(t, s.running(), 4)
	})
}

func TestPoolWithoutWarmSessionsCreatesOnDemand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newPoolService(t)
		p := s.newPool(lease.PoolOptions{IDPrefix: "pool-", Max: 2})
		time.Sleep(time.Hour)
		assert.Empty(t, s.lives(), "nothing is created ahead of need")
		began := time.Now()
		s.acquire(p)
		assert.GreaterOrEqual(t, time.Since(began), 2*time.Minute)
		assert.LessOrEqual(
			t,
			time.Since(began),
			2*time.Minute+5*time.Second,
			"Ready is noticed within an interval of the watcher",
		)
	})
}

// Creations do not come in a burst before it is known that they succeed.
func TestPoolSpreadsCreations(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newPoolService(t) // whose sessions take two minutes to start
		options := lease.PoolOptions{
			IDPrefix:       "pool-",
			Warm:           10,
			Max:            10,
			CreateInterval: 20 * time.Second,
		}
		s.newPool(options)
		for i := range 6 {
			time.Sleep(time.Second)
			assert.Equal(t, i+1, s.count("PUT"))
			time.Sleep(19 * time.Second)
		}
	})
}

// A large pool is warm soon after its first session.
func TestPoolCreatesFasterWhileCreationsSucceed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newPoolService(t)
		p := s.newPool(lease.PoolOptions{IDPrefix: "pool-", Warm: 500, Max: 500})
		time.Sleep(2*time.Minute - time.Second)
		assert.InDelta(t, 120, s.count("PUT"), 2, "one each second")
		time.Sleep(30 * time.Second)
		assert.Equal(t, 500, s.count("PUT"), "up to 64 each second")
		time.Sleep(2 * time.Minute)
		assert.Equal(t, 500, p.Stats().Idle)
	})
}

func TestPoolServesThoseFirstWhoCameFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newPoolService(t)
		p := s.newPool(lease.PoolOptions{IDPrefix: "pool-", Max: 1})
		l := s.acquire(p)
		var queue []<-chan *lease.Lease
		for range 5 {
			queue = append(queue, s.acquireLater(t.Context(), p))
			synctest.Wait()
		}
		assert.Equal(t, 5, p.Stats().Waiting)
		for i, served := range queue {
			require.NoError(t, p.Return(l))
			next := <-served
			assert.Equal(
				t,
				l.Session().ID,
				next.Session().ID,
				"the same session goes to the next device",
			)
			l = next
			synctest.Wait()
			assert.Equal(t, 4-i, p.Stats().Waiting)
		}
		assert.Len(t, s.lives(), 1)
	})
}

// Anyone who was given a session that turned out to be dead has not lost the place in the queue.
func TestPoolKeepsThePlaceOfACallThatMetADeadSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newPoolService(t)
		p := s.newPool(lease.PoolOptions{IDPrefix: "pool-", Max: 1})
		l := s.acquire(p)
		time.Sleep(2 * time.Second)
		first := s.acquireLater(t.Context(), p)
		synctest.Wait()
		second := s.acquireLater(t.Context(), p)
		synctest.Wait()
		require.NoError(t, s.emulator.SetStatus(l.Session().ID, arr.SessionStatusError))
		require.NoError(t, p.Return(l))
		select {
		case next := <-first:
			assert.NotEqual(t, l.Session().ID, next.Session().ID)
			require.NoError(t, p.Return(next))
			<-second
		case l := <-second:
			t.Error("the second call was served before the first")
			require.NoError(t, p.Return(l))
			<-first
		}
	})
}

// A call that gives up takes no session with it, not even in the moment in which it is served.
func TestPoolAcquireGivesUp(t *testing.T) {
	for _, patience := range []time.Duration{0, time.Minute, 2 * time.Minute, 2*time.Minute + time.Second} {
		synctest.Test(t, func(t *testing.T) {
			s := newPoolService(t)
			p := s.newPool(lease.PoolOptions{IDPrefix: "pool-", Max: 1})
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			_, err := p.Acquire(ctx)
			if err != nil {
				require.ErrorIs(t, err, context.DeadlineExceeded)
			}
			time.Sleep(time.Minute)
			if err != nil {
				assert.Empty(t, s.running(), "what was created for it is stopped")
				assert.Zero(t, p.Stats().Waiting)
			}
		})
	}
}

func TestPoolStopsSurplusAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newPoolService(t)
		p := s.newPool(lease.PoolOptions{IDPrefix: "pool-", Max: 1})
		l := s.acquire(p)
		require.NoError(t, p.Return(l))
		synctest.Wait()
		assert.Empty(t, s.running())
		assert.ErrorIs(t, context.Cause(l.Context()), lease.ErrReleased)
	})
}

// A session that is starting is not billed, and one that is Ready is of use now.
func TestPoolStopsStartingSessionsFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newPoolService(t)
		p := s.newWarmPool(lease.PoolOptions{IDPrefix: "pool-", Warm: 1, Max: 2})
		l := s.acquireAtOnce(p)
		time.Sleep(time.Minute)
		require.Equal(t, 1, p.Stats().Starting)
		require.NoError(t, p.Return(l))
		time.Sleep(time.Second)
		assert.Equal(t, []string{l.Session().ID}, s.running())
		assert.Equal(t, 1, p.Stats().Idle)
	})
}

// Max counts whatever may be running: handed out, starting, and on its way out.
func TestPoolNeverExceedsMax(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newPoolService(t)
		s.fault(emulator.Fault{Operation: "stop", Delay: 20 * time.Second})
		p := s.newPool(lease.PoolOptions{IDPrefix: "pool-", Warm: 1, Max: 3})
		var devices sync.WaitGroup
		for i := range 12 {
			devices.Go(func() {
				for range 5 {
					l, err := p.Acquire(t.Context())
					if err != nil {
						return
					}
					time.Sleep(time.Duration(i) * 20 * time.Second)
					if i%2 == 0 {
						_ = l.Release(t.Context())
					} else {
						_ = p.Return(l)
					}
				}
			})
		}
		most := 0
		for range 3600 / 10 {
			time.Sleep(10 * time.Second)
			most = max(most, len(s.running()))
		}
		assert.Equal(t, 3, most)
		require.NoError(t, p.Close(t.Context()))
		devices.Wait()
	})
}

// A session that does not start, and cannot be stopped, keeps its place: the next size is not tried
// beside it.
func TestPoolNeverExceedsMaxWithSessionsThatCannotBeStopped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newPoolService(t)
		s.fault(emulator.Fault{Start: emulator.StartNever})
		fix := s.fault(emulator.Fault{Operation: "stop", Status: 503})
		p := s.newPool(
			lease.PoolOptions{
				IDPrefix: "pool-",
				Warm:     1,
				Max:      1,
				Sizes:    arr.PossibleSessionSizeValues(),
			},
		)
		for range 60 {
			time.Sleep(time.Minute)
			assert.LessOrEqual(t, len(s.running()), 1)
		}
		assert.Error(t, p.Stats().LastError)
		fix()
		require.NoError(t, p.Close(t.Context()))
		assert.Empty(t, s.running())
	})
}
