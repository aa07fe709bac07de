// SPDX-License-Identifier: MIT

package lease_test

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator"
	"github.com/arr-go/azremoterendering/lease"
)

// newRegionsPool starts a pool in several regions, which is closed at the end of the test.
func (s *service) newRegionsPool(
	regions lease.Regions,
	options lease.PoolOptions,
) *lease.Pool {
	s.t.Helper()
	p, err := lease.NewPool(regions, options)
	require.NoError(s.t, err)
	s.t.Cleanup(func() { _ = p.Close(context.WithoutCancel(s.t.Context())) })
	return p
}

// acquireIn acquires a session, and returns it with its region.
func acquireIn(t *testing.T, p *lease.Pool) (*lease.Lease, arr.Region) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
	defer cancel()
	l, err := p.Acquire(ctx)
	require.NoError(t, err)
	return l, l.Client().Region()
}

func TestPoolPrefersItsFirstRegion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, regions := inThreeRegions(t, emulator.Options{})
		p := s.newRegionsPool(regions, poolOptions)
		time.Sleep(time.Minute)
		assert.Equal(t, []arr.Region{arr.RegionWestEurope, arr.RegionWestEurope}, s.runningIn())
		l, region := acquireIn(t, p)
		assert.Equal(t, arr.RegionWestEurope, region)
		time.Sleep(3 * time.Hour)
		assert.NoError(t, l.Context().Err())
		assert.Equal(t, 1, s.count("STS"), "one sign-in for all")
	})
}

// Capacity comes back in the preferred region: the pool moves there with its next creations.
func TestPoolMovesToTheNextRegionAndBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var preferred atomic.Int64
		s, regions := inThreeRegions(t, emulator.Options{
			Capacity: func(region arr.Region, _ arr.SessionSize) int {
				if region == arr.RegionWestEurope {
					return int(preferred.Load())
				}
				return 10
			},
		})
		options := poolOptions
		options.Warm = 0
		options.Sizes = arr.PossibleSessionSizeValues()
		p := s.newRegionsPool(regions, options)
		_, region := acquireIn(t, p)
		assert.Equal(t, arr.RegionNorthEurope, region)

		// While the first region has failed recently, it costs no attempt.
		created := len(s.lives())
		_, region = acquireIn(t, p)
		assert.Equal(t, arr.RegionNorthEurope, region)
		assert.Len(t, s.lives(), created+1)

		preferred.Store(10)
		time.Sleep(10 * time.Minute)
		_, region = acquireIn(t, p)
		assert.Equal(t, arr.RegionWestEurope, region)
		_, region = acquireIn(t, p)
		assert.Equal(t, arr.RegionWestEurope, region)
	})
}

func TestPoolWorksWithoutItsFirstRegion(t *testing.T) {
	for name, fail := range map[string]func(*service, arr.Region){
		"away":    (*service).away,
		"hanging": (*service).hanging,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, regions := inThreeRegions(t, emulator.Options{})
				options := poolOptions
				options.Warm = 0
				p := s.newRegionsPool(regions, options)
				l, region := acquireIn(t, p)
				assert.Equal(t, arr.RegionWestEurope, region)

				fail(s, arr.RegionWestEurope)
				began := time.Now()
				for range 2 {
					l, region := acquireIn(t, p)
					assert.Equal(t, arr.RegionNorthEurope, region)
					require.NoError(t, l.Release(t.Context()))
				}
				assert.Less(t, time.Since(began), 5*time.Minute)
				time.Sleep(5 * time.Minute)
				assert.NoError(t, l.Context().Err(), "a lease there lasts while it is guaranteed")

				s.allWell()
				time.Sleep(10 * time.Minute)
				_, region = acquireIn(t, p)
				assert.Equal(t, arr.RegionWestEurope, region)
				require.NoError(t, l.Release(t.Context()))
			})
		})
	}
}

// A region that hangs while sessions are created leaves some that may run. However long that lasts,
// they do not use up Max.
func TestARegionThatHangsDoesNotFillThePool(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, regions := inThreeRegions(t, emulator.Options{})
		p := s.newRegionsPool(regions, poolOptions)
		time.Sleep(time.Minute)
		s.hanging(arr.RegionWestEurope)
		time.Sleep(6 * time.Hour)
		for range 2 {
			l, region := acquireIn(t, p)
			assert.Equal(t, arr.RegionNorthEurope, region)
			require.NoError(t, l.Release(t.Context()))
		}
		s.allWell()
	})
}

// Sessions of an earlier run are found in every region.
func TestPoolTakesOverInAllRegions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, regions := inThreeRegions(t, emulator.Options{})
		clients := regions.Clients()
		s.createIn(clients[0], "pool-a")
		s.createIn(clients[1], "pool-b")
		s.createIn(clients[2], "other")
		time.Sleep(time.Minute)
		p := s.newRegionsPool(regions, lease.PoolOptions{IDPrefix: "pool-", Max: 4})
		l, err := p.Claim(t.Context(), "pool-b")
		require.NoError(t, err)
		assert.Equal(t, arr.RegionNorthEurope, l.Client().Region())
		_, err = p.Claim(t.Context(), "other")
		assert.ErrorIs(t, err, arr.ErrNotFound)
		time.Sleep(10 * time.Minute)
		assert.NoError(t, l.Context().Err())
		assert.Equal(t, []arr.Region{arr.RegionNorthEurope, arr.RegionUKSouth}, s.runningIn(),
			"the one that nobody claimed is stopped")
	})
}

// A region that cannot be listed keeps the pool neither from the sessions of the others nor from
// creating new ones, and its sessions are taken over when it is back.
func TestPoolStartsWithoutARegion(t *testing.T) {
	for name, fail := range map[string]func(*service, arr.Region){
		"away":    (*service).away,
		"hanging": (*service).hanging,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, regions := inThreeRegions(t, emulator.Options{})
				clients := regions.Clients()
				s.createIn(clients[0], "pool-a")
				s.createIn(clients[1], "pool-b")
				time.Sleep(time.Minute)
				fail(s, arr.RegionWestEurope)
				p := s.newRegionsPool(regions, lease.PoolOptions{IDPrefix: "pool-", Max: 6})
				began := time.Now()
				_, err := p.Claim(t.Context(), "pool-b")
				require.NoError(t, err)
				assert.Less(t, time.Since(began), time.Second)

				_, region := acquireIn(t, p)
				assert.Equal(t, arr.RegionNorthEurope, region)
				assert.Less(t, time.Since(began), 5*time.Minute)

				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				_, err = p.Claim(ctx, "pool-a")
				assert.ErrorIs(t, err, context.DeadlineExceeded, "it may be where nobody answers")
				s.allWell()
				l, err := p.Claim(t.Context(), "pool-a")
				require.NoError(t, err)
				assert.Equal(t, arr.RegionWestEurope, l.Client().Region())
			})
		})
	}
}

// Regions that all refuse the pool end its calls.
func TestPoolRefusedInAllRegions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, regions := inThreeRegions(t, emulator.Options{})
		s.fault(emulator.Fault{Operation: "list", Status: 403})
		p := s.newRegionsPool(regions, poolOptions)
		_, err := p.Acquire(t.Context())
		assert.ErrorIs(t, err, arr.ErrForbidden)
		var failure *arr.RegionError
		assert.ErrorAs(t, err, &failure)
	})
}
