// SPDX-License-Identifier: MIT

package emulator_test

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator"
)

const premium5 = `{"maxLeaseTimeMinutes":5,"size":"Premium"}`

// assertServed checks whether sessions, which have started up, got a server or not.
func (s *service) assertServed(served bool, ids ...string) {
	s.t.Helper()
	want := "Error"
	if served {
		want = "Ready"
	}
	for _, id := range ids {
		assert.Equal(s.t, want, s.look(id).Status, id)
	}
}

func TestCapacityExceeded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(
			t,
			emulator.Options{
				Capacity:    emulator.FixedCapacity(1),
				StartupTime: emulator.FixedStartup(time.Minute),
			},
		)
		s.create("a", standard5)
		s.create("b", standard5) // with 201 all the same
		time.Sleep(time.Minute - 1)
		assert.Equal(t, "Starting", s.look("b").Status)
		assert.Equal(t, []string{"a", "b"}, s.walk())
		time.Sleep(time.Nanosecond)
		s.assertServed(true, "a")
		failed := s.look("b")
		assert.Equal(t, "Error", failed.Status)
		require.NotNil(t, failed.Error)
		assert.Equal(t, "CapacityExceeded", failed.Error.Code)
		assert.Equal(
			t,
			"No server of size Standard is available in region westeurope.",
			failed.Error.Message,
		)
		assertNoServer(t, failed)
		assert.Zero(t, failed.ElapsedTimeMinutes)
		assert.Zero(t, failed.Teraflops)
		assert.Equal(t, []string{"a"}, s.walk())
		assert.Equal(t, http.StatusOK, s.put("b", standard5).status, "the id is taken")
	})
}

// Each way in which a session ends frees its server, at that time.
func TestCapacityComesBack(t *testing.T) {
	for name, end := range map[string]func(s *service){
		"stopped":   func(s *service) { s.stop("a") },
		"expired":   func(*service) { time.Sleep(4 * time.Minute) },
		"failed":    func(s *service) { _ = s.SetStatus("a", azremoterendering.SessionStatusError) },
		"forgotten": func(*service) { time.Sleep(time.Hour) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := start(
					t,
					emulator.Options{Capacity: emulator.FixedCapacity(1), Retention: time.Minute},
				)
				s.create("a", standard5)
				time.Sleep(time.Minute)
				s.create("early", standard5)
				s.assertServed(false, "early")
				end(s)
				s.create("late", standard5)
				s.assertServed(true, "late")
				s.create("too-late", standard5)
				s.assertServed(false, "too-late")
			})
		})
	}
}

func TestExtendedSessionsKeepTheirServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, emulator.Options{Capacity: emulator.FixedCapacity(1)})
		s.create("a", standard5)
		s.patch("a", `{"maxLeaseTimeMinutes":10}`)
		time.Sleep(10*time.Minute - 1)
		s.create("early", standard5)
		s.assertServed(false, "early")
		time.Sleep(time.Nanosecond)
		s.create("late", standard5)
		s.assertServed(true, "late")
	})
}

// A session without a server takes none from others, whatever happens to it.
func TestDoomedSessionsHoldNoServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(
			t,
			emulator.Options{
				Capacity:    emulator.FixedCapacity(1),
				StartupTime: emulator.FixedStartup(time.Minute),
			},
		)
		s.create("a", standard5)
		s.create("doomed", standard5)
		s.create("doomed-and-stopped", standard5)
		s.stop("a")
		s.create("b", standard5)
		s.create("doomed-too", standard5)
		s.stop("doomed-and-stopped") // gives nothing back
		s.create("doomed-as-well", standard5)
		time.Sleep(time.Minute)
		s.assertServed(true, "b")
		s.assertServed(false, "doomed", "doomed-too", "doomed-as-well")
		stopped := s.look("doomed-and-stopped")
		assert.Equal(t, "Stopped", stopped.Status)
		assert.Nil(t, stopped.Error, "it was stopped before it could fail")
	})
}

func TestCapacityIsPerRegionAndSizeAndForAllAccounts(t *testing.T) {
	options := twoAccounts
	asked := make(map[azremoterendering.Region]int)
	options.Capacity = func(region azremoterendering.Region, size azremoterendering.SessionSize) int {
		asked[region]++
		switch {
		case region == "uksouth":
			return -1
		case size == azremoterendering.SessionSizePremium:
			return 0
		}
		return 2
	}
	s := start(t, options)
	other := s.as(otherID)
	there := s.in("remoterendering.eastus2.example")
	limitless := s.in("remoterendering.uksouth.example")

	s.create("a", standard5)
	other.create("b", standard5)
	s.create("c", standard5)
	other.create("c", standard5)
	s.create("premium", premium5)
	s.assertServed(true, "a")
	other.assertServed(true, "b")
	s.assertServed(false, "c", "premium")
	other.assertServed(false, "c")

	there.create("a", standard5)
	there.create("b", standard5)
	there.create("c", standard5)
	there.assertServed(true, "a", "b")
	there.assertServed(false, "c")
	for _, id := range []string{"a", "b", "c"} {
		limitless.create(id, premium5)
	}
	limitless.assertServed(true, "a", "b", "c")
	assert.Equal(
		t,
		map[azremoterendering.Region]int{"westeurope": 5, "eastus2": 3, "uksouth": 3},
		asked,
		"at each creation",
	)
}

func TestStartupHelpers(t *testing.T) {
	const size = azremoterendering.SessionSizeStandard
	assert.Equal(t, time.Minute, emulator.FixedStartup(time.Minute)(size))
	assert.Equal(t, time.Minute, emulator.RangeStartup(time.Minute, time.Minute)(size))
	assert.Equal(t, time.Minute, emulator.RangeStartup(time.Minute, time.Second)(size))

	seen := make(map[time.Duration]bool)
	few := emulator.RangeStartup(1, 3)
	for range 1000 {
		seen[few(size)] = true
	}
	assert.Equal(t, map[time.Duration]bool{1: true, 2: true, 3: true}, seen, "both bounds included")

	quick := 0
	recorded := emulator.RecordedStartup()
	for range 1000 {
		switch d := recorded(size); d {
		case 8 * time.Second:
			quick++
		default:
			assert.True(t, 150*time.Second <= d && d <= 180*time.Second, d)
		}
	}
	assert.InDelta(t, 500, quick, 150) // nine standard deviations
}
