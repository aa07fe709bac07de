// SPDX-License-Identifier: MIT

package lease_test

import (
	"net/http"
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

// Two hundred calls at once look at their sessions together: in each interval as many times as the
// list has pages, and once more for each session that has ended. Each call returns within an
// interval of its session being Ready.
func TestAcquireOfACrowd(t *testing.T) {
	const crowd, pageSize, interval = 200, 50, 5 * time.Second
	synctest.Test(t, func(t *testing.T) {
		s := newService(t, emulator.Options{
			StartupTime: emulator.RangeStartup(8*time.Second, 3*time.Minute),
			Decisions:   emulator.Decisions{PageSize: pageSize},
			Faults:      []emulator.Fault{{Start: emulator.StartNoCapacity, Probability: 0.1}},
			Seed:        7,
		})
		w, err := lease.NewWatcher(s.client, lease.WatcherOptions{Interval: interval})
		require.NoError(t, err)
		defer w.Close()
		began := time.Now()
		lists := make(map[time.Duration]int) // by interval
		var mu sync.Mutex
		s.handle(
			func(_ int, req *http.Request, forward func() (*http.Response, error)) (*http.Response, error) {
				if nameOf(req) == "LIST" {
					mu.Lock()
					lists[time.Since(began)/interval]++
					mu.Unlock()
				}
				return forward()
			},
		)

		var all sync.WaitGroup
		leases, had := make([]*lease.Lease, crowd), make(map[string]time.Time)
		for i := range crowd {
			all.Go(func() {
				l, err := lease.Acquire(
					t.Context(),
					s.client,
					lease.AcquireOptions{Watcher: w, Sizes: arr.PossibleSessionSizeValues()},
				)
				if err == nil { // both sizes may be had by nobody
					mu.Lock()
					leases[i], had[l.Session().ID] = l, time.Now()
					mu.Unlock()
				}
			})
		}
		all.Wait()

		ended := 0
		for _, life := range s.lives() {
			if life.running() {
				assert.LessOrEqual(t, had[life.ID].Sub(life.ReadyAt), interval)
			} else {
				ended++
			}
		}
		for at, n := range lists {
			assert.LessOrEqual(t, n, crowd/pageSize+2, at*interval)
		}
		assert.LessOrEqual(t, s.count("GET"), ended)
		t.Logf(
			"%d sessions Ready and %d ended; %d lists in %d intervals, %d lookups",
			len(had),
			ended,
			s.count("LIST"),
			len(lists),
			s.count("GET"),
		)
		for _, l := range leases {
			require.NoError(t, l.Release(t.Context()))
		}
		assert.Empty(t, s.running())
	})
}
