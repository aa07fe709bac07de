// SPDX-License-Identifier: MIT

package memory

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator/internal/clock"
	"github.com/arr-go/azremoterendering/emulator/internal/journal"
	"github.com/arr-go/azremoterendering/service"
	"github.com/arr-go/azremoterendering/service/storetest"
)

var in = service.PartitionKey{AccountID: "a", Region: azremoterendering.RegionWestEurope}

// newStore returns a store without a state file, whose sessions are Ready at once by default.
func newStore(t *testing.T, o Options) *Store {
	t.Helper()
	var err error
	o.Journal, err = journal.Open("")
	require.NoError(t, err)
	o.Clock = new(clock.Clock)
	o.Retention, o.KeepEnded = cmp.Or(o.Retention, time.Hour), 1000
	if o.StartupTime == nil {
		o.StartupTime = func(azremoterendering.SessionSize) time.Duration { return 0 }
	}
	return New(o)
}

// The order of ends must hold though they change, and though some are not known.
func TestNothingIsLeftBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, m := t.Context(), newStore(t, Options{
			Retention: time.Minute,
			Capacity:  func(azremoterendering.Region, azremoterendering.SessionSize) int { return 10 },
			StartupTime: func(azremoterendering.SessionSize) time.Duration {
				return rand.N(time.Hour + 1)
			},
		})
		for i := range 300 {
			id := fmt.Sprint(i)
			lease := time.Duration(1+i%7) * time.Minute
			_, created, err := m.Create(ctx, in, service.NewSession{
				ID: id, Size: "Standard", Lease: lease,
			})
			require.NoError(t, err)
			require.True(t, created)
			if i%3 == 0 {
				_, _ = m.Extend(ctx, in, id, lease, 20*time.Minute)
			}
			if i%5 == 0 {
				_, _ = m.SetStatus(in, id, azremoterendering.SessionStatusReady)
			}
			if i%11 == 0 {
				_, _ = m.Stop(ctx, in, id)
			}
			assert.LessOrEqual(t, m.running[pool{"westeurope", "Standard"}], 10)
			time.Sleep(time.Minute)
		}
		time.Sleep(2 * time.Hour)
		sessions, _ := m.All(nil)
		assert.Empty(t, sessions)
		assert.Empty(t, m.living.records)
		assert.Empty(t, m.retained.records)
		assert.Empty(t, m.unsettled)
		assert.Empty(t, m.partitions[in].sessions)
		assert.Zero(t, m.running[pool{"westeurope", "Standard"}])
		_, _, _ = m.List(ctx, in, service.ListQuery{Limit: 50})
		assert.Less(t, len(m.partitions[in].listed), 100)
	})
}

// A fault that travels in the context chooses another server than that of the back end.
func TestStartFaultReplacesTheServer(t *testing.T) {
	m := newStore(t, Options{})
	ctx := WithFault(t.Context(), Fault{Start: NoCapacity})
	_, created, err := m.Create(ctx, in, service.NewSession{
		ID: "a", Size: "Standard", Lease: time.Minute,
	})
	require.NoError(t, err)
	require.True(t, created)
	facts, err := m.Get(ctx, in, "a")
	require.NoError(t, err)
	assert.Equal(t, "CapacityExceeded", facts.Session(time.Now()).Error.Code)
}

func TestMemoryIsAStore(t *testing.T) {
	storetest.Run(t, func(t *testing.T) service.Store { return newStore(t, Options{}) })
}
