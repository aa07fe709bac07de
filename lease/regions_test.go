// SPDX-License-Identifier: MIT

package lease_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
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

var threeRegions = []arr.Region{arr.RegionWestEurope, arr.RegionNorthEurope, arr.RegionUKSouth}

// inThreeRegions starts an emulator, and returns a client for three regions of it.
func inThreeRegions(t *testing.T, options emulator.Options) (*service, *arr.RegionsClient) {
	t.Helper()
	s := newService(t, options)
	var endpoints []string
	for _, region := range threeRegions {
		endpoints = append(endpoints, region.Endpoint())
	}
	regions, err := s.client.InRegions(endpoints...)
	require.NoError(t, err)
	return s, regions
}

// createIn creates a session in a region.
func (s *service) createIn(client *arr.SessionsClient, id string) {
	s.t.Helper()
	settings := arr.CreateSessionSettings{
		Size:         arr.SessionSizeStandard,
		MaxLeaseTime: 30 * time.Minute,
	}
	_, err := client.BeginCreate(s.t.Context(), id, settings, nil)
	require.NoError(s.t, err)
}

// away makes requests to a region fail at once, and hanging makes them hang.
func (s *service) away(region arr.Region) {
	s.handle(func(req *http.Request, forward testkit.Forward) (*http.Response, error) {
		if !isTo(req, region) {
			return forward()
		}
		return nil, errors.New("the region is away")
	})
}

func (s *service) hanging(region arr.Region) {
	s.handle(func(req *http.Request, forward testkit.Forward) (*http.Response, error) {
		if !isTo(req, region) {
			return forward()
		}
		<-req.Context().Done()
		return nil, req.Context().Err()
	})
}

func (s *service) allWell() {
	s.handle(func(_ *http.Request, forward testkit.Forward) (*http.Response, error) {
		return forward()
	})
}

func isTo(req *http.Request, region arr.Region) bool {
	return strings.HasPrefix(req.URL.Host, "remoterendering."+string(region))
}

// capacities limits the sessions of some regions; others have room for ten.
func capacities(of map[arr.Region]int) func(arr.Region, arr.SessionSize) int {
	return func(region arr.Region, _ arr.SessionSize) int {
		if n, limited := of[region]; limited {
			return n
		}
		return 10
	}
}

// runningIn returns the regions of the sessions that have not ended, sorted.
func (s *service) runningIn() []arr.Region {
	s.t.Helper()
	regions := []arr.Region{}
	for _, l := range s.lives() {
		if l.running() {
			regions = append(regions, l.Region)
		}
	}
	slices.Sort(regions)
	return regions
}

func TestNilRegionsAreRefused(t *testing.T) {
	for name, regions := range map[string]lease.Regions{
		"nil":          nil,
		"nil client":   (*arr.SessionsClient)(nil),
		"nil regions":  (*arr.RegionsClient)(nil),
		"zero regions": new(arr.RegionsClient),
	} {
		_, err := lease.Acquire(t.Context(), regions, lease.AcquireOptions{})
		assert.ErrorIs(t, err, arr.ErrInvalidArgument, name)
		_, err = lease.NewWatcher(regions, lease.WatcherOptions{})
		assert.ErrorIs(t, err, arr.ErrInvalidArgument, name)
		_, err = lease.NewPool(regions, poolOptions)
		assert.ErrorIs(t, err, arr.ErrInvalidArgument, name)
		_, err = lease.StopAll(t.Context(), regions, lease.StopAllOptions{EveryPrefix: true})
		assert.ErrorIs(t, err, arr.ErrInvalidArgument, name)
	}
}

func TestAcquireWithAWatcherInThreeRegions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, regions := inThreeRegions(t, emulator.Options{
			StartupTime: emulator.FixedStartup(time.Minute),
			Capacity:    capacities(map[arr.Region]int{arr.RegionWestEurope: 0}),
		})
		w, err := lease.NewWatcher(regions, lease.WatcherOptions{})
		require.NoError(t, err)
		defer w.Close()
		l, err := lease.Acquire(t.Context(), regions, lease.AcquireOptions{Watcher: w})
		require.NoError(t, err)
		assert.Equal(t, arr.RegionNorthEurope, l.Client().Region())
		time.Sleep(3 * time.Hour)
		assert.NoError(t, l.Context().Err())
		assert.Equal(t, []arr.Region{arr.RegionNorthEurope}, s.runningIn())
		require.NoError(t, l.Release(t.Context()))
		assert.Empty(t, s.running())
		assert.Equal(t, 1, s.count("STS"), "one exchange for all regions")
	})
}

func TestStopAllInThreeRegions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, regions := inThreeRegions(t, emulator.Options{})
		for i, client := range regions.Clients() {
			s.createIn(client, []string{"a", "b", "c"}[i])
		}
		stopped, err := lease.StopAll(t.Context(), regions, lease.StopAllOptions{EveryPrefix: true})
		require.NoError(t, err)
		var where []string
		for _, session := range stopped {
			where = append(where, session.ID+" in "+string(session.Client.Region()))
		}
		assert.Equal(t, []string{"a in westeurope", "b in northeurope", "c in uksouth"}, where)
		assert.Empty(t, s.running())
		assert.Equal(t, 1, s.count("STS"))
	})
}

