// SPDX-License-Identifier: MIT

package lease_test

import (
	"context"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering/emulator"
	"github.com/arr-go/azremoterendering/internal/testkit"
	"github.com/arr-go/azremoterendering/lease"
)

// Sessions in the hands of devices go on, and a later run finds them; all others are stopped.
func TestPoolCloseStopsWhatIsNotHandedOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newPoolService(t)
		p := s.newWarmPool(lease.PoolOptions{IDPrefix: "pool-", Warm: 2, Max: 6})
		l := s.acquireAtOnce(p)
		time.Sleep(time.Minute)
		require.Equal(t, 1, p.Stats().Starting)
		require.Equal(t, 1, p.Stats().Idle)
		require.NoError(t, p.Close(t.Context()))
		assert.Equal(t, []string{l.Session().ID}, s.running())
		assert.ErrorIs(t, context.Cause(l.Context()), lease.ErrDetached)

		_, err := p.Acquire(t.Context())
		assert.ErrorIs(t, err, lease.ErrPoolClosed)
		_, err = p.Claim(t.Context(), l.Session().ID)
		assert.ErrorIs(t, err, lease.ErrPoolClosed)
		assert.ErrorIs(t, p.Return(l), lease.ErrNotHandedOut)
		require.NoError(t, l.Release(t.Context()), "which can be deferred")
		assert.Equal(t, []string{l.Session().ID}, s.running())

		later := s.newPool(lease.PoolOptions{IDPrefix: "pool-", Max: 6})
		again, err := later.Claim(t.Context(), l.Session().ID)
		require.NoError(t, err)
		require.NoError(t, later.Return(again))
		synctest.Wait()
		assert.Empty(t, s.running())
	})
}

// Nobody knows whether a device holds a session that was not claimed yet. It is left to the next
// run.
func TestPoolCloseLeavesUnclaimedSessions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newPoolService(t)
		s.ready("pool-a", 30*time.Minute)
		p := s.newPool(poolOptions)
		time.Sleep(time.Second)
		require.NoError(t, p.Close(t.Context()))
		assert.Equal(t, []string{"pool-a"}, s.running())
	})
}

func TestPoolCloseEndsTheWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newPoolService(t)
		p := s.newPool(lease.PoolOptions{IDPrefix: "pool-", Max: 2})
		ended := make(chan error, 3)
		for range 3 {
			go func() {
				_, err := p.Acquire(t.Context())
				ended <- err
			}()
		}
		time.Sleep(time.Minute)
		began := time.Now()
		require.NoError(t, p.Close(t.Context()))
		assert.Zero(t, time.Since(began))
		for range 3 {
			assert.ErrorIs(t, <-ended, lease.ErrPoolClosed)
		}
		assert.Empty(t, s.running())
	})
}

// At whatever moment the pool is closed while it hands a session out, the session is stopped, or it
// is the caller's with a lease that says so.
func TestPoolCloseWhileASessionIsHandedOut(t *testing.T) {
	for _, after := range []time.Duration{0, time.Second, 3 * time.Second, 6 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			s := newPoolService(t)
			p := s.newWarmPool(
				lease.PoolOptions{IDPrefix: "pool-", Warm: 1, Max: 1, MinRemaining: time.Hour},
			)
			s.fault(emulator.Fault{Operation: "get", Delay: 2 * time.Second})
			s.fault(emulator.Fault{Operation: "update", Delay: 2 * time.Second})
			ended := make(chan error, 1)
			var l *lease.Lease
			go func() {
				var err error
				l, err = p.Acquire(t.Context())
				ended <- err
			}()
			time.Sleep(after)
			synctest.Wait()
			require.NoError(t, p.Close(t.Context()))
			if err := <-ended; err != nil {
				assert.ErrorIs(t, err, lease.ErrPoolClosed)
				assert.Empty(t, s.running())
				return
			}
			assert.ErrorIs(t, context.Cause(l.Context()), lease.ErrDetached)
			assert.Equal(t, []string{l.Session().ID}, s.running())
		})
	}
}

