// SPDX-License-Identifier: MIT

package lease_test

import (
	"context"
	"errors"
	"net"
	"net/http"
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

// Progress tells of each answer once.
func TestAcquireTellsOfItsProgress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t, emulator.Options{StartupTime: emulator.FixedStartup(11 * time.Second)})
		var told int
		l, err := lease.Acquire(
			t.Context(),
			s.client,
			lease.AcquireOptions{Progress: func(arr.Session) { told++ }},
		)
		require.NoError(t, err)
		assert.Equal(t, s.count("PUT")+s.count("GET"), told)
		time.Sleep(time.Hour)
		assert.Less(t, told, s.count("GET"), "and not of what comes after Acquire")
		require.NoError(t, l.Release(t.Context()))
	})
}

func TestAcquireCreatesASessionAndReleaseStopsIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t, emulator.Options{StartupTime: emulator.FixedStartup(3 * time.Minute)})
		var seen []arr.SessionStatus
		l, err := lease.Acquire(t.Context(), s.client, lease.AcquireOptions{
			IDPrefix: "show-",
			Progress: func(session arr.Session) { seen = append(seen, session.Status) },
		})
		require.NoError(t, err)
		session := l.Session()
		assert.Regexp(t, "^show-[0-9a-f-]{36}$", session.ID)
		assert.Equal(t, arr.SessionStatusReady, session.Status)
		assert.Equal(t, lease.DefaultLeaseTime, session.MaxLeaseTime)
		assert.Equal(t, arr.SessionStatusStarting, seen[0], "progress is told of the start")
		assert.Equal(t, arr.SessionStatusReady, seen[len(seen)-1], "and of the end of the wait")
		assert.Same(t, s.client, l.Client())

		time.Sleep(5 * time.Hour)
		require.NoError(t, l.Context().Err())
		assert.Equal(t, arr.SessionStatusReady, s.get(session.ID).Status, "the lease is kept")

		require.NoError(t, l.Release(t.Context()))
		assert.ErrorIs(t, context.Cause(l.Context()), lease.ErrReleased)
		assert.Empty(t, s.running())
		require.NoError(t, l.Release(t.Context()), "a second call does no harm")
		assert.Equal(t, 1, s.count("POST"))
	})
}

// A session is adopted if it will do; otherwise it is left alone, and another is created.
func TestAcquireAdopts(t *testing.T) {
	for name, test := range map[string]struct {
		prepare func(s *service)
		options lease.AcquireOptions
		adopted bool
	}{
		"a Ready session": {
			func(s *service) { s.ready("saved", 30*time.Minute) }, lease.AcquireOptions{}, true,
		},
		"a Starting session": {
			func(s *service) { s.create("saved", arr.SessionSizeStandard, 30*time.Minute) },
			lease.AcquireOptions{}, true,
		},
		"one spelled otherwise": {
			func(s *service) { s.ready("saved", 30*time.Minute); s.fault(emulator.Fault{ShowSize: "standard"}) },
			lease.AcquireOptions{}, true,
		},
		"one of the second size": {
			func(s *service) { s.ready("saved", 30*time.Minute) },
			lease.AcquireOptions{Sizes: []arr.SessionSize{arr.SessionSizePremium, arr.SessionSizeStandard}},
			true,
		},
		"one with a minute left": {
			func(s *service) { s.ready("saved", 3*time.Minute); time.Sleep(2 * time.Minute) },
			lease.AcquireOptions{}, true,
		},
		"one that is not there": {func(*service) {}, lease.AcquireOptions{}, false},
		"one of another size": {
			func(s *service) { s.ready("saved", 30*time.Minute) },
			lease.AcquireOptions{Sizes: []arr.SessionSize{arr.SessionSizePremium}}, false,
		},
		"a stopped one": {
			func(s *service) { s.ready("saved", 30*time.Minute); s.stop("saved") },
			lease.AcquireOptions{}, false,
		},
		"an expired one": {
			func(s *service) { s.ready("saved", time.Minute); time.Sleep(time.Minute) },
			lease.AcquireOptions{}, false,
		},
		"one that fails to start": {func(s *service) { s.fail("saved") }, lease.AcquireOptions{}, false},
		"one at the cap": {
			func(s *service) { s.ready("saved", 30*time.Minute); time.Sleep(25 * time.Minute) },
			lease.AcquireOptions{MaxLeaseTime: 30 * time.Minute}, false,
		},
		"one at the service's cap": {
			func(s *service) { s.ready("saved", 1439*time.Minute); time.Sleep(1430 * time.Minute) },
			lease.AcquireOptions{}, false,
		},
		"one not extendable": {
			func(s *service) { s.ready("saved", 1440*time.Minute); time.Sleep(1430 * time.Minute) },
			lease.AcquireOptions{}, false,
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newService(
					t,
					emulator.Options{StartupTime: emulator.FixedStartup(time.Minute)},
				)
				test.prepare(s)
				before := s.running()

				test.options.SessionID = "saved"
				l, err := lease.Acquire(t.Context(), s.client, test.options)
				require.NoError(t, err)
				assert.Equal(t, test.adopted, l.Session().ID == "saved")
				atLeast, _ := l.Remaining()
				assert.GreaterOrEqual(
					t,
					atLeast,
					lease.DefaultThreshold,
					"what is promised is left",
				)
				for _, id := range before {
					assert.NotEqual(
						t,
						arr.SessionStatusStopped,
						s.get(id).Status,
						"Acquire stops nothing that it has not created",
					)
				}
				require.NoError(t, l.Release(t.Context()))
				assert.True(
					t,
					s.get(l.Session().ID).Status.Ended(),
					"Release stops, no matter who created it",
				)
			})
		})
	}
}

