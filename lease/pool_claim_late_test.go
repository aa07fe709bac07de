// SPDX-License-Identifier: MIT

package lease_test

import (
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator"
	"github.com/arr-go/azremoterendering/internal/testkit"
	"github.com/arr-go/azremoterendering/lease"
)

// A list may lag. What it shows a minute or three after the start is taken over as well.
func TestPoolTakesOverWhatIsListedLate(t *testing.T) {
	for _, lag := range []time.Duration{30 * time.Second, 2 * time.Minute} {
		synctest.Test(t, func(t *testing.T) {
			s := newPoolService(t)
			s.ready("pool-old", 30*time.Minute)
			began := time.Now()
			s.handle(
				func(req *http.Request, forward testkit.Forward) (*http.Response, error) {
					if testkit.Name(req) == "LIST" && time.Since(began) < lag {
						return emptyList(req), nil
					}
					return forward()
				},
			)
			p := s.newPool(lease.PoolOptions{IDPrefix: "pool-", Warm: 1, Max: 1})
			time.Sleep(3*time.Minute + 10*time.Second)
			assert.Equal(t, 1, p.Stats().Unclaimed)
			l, err := p.Claim(t.Context(), "pool-old")
			require.NoError(t, err)
			require.NoError(t, l.Release(t.Context()))
			time.Sleep(20 * time.Minute)
			assert.Len(t, s.running(), 1, "as many as Max")
		})
	}
}

// In the later lists the pool's own sessions are not mistaken for left ones: those that start,
// those that it stopped, and those that were given up.
func TestPoolKnowsItsOwnSessionsInTheLaterLists(t *testing.T) {
	for _, startup := range []time.Duration{10 * time.Second, 58 * time.Second, 2 * time.Minute} {
		synctest.Test(t, func(t *testing.T) {
			s := newService(t, emulator.Options{StartupTime: emulator.FixedStartup(startup)})
			p := s.newPool(lease.PoolOptions{IDPrefix: "pool-", Warm: 2, Max: 9})
			detached := s.acquire(p)
			detached.Detach()
			released := s.acquire(p)
			require.NoError(t, released.Release(t.Context()))
			for range 100 {
				time.Sleep(2 * time.Second)
				require.Zero(t, p.Stats().Unclaimed)
			}
			assert.Equal(t, 2, p.Stats().Idle)
		})
	}
}

// One answer that asks for a day of silence does not keep the pool from its work for a day.
func TestPoolTakesOverThoughAskedToWaitForADay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newPoolService(t)
		var once atomic.Bool
		s.handle(
			func(req *http.Request, forward testkit.Forward) (*http.Response, error) {
				if testkit.Name(req) == "LIST" && once.CompareAndSwap(false, true) {
					return withRetryAfter(req, http.StatusTooManyRequests, "86400"), nil
				}
				return forward()
			},
		)
		p := s.newPool(poolOptions)
		began := time.Now()
		s.acquire(p)
		assert.LessOrEqual(t, time.Since(began), 15*time.Minute)
	})
}

// Nor does one that refuses a creation.
func TestPoolCreatesThoughAskedToWaitForADay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newPoolService(t)
		s.fault(
			emulator.Fault{
				Operation:  "create",
				Status:     http.StatusTooManyRequests,
				RetryAfter: 24 * time.Hour,
				Count:      1,
			},
		)
		p := s.newPool(poolOptions)
		began := time.Now()
		s.acquire(p)
		assert.LessOrEqual(t, time.Since(began), 15*time.Minute)
	})
}

// A session that is not Ready was held by no device, also once it is Ready.
func TestPoolClaimRefusesSessionsThatAreStarting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newPoolService(t)
		s.create("pool-new", arr.SessionSizeStandard, 30*time.Minute)
		p := s.newPool(lease.PoolOptions{IDPrefix: "pool-", Warm: 1, Max: 1, ClaimTime: -1})
		for range 4 {
			time.Sleep(time.Minute)
			_, err := p.Claim(t.Context(), "pool-new")
			assert.ErrorIs(t, err, arr.ErrNotFound)
		}
		assert.Equal(t, "pool-new", s.acquireAtOnce(p).Session().ID)
	})
}

// Nor is a session handed out of which nobody knows whether it can be used.
func TestPoolClaimRefusesSessionsInAStateThatNobodyKnows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newPoolService(t)
		s.ready("pool-old", 30*time.Minute)
		fix := s.fault(emulator.Fault{ShowStatus: "Hibernating"})
		p := s.newPool(lease.PoolOptions{IDPrefix: "pool-", Max: 1})
		time.Sleep(time.Second)
		_, err := p.Claim(t.Context(), "pool-old")
		assert.ErrorIs(t, err, arr.ErrNotFound)
		fix()
		time.Sleep(time.Minute)
		_, err = p.Claim(t.Context(), "pool-old")
		assert.NoError(t, err)
	})
}

// Who did not claim in time has lost the session once it was handed to somebody else.
func TestPoolClaimComesTooLateAfterAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newPoolService(t)
		options := lease.PoolOptions{IDPrefix: "pool-", Warm: 1, Max: 1, ClaimTime: -1}
		var id string
		s.crash(options, func(p *lease.Pool) { id = s.acquire(p).Session().ID })
		p := s.newPool(options)
		time.Sleep(6 * time.Minute)
		l := s.acquire(p)
		require.Equal(t, id, l.Session().ID)
		require.NoError(t, p.Return(l))
		_, err := p.Claim(t.Context(), id)
		assert.ErrorIs(t, err, arr.ErrNotFound)
	})
}

// A session of an earlier run that is Starting is held by no device: Close stops it like the pool's
// own.
func TestPoolCloseStopsSessionsTakenOverThatAreStarting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newPoolService(t)
		s.create("pool-new", arr.SessionSizeStandard, 30*time.Minute)
		p := s.newPool(poolOptions)
		time.Sleep(time.Second)
		require.NoError(t, p.Close(t.Context()))
		assert.Empty(t, s.running())
	})
}

// A session of whose lease nothing is known is named if it could not be stopped: it may run for a
// day.
func TestPoolCloseNamesASessionInAStateThatNobodyKnows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newPoolService(t)
		s.ready("pool-old", 30*time.Minute)
		s.fault(emulator.Fault{Operation: "list", ShowStatus: "Hibernating"})
		s.fault(emulator.Fault{Operation: "get", ShowStatus: "Hibernating"})
		p := s.newPool(
			lease.PoolOptions{IDPrefix: "pool-", Warm: 1, Max: 1, ClaimTime: time.Second},
		)
		s.fault(emulator.Fault{Operation: "stop", Status: 503})
		time.Sleep(2 * time.Minute)
		assert.ErrorContains(t, p.Close(t.Context()), "pool-old")
	})
}
