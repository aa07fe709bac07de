// SPDX-License-Identifier: MIT

package lease_test

import (
	"context"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering/emulator"
	"github.com/arr-go/azremoterendering/lease"
)

// Sessions that appear under the prefix, and that the pool did not create, tell of another pool. It
// is logged once, with the remedy.
func TestTwoPoolsOnOnePrefixAreNoticed(t *testing.T) {
	for name, prefix := range map[string]string{"the same": "a-", "one within the other": "a-b-"} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newService(t, emulator.Options{StartupTime: emulator.FixedStartup(time.Second)})
				var log records
				s.newPool(lease.PoolOptions{
					IDPrefix: "a-", Warm: 1, Max: 4, Logger: slog.New(&log),
				})
				time.Sleep(20 * time.Second)
				s.newPool(lease.PoolOptions{IDPrefix: prefix, Warm: 2, Max: 4})
				time.Sleep(10 * time.Minute)
				lines := log.of("ERROR another program creates sessions")
				require.Len(t, lines, 1)
				assert.Contains(t, lines[0], "pool=a- session="+prefix)
				assert.Contains(t, lines[0], "only one pool may use a prefix at a time")
				time.Sleep(time.Hour)
				assert.Len(t, log.of("ERROR another program creates sessions"), 1)
			})
		})
	}
}

// A pool does not touch what another creates: a device may use it.
func TestPoolLeavesTheSessionsOfAnotherAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newPoolService(t)
		s.newPool(lease.PoolOptions{IDPrefix: "a-", Warm: 1, Max: 4})
		time.Sleep(10 * time.Minute)
		s.create("a-other", "Standard", 50*time.Minute)
		time.Sleep(45 * time.Minute)
		assert.Contains(t, s.running(), "a-other")
	})
}

// Somebody who stops the sessions of a pool one after another is noticed too. One that an operator
// stops is not worth it.
func TestPoolNoticesThatOthersStopItsSessions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newPoolService(t)
		var log records
		s.newPool(lease.PoolOptions{IDPrefix: "a-", Warm: 1, Max: 4, Logger: slog.New(&log)})
		for range 2 {
			time.Sleep(10 * time.Minute)
			s.stop(s.running()[0])
		}
		time.Sleep(10 * time.Minute)
		assert.Empty(t, log.of("ERROR"))
		for range 3 {
			s.stop(s.running()[0])
			time.Sleep(10 * time.Minute)
		}
		lines := log.of("ERROR sessions of the pool are stopped by others")
		require.Len(t, lines, 1)
		assert.Contains(t, lines[0], "no prefix may begin with another's")
		assert.Equal(t, lines, log.of("ERROR"))
	})
}

// What a pool does itself, and what an earlier run has left, is no sign of another.
func TestPoolTakesItsOwnSessionsForNoOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newPoolService(t)
		options := lease.PoolOptions{IDPrefix: "a-", Warm: 2, Max: 6, MaxLeaseTime: 20 * time.Hour}
		s.crash(options, func(p *lease.Pool) {
			s.acquire(p)
			time.Sleep(time.Second) // the next is being created
		})
		s.create("other-", "Standard", 50*time.Minute)
		var log records
		options.Logger = slog.New(&log)
		p := s.newPool(options)
		for range 12 {
			released, returned, detached := s.acquire(p), s.acquire(p), s.acquire(p)
			time.Sleep(10 * time.Minute)
			require.NoError(t, released.Release(t.Context()))
			require.NoError(t, p.Return(returned))
			detached.Detach()
			time.Sleep(time.Hour)
		}
		require.NoError(t, p.Close(context.WithoutCancel(t.Context())))
		assert.Empty(t, log.of("ERROR"))
	})
}