// The session that is not adopted may live in a region to fall back to.
func TestAcquireAdoptsFromAnotherRegion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t, emulator.Options{})
		other := s.newClient(arr.RegionEastUS.Endpoint(), s)
		_, err := other.BeginCreate(
			t.Context(),
			"saved",
			arr.CreateSessionSettings{
				Size:         arr.SessionSizeStandard,
				MaxLeaseTime: 30 * time.Minute,
			},
			nil,
		)
		require.NoError(t, err)

		l, err := lease.Acquire(
			t.Context(),
			s.regions(s.client, other),
			lease.AcquireOptions{SessionID: "saved"},
		)
		require.NoError(t, err)
		assert.Equal(t, "saved", l.Session().ID)
		assert.Same(t, other, l.Client())
		require.NoError(t, l.Release(t.Context()))
	})
}

func TestAcquireTriesOtherSizesAndRegions(t *testing.T) {
	both := []arr.SessionSize{arr.SessionSizeStandard, arr.SessionSizePremium}
	noStandard := func(_ arr.Region, size arr.SessionSize) int {
		if size == arr.SessionSizeStandard {
			return 0
		}
		return -1
	}
	westIsFull := func(region arr.Region, _ arr.SessionSize) int {
		if region == arr.RegionWestEurope {
			return 0
		}
		return -1
	}
	unreachable := func(req *http.Request, forward testkit.Forward) (*http.Response, error) {
		if req.URL.Host == "remoterendering.westeurope.mixedreality.azure.com" {
			return nil, &net.OpError{Op: "dial", Err: errors.New("connection refused")}
		}
		return forward()
	}
	for name, test := range map[string]struct {
		service emulator.Options
		network testkit.Handler
		sizes   []arr.SessionSize
		created int
		size    arr.SessionSize
		region  arr.Region
	}{
		"no server of the first size": {
			service: emulator.Options{Capacity: noStandard},
			sizes:   both,
			created: 2,
			size:    arr.SessionSizePremium,
			region:  arr.RegionWestEurope,
		},
		"no server in the region": {
			service: emulator.Options{Capacity: westIsFull},
			sizes:   both,
			created: 3,
			size:    arr.SessionSizeStandard,
			region:  arr.RegionEastUS,
		},
		"a start that fails": {
			service: emulator.Options{Faults: []emulator.Fault{{Start: emulator.StartFails, Count: 1}}},
			sizes:   both,
			created: 2,
			size:    arr.SessionSizePremium,
			region:  arr.RegionWestEurope,
		},
		"a start that never ends": {
			service: emulator.Options{Faults: []emulator.Fault{{Start: emulator.StartNever, Count: 1}}},
			sizes:   both,
			created: 2,
			size:    arr.SessionSizePremium,
			region:  arr.RegionWestEurope,
		},
		"a region out of reach": {
			network: unreachable,
			sizes:   both,
			created: 1,
			size:    arr.SessionSizeStandard,
			region:  arr.RegionEastUS,
		},
		"a region out of order": {
			service: emulator.Options{Faults: []emulator.Fault{{Operation: "create", Status: 503, Count: 4}}},
			created: 1,
			size:    arr.SessionSizeStandard,
			region:  arr.RegionEastUS,
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				test.service.StartupTime = emulator.FixedStartup(time.Minute)
				s := newService(t, test.service)
				s.handle(test.network)
				fallback := s.newClient(arr.RegionEastUS.Endpoint(), s)

				l, err := lease.Acquire(
					t.Context(),
					s.regions(s.client, fallback),
					lease.AcquireOptions{Sizes: test.sizes},
				)
				require.NoError(t, err)
				assert.Equal(t, test.size, l.Session().Size)
				lives := s.lives()
				assert.Len(t, lives, test.created)
				for _, life := range lives {
					assert.Equal(
						t,
						life.ID == l.Session().ID,
						life.running(),
						"only the one acquired runs",
					)
					if life.running() {
						assert.Equal(t, test.region, life.Region)
					}
				}
				require.NoError(t, l.Release(t.Context()))
			})
		})
	}
}
