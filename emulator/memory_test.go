// SPDX-License-Identifier: MIT

package emulator

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/internal/naming"
	"github.com/arr-go/azremoterendering/service"
	"github.com/arr-go/azremoterendering/service/storetest"
)

// The order of ends must hold though they change, and though some are not known.
func TestNothingIsLeftBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, err := New(Options{
			Retention: time.Minute,
			Capacity:  FixedCapacity(10),
			Backend:   syntheticBackend{RangeStartup(0, time.Hour), naming.ServiceDomain, Vintage2023},
		})
		require.NoError(t, err)
		ctx, m, in := t.Context(), e.store, e.home
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
				_ = e.SetStatus(id, azremoterendering.SessionStatusReady)
			}
			if i%11 == 0 {
				_, _ = m.Stop(ctx, in, id)
			}
			assert.LessOrEqual(t, m.running[pool{"westeurope", "Standard"}], 10)
			time.Sleep(time.Minute)
		}
		time.Sleep(2 * time.Hour)
		assert.Empty(t, e.state().Sessions)
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
	e, err := New(Options{})
	require.NoError(t, err)
	ctx := context.WithValue(t.Context(), startFaultKey{}, startFault{kind: StartNoCapacity})
	_, created, err := e.store.Create(ctx, e.home, service.NewSession{
		ID: "a", Size: "Standard", Lease: time.Minute,
	})
	require.NoError(t, err)
	require.True(t, created)
	facts, err := e.store.Get(ctx, e.home, "a")
	require.NoError(t, err)
	assert.Equal(t, "CapacityExceeded", facts.Session(time.Now()).Error.Code)
}

func TestMemoryIsAStore(t *testing.T) {
	storetest.Run(t, func(t *testing.T) service.Store { return newEmulator(t, Options{}).store })
}
