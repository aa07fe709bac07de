// SPDX-License-Identifier: MIT

package lease_test

import (
	"encoding/json"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator"
	"github.com/arr-go/azremoterendering/lease"
)

func TestPoolStats(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newPoolService(t)
		p := s.newPool(lease.PoolOptions{IDPrefix: "pool-", Warm: 2, Max: 3})
		west := lease.PoolRegion{Endpoint: s.client.Endpoint(), Region: arr.RegionWestEurope}
		is := func(want lease.PoolStats) {
			t.Helper()
			west.PoolSessions = want.PoolSessions
			want.Regions = []lease.PoolRegion{west}
			assert.Equal(t, want, p.Stats())
		}
		is(lease.PoolStats{})
		time.Sleep(10 * time.Second)
		is(lease.PoolStats{PoolSessions: lease.PoolSessions{Starting: 2}, Committed: time.Hour})
		time.Sleep(3 * time.Minute)
		is(lease.PoolStats{
			PoolSessions: lease.PoolSessions{Idle: 2},
			Created:      2,
			Committed:    time.Hour,
		})
		s.acquireAtOnce(p)
		time.Sleep(time.Second)
		is(lease.PoolStats{
			PoolSessions: lease.PoolSessions{Starting: 1, Idle: 1, HandedOut: 1},
			Created:      2,
			Committed:    90 * time.Minute,
		})
	})
}

// A session counts in the region in which it starts, also while a pool falls back to another.
func TestPoolStatsByRegion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t, emulator.Options{
			StartupTime: emulator.FixedStartup(2 * time.Minute),
			Capacity: func(region arr.Region, _ arr.SessionSize) int {
				if region == arr.RegionWestEurope {
					return 0
				}
				return -1
			},
		})
		east := s.newClient(arr.RegionEastUS.Endpoint(), s)
		p, err := lease.NewPool(
			s.regions(s.client, east),
			lease.PoolOptions{IDPrefix: "pool-", Warm: 1, Max: 1},
		)
		require.NoError(t, err)
		defer func() { require.NoError(t, p.Close(t.Context())) }()
		time.Sleep(time.Minute)
		assert.Equal(t, lease.PoolSessions{Starting: 1}, p.Stats().Regions[0].PoolSessions)
		time.Sleep(2 * time.Minute)
		regions := p.Stats().Regions
		assert.Zero(t, regions[0].PoolSessions)
		assert.Equal(t, lease.PoolRegion{
			Endpoint:     arr.RegionEastUS.Endpoint(),
			Region:       arr.RegionEastUS,
			PoolSessions: lease.PoolSessions{Starting: 1},
		}, regions[1])
		time.Sleep(2 * time.Minute)
		assert.Equal(t, lease.PoolSessions{Idle: 1}, p.Stats().Regions[1].PoolSessions)
	})
}

// Durations are numbers of seconds and errors are text, so that other programs can use them.
func TestPoolStatsInJSON(t *testing.T) {
	stats := lease.PoolStats{
		PoolSessions: lease.PoolSessions{Starting: 1, Idle: 2, HandedOut: 3, Unclaimed: 4, Stopping: 5},
		Waiting:      6,
		Created:      7,
		Spent:        90 * time.Second,
		Committed:    2*time.Hour + 500*time.Millisecond,
		LastError:    errors.New("no servers"),
		Regions: []lease.PoolRegion{{
			Endpoint:     "https://remoterendering.eastus.mixedreality.azure.com",
			Region:       arr.RegionEastUS,
			PoolSessions: lease.PoolSessions{Idle: 2},
		}},
	}
	data, err := json.Marshal(stats)
	require.NoError(t, err)
	assert.JSONEq(t, `{
		"starting": 1, "idle": 2, "handedOut": 3, "unclaimed": 4, "stopping": 5,
		"waiting": 6, "created": 7, "spentSeconds": 90, "committedSeconds": 7200.5,
		"lastError": "no servers",
		"regions": [{
			"endpoint": "https://remoterendering.eastus.mixedreality.azure.com", "region": "eastus",
			"starting": 0, "idle": 2, "handedOut": 0, "unclaimed": 0, "stopping": 0
		}]
	}`, string(data))
	var back lease.PoolStats
	require.NoError(t, json.Unmarshal(data, &back))
	assert.Equal(t, stats, back)

	data, err = json.Marshal(lease.PoolStats{})
	require.NoError(t, err)
	assert.NotContains(t, string(data), "lastError")
	require.NoError(t, json.Unmarshal(data, &back))
	assert.Equal(t, lease.PoolStats{}, back)
}
