// SPDX-License-Identifier: MIT

package lease_test

import (
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering/lease"
)

// handOutAllocations is the gate: a hand-out of a warm session that goes back at once must not
// allocate more often without tracing and without Observe.
const handOutAllocations = 22

func TestHandOutAllocations(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newPoolService(t)
		p := s.newWarmPool(lease.PoolOptions{IDPrefix: "pool-", Warm: 1, Max: 1})
		l := s.acquire(p) // which looks the session up
		require.NoError(t, p.Return(l))
		var err error
		allocations := testing.AllocsPerRun(200, func() {
			l, e := p.Acquire(t.Context())
			if e == nil {
				e = p.Return(l)
			}
			if e != nil {
				err = e
			}
		})
		require.NoError(t, err)
		t.Logf("hand-out and return: %v allocations", allocations)
		require.LessOrEqual(t, allocations, float64(handOutAllocations))
	})
}
