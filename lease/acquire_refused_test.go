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
	"github.com/arr-go/azremoterendering/internal/testkit"
	"github.com/arr-go/azremoterendering/lease"
)

func TestAcquireThatFailsSaysWhatEachTryMet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t, emulator.Options{Capacity: emulator.FixedCapacity(0)})
		_, err := lease.Acquire(
			t.Context(),
			s.client,
			lease.AcquireOptions{Sizes: arr.PossibleSessionSizeValues()},
		)
		var ended *arr.SessionEndedError
		require.ErrorAs(t, err, &ended)
		assert.Equal(t, "CapacityExceeded", ended.Session.Error.Code)
		assert.Contains(t, err.Error(), "Standard at https://remoterendering.westeurope")
		assert.Contains(t, err.Error(), "Premium at https://remoterendering.westeurope")
		assert.NotContains(t, err.Error(), "\n")
	})
}

// Refusals are not hidden behind further tries.
func TestAcquireReturnsRefusalsAtOnce(t *testing.T) {
	for status, want := range map[int]error{
		400: nil,
		401: arr.ErrUnauthorized,
		403: arr.ErrForbidden,
		409: arr.ErrConflict,
	} {
		synctest.Test(t, func(t *testing.T) {
			s := newService(
				t,
				emulator.Options{Faults: []emulator.Fault{{Operation: "create", Status: status}}},
			)
			fallback := s.newClient(arr.RegionEastUS.Endpoint(), s)
			_, err := lease.Acquire(
				t.Context(),
				s.regions(s.client, fallback),
				lease.AcquireOptions{Sizes: arr.PossibleSessionSizeValues()},
			)
			var refusal *arr.ServiceError
			require.ErrorAs(t, err, &refusal)
			assert.Equal(t, status, refusal.StatusCode)
			if want != nil {
				assert.ErrorIs(t, err, want)
			}
			assert.LessOrEqual(
				t,
				s.count("PUT"),
				2,
				"401 is met with one new token, the others with nothing",
			)
		})
	}
}

func TestAcquireRefusesWrongOptions(t *testing.T) {
	s := newService(t, emulator.Options{})
	for name, options := range map[string]lease.AcquireOptions{
		"prefix":             {IDPrefix: "no spaces"},
		"size":               {Sizes: []arr.SessionSize{""}},
		"half a minute":      {LeaseTime: 90 * time.Second},
		"negative lease":     {LeaseTime: -time.Minute},
		"lease above cap":    {LeaseTime: 2 * time.Hour, MaxLeaseTime: time.Hour},
		"cap above a day":    {MaxLeaseTime: 1440 * time.Minute},
		"step":               {Step: 30 * time.Second},
		"threshold":          {Threshold: -1},
		"promise above cap":  {MinRemaining: 2 * time.Hour, MaxLeaseTime: time.Hour},
		"start timeout":      {StartTimeout: -1},
		"idle timeout":       {IdleTimeout: -1},
		"look every":         {LookEvery: -1},
		"somebody's watcher": {Watcher: new(lease.Watcher)},
		"session id with / ": {SessionID: "../other"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := lease.Acquire(t.Context(), s.client, options)
			assert.ErrorIs(t, err, arr.ErrInvalidArgument)
		})
	}
	_, err := lease.Acquire(t.Context(), nil, lease.AcquireOptions{})
	assert.ErrorIs(t, err, arr.ErrInvalidArgument)
	assert.Empty(t, s.requests())
}

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
			func(req *http.Request, forward testkit.Forward) (*http.Response, error) {
				if testkit.Name(req) == "LIST" {
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
				if err == nil { // neither size may be available
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