// A service that does not answer delays the end by no more than what Close promises, and is not
// waited for before there is anything to stop.
func TestPoolCloseWhileTheServiceHangs(t *testing.T) {
	hang := func(req *http.Request, _ testkit.Forward) (*http.Response, error) {
		<-req.Context().Done()
		return nil, req.Context().Err()
	}
	t.Run("while listing", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := newPoolService(t)
			s.handle(hang)
			p := s.newPool(poolOptions)
			time.Sleep(time.Minute)
			began := time.Now()
			require.NoError(t, p.Close(t.Context()))
			assert.Zero(t, time.Since(began))
			time.Sleep(time.Minute) // the exchange of tokens is the client's, and ends by itself
		})
	})
	t.Run("with warm sessions", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := newPoolService(t)
			p := s.newWarmPool(poolOptions)
			s.handle(hang)
			time.Sleep(10 * time.Second)
			began := time.Now()
			err := p.Close(t.Context())
			var notStopped *lease.NotStoppedError
			require.ErrorAs(t, err, &notStopped)
			for _, id := range s.running() {
				assert.ErrorContains(t, err, id, "it names what it leaves running")
			}
			assert.LessOrEqual(t, time.Since(began), 90*time.Second)
			assert.Equal(t, err, p.Close(t.Context()), "a second Close says the same")
			time.Sleep(time.Minute)
		})
	})
}

// A call whose session cannot be looked at, because the service hangs, ends with the pool.
func TestPoolCloseEndsAcquireWhileTheServiceHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newPoolService(t)
		p := s.newWarmPool(poolOptions)
		s.fault(emulator.Fault{Operation: "get", Delay: time.Hour})
		ended := make(chan error, 1)
		go func() {
			_, err := p.Acquire(t.Context())
			ended <- err
		}()
		time.Sleep(10 * time.Second)
		began := time.Now()
		require.NoError(t, p.Close(t.Context()))
		assert.ErrorIs(t, <-ended, lease.ErrPoolClosed)
		assert.Zero(t, time.Since(began))
		assert.Empty(t, s.running())
	})
}

// Close does not leave a session running that could not be stopped a moment ago, and now can.
func TestPoolCloseTriesAgainToStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newPoolService(t)
		p := s.newPool(lease.PoolOptions{IDPrefix: "pool-", Max: 1})
		l := s.acquire(p)
		fix := s.fault(emulator.Fault{Operation: "stop", Status: 503})
		require.NoError(t, p.Return(l))
		time.Sleep(45 * time.Second) // the first try has failed, the next is due in half a minute
		fix()
		require.NoError(t, p.Close(t.Context()))
		assert.Empty(t, s.running())
	})
}

// A session that is being stopped because of no heartbeat is Close's to stop: no goroutine
// outlives it, which synctest would find.
func TestPoolCloseStopsIdleLeases(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newPoolService(t)
		p := s.newPool(lease.PoolOptions{IDPrefix: "pool-", Max: 1, IdleTimeout: time.Minute})
		l := s.acquire(p)
		s.fault(emulator.Fault{Operation: "stop", Status: 503})
		<-l.Context().Done()
		time.Sleep(45 * time.Second)
		var notStopped *lease.NotStoppedError
		require.ErrorAs(t, p.Close(t.Context()), &notStopped)
		assert.Equal(t, l.Session().ID, notStopped.SessionID)
	})
}

func TestPoolCloseTwiceAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newPoolService(t)
		p := s.newWarmPool(poolOptions)
		s.fault(emulator.Fault{Operation: "stop", Delay: 5 * time.Second})
		ended := make(chan error, 2)
		for range 2 {
			go func() {
				cancelled, cancel := context.WithCancel(t.Context())
				cancel()
				ended <- p.Close(cancelled)
			}()
		}
		for range 2 {
			assert.NoError(t, <-ended)
			assert.Empty(
				t,
				s.running(),
				"both return when all is done, whatever became of their contexts",
			)
		}
	})
}