func TestStopAllStopsWhatItReaches(t *testing.T) {
	for name, fail := range map[string]func(*service, arr.Region){
		"away":    (*service).away,
		"hanging": (*service).hanging,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, regions := inThreeRegions(t, emulator.Options{})
				for _, client := range regions.Clients() {
					s.createIn(client, "demo")
				}
				fail(s, arr.RegionWestEurope)
				go func() {
					time.Sleep(time.Minute)
					assert.Equal(t, []arr.Region{arr.RegionWestEurope}, s.runningIn(),
						"the other regions do not wait")
				}()
				stopped, err := lease.StopAll(
					t.Context(), regions, lease.StopAllOptions{Prefix: "demo"})
				assert.Len(t, stopped, 2)
				var failure *arr.RegionError
				require.ErrorAs(t, err, &failure)
				assert.Equal(t, arr.RegionWestEurope.Endpoint(), failure.Endpoint)
			})
		})
	}
}

func TestWatcherFindsTheRegionOfASession(t *testing.T) {
	for name, fail := range map[string]func(*service, arr.Region){
		"all well": func(*service, arr.Region) {},
		"away":     (*service).away,
		"hanging":  (*service).hanging,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, regions := inThreeRegions(t,
					emulator.Options{StartupTime: emulator.FixedStartup(2 * time.Minute)})
				s.createIn(regions.Clients()[1], "demo")
				fail(s, arr.RegionWestEurope)
				w, err := lease.NewWatcher(regions, lease.WatcherOptions{})
				require.NoError(t, err)
				defer w.Close()
				began := time.Now()
				session, err := w.Wait(t.Context(), "demo")
				require.NoError(t, err)
				assert.Equal(t, "demo", session.ID)
				assert.Equal(t, arr.SessionStatusReady, session.Status)
				assert.Equal(t, arr.RegionNorthEurope, session.Client.Region())
				assert.Less(t, time.Since(began), 2*time.Minute+6*time.Second)
			})
		})
	}
}

func TestWatcherTellsNotFoundFromNotAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, regions := inThreeRegions(t, emulator.Options{})
		w, err := lease.NewWatcher(regions, lease.WatcherOptions{})
		require.NoError(t, err)
		defer w.Close()
		_, err = w.Wait(t.Context(), "demo")
		assert.ErrorIs(t, err, arr.ErrNotFound)

		s.away(arr.RegionUKSouth)
		_, err = w.Wait(t.Context(), "demo")
		assert.NotErrorIs(t, err, arr.ErrNotFound, "it may live in the region that is away")
		var failure *arr.RegionError
		require.ErrorAs(t, err, &failure)
		assert.Equal(t, arr.RegionUKSouth.Endpoint(), failure.Endpoint)

		s.allWell()
		s.createIn(regions.Clients()[1], "ended")
		s.createIn(regions.Clients()[2], "ended")
		for _, client := range regions.Clients()[1:] {
			_, err := client.Stop(t.Context(), "ended", nil)
			require.NoError(t, err)
		}
		_, err = w.Wait(t.Context(), "ended")
		assert.ErrorIs(t, err, lease.ErrStopped)

		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		s.hanging(arr.RegionWestEurope)
		_, err = w.Wait(ctx, "demo")
		assert.ErrorIs(t, err, context.DeadlineExceeded)
	})
}

func TestChangesTellTheRegion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, regions := inThreeRegions(t, emulator.Options{})
		clients := regions.Clients()
		s.createIn(clients[0], "demo")
		s.createIn(clients[1], "demo")
		w, err := lease.NewWatcher(regions, lease.WatcherOptions{})
		require.NoError(t, err)
		defer w.Close()
		var told []string
		var failures []error
		go func() {
			for change, err := range w.Changes(t.Context()) {
				if err != nil {
					failures = append(failures, err)
					continue
				}
				told = append(told,
					string(change.Client.Region())+": "+string(change.After.Status))
			}
		}()
		time.Sleep(time.Minute)
		synctest.Wait()
		slices.Sort(told)
		assert.Equal(t, []string{"northeurope: Ready", "westeurope: Ready"}, told)

		// A region that refuses ends, and tells so; the others go on.
		told = nil
		s.handle(func(req *http.Request, forward testkit.Forward) (*http.Response, error) {
			if isTo(req, arr.RegionWestEurope) {
				return answer(req, http.StatusForbidden), nil
			}
			return forward()
		})
		time.Sleep(time.Minute)
		_, err = clients[1].Stop(t.Context(), "demo", nil)
		require.NoError(t, err)
		time.Sleep(time.Minute)
		synctest.Wait()
		assert.Equal(t, []string{"northeurope: Stopped"}, told)
		require.Len(t, failures, 1)
		assert.ErrorIs(t, failures[0], arr.ErrForbidden)
		var failure *arr.RegionError
		require.ErrorAs(t, failures[0], &failure)
		assert.Equal(t, arr.RegionWestEurope.Endpoint(), failure.Endpoint)

		w.Close()
		synctest.Wait()
		require.Len(t, failures, 2)
		assert.ErrorIs(t, failures[1], lease.ErrWatcherClosed)
	})
}
