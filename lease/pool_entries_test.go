// SPDX-License-Identifier: MIT

package lease

import (
	"context"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Whatever happens to sessions, the newest and the oldest warm one are those that a look at all
// would find.
func TestWarmEntriesAgreeWithALookAtAll(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	began := time.Now()
	var list warmEntries
	var all []*entry
	for step := range 20_000 {
		switch {
		case len(all) == 0, random.IntN(10) == 0:
			ctx, end := context.WithCancelCause(t.Context())
			e := &entry{
				state:   stateWarm,
				since:   began.Add(time.Duration(random.IntN(50)) * time.Minute),
				managed: &managedSession{ctx: ctx, cancel: end},
			}
			all = append(all, e)
			list.add(e)
		default:
			i := random.IntN(len(all))
			switch e := all[i]; random.IntN(8) {
			case 0:
				list.remove(e)
				all = append(all[:i], all[i+1:]...)
			case 1:
				e.managed.cancel(ErrStopped) // which the pool has not noticed yet
			case 2, 3, 4:
				e.state = stateOut
			default:
				e.state = stateWarm
				list.add(e)
			}
		}
		var newest, oldest *entry
		for _, e := range all {
			if e.state != stateWarm || !e.alive() {
				continue
			}
			if newest == nil || e.since.After(newest.since) {
				newest = e
			}
			if oldest == nil || e.since.Before(oldest.since) {
				oldest = e
			}
		}
		if newest == nil {
			require.Nil(t, list.newest(), step)
			require.Nil(t, list.oldest(), step)
			continue
		}
		require.Equal(t, newest.since, list.newest().since, step)
		require.Equal(t, oldest.since, list.oldest().since, step)
		require.True(t, list.newest().alive() && list.newest().state == stateWarm, step)
		require.LessOrEqual(t, len(list.sorted), len(all), step)
	}
}

// A creation that is repeated in another region has another id.
func TestEntriesAreFoundByTheirPresentID(t *testing.T) {
	var s entries
	e := &entry{}
	s.add(e)
	assert.Nil(t, s.find(""))
	s.name(e, "first")
	s.name(e, "second")
	assert.Nil(t, s.find("first"))
	assert.Same(t, e, s.find("second"))
	s.remove(e)
	assert.Nil(t, s.find("second"))
	assert.Empty(t, s.all)
}
