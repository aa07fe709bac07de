// SPDX-License-Identifier: MIT

package emulator_test

import (
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator"
)

const hostPattern = `^arrwesteurostandard[0-9a-f]{32}` +
	`\.remoterendering\.vm\.westeurope\.mixedreality\.azure\.com$`

// assertServer checks host, ports and computing power of a session that is Ready.
func assertServer(t *testing.T, s seen) {
	t.Helper()
	assert.Equal(t, "Ready", s.Status)
	assert.Regexp(t, hostPattern, s.Hostname)
	for _, port := range []int{s.HandshakePort, s.ArrInspectorPort} {
		assert.True(t, 49152 <= port && port <= 65534, port)
	}
	assert.NotEqual(t, s.HandshakePort, s.ArrInspectorPort)
	assert.InDelta(t, 10.6, s.Teraflops, 0.001)
	assert.Nil(t, s.Error)
}

// assertNoServer checks that no device could connect.
func assertNoServer(t *testing.T, s seen) {
	t.Helper()
	assert.Empty(t, s.Hostname)
	assert.Zero(t, s.HandshakePort)
	assert.Zero(t, s.ArrInspectorPort)
}

func TestSessionRunsFromStartingToExpired(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, emulator.Options{StartupTime: emulator.FixedStartup(150 * time.Second)})
		s.create("a", standard5)
		created := time.Now()

		time.Sleep(150*time.Second - 1)
		starting := s.look("a")
		assert.Equal(t, "Starting", starting.Status)
		assert.Zero(t, starting.ElapsedTimeMinutes)
		assert.Zero(t, starting.Teraflops)
		assertNoServer(t, starting)
		assert.True(t, created.Equal(starting.CreationTime))

		time.Sleep(time.Nanosecond)
		ready := s.look("a")
		assertServer(t, ready)
		assert.Zero(t, ready.ElapsedTimeMinutes)

		time.Sleep(time.Minute - 1)
		assert.Zero(t, s.look("a").ElapsedTimeMinutes, "whole minutes, rounded down")
		time.Sleep(time.Nanosecond)
		assert.Equal(t, 1, s.look("a").ElapsedTimeMinutes)

		time.Sleep(4*time.Minute - 1)
		last := s.look("a")
		assert.Equal(t, 4, last.ElapsedTimeMinutes)
		assert.Equal(t, ready.Hostname, last.Hostname, "the server stays the same")
		assert.Equal(t, "Ready", last.Status, "the lease begins with Ready, not with the creation")

		time.Sleep(time.Nanosecond)
		for range 2 {
			expired := s.look("a")
			assert.Equal(t, "Expired", expired.Status)
			assert.Equal(t, 5, expired.ElapsedTimeMinutes, "frozen")
			assert.InDelta(t, 10.6, expired.Teraflops, 0.001)
			assertNoServer(t, expired)
			assert.Nil(t, expired.Error)
			time.Sleep(time.Hour)
		}
	})
}

func TestSessionWithoutStartupIsReadyAtTheFirstLook(t *testing.T) {
	s := start(t, emulator.Options{})
	r := s.put("a", standard5)
	require.Equal(t, http.StatusCreated, r.status)
	assert.Equal(t, "Starting", r.session(t).Status, "the answer to a creation")
	assertNoServer(t, r.session(t))
	assertServer(t, s.look("a"))
}

func TestStartupTimeDependsOnSize(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		s := start(
			t,
			emulator.Options{StartupTime: func(size azremoterendering.SessionSize) time.Duration {
				calls++
				if size == azremoterendering.SessionSizePremium {
					return time.Minute
				}
				return -time.Second
			}},
		)
		s.create("standard", standard5)
		s.create("premium", `{"maxLeaseTimeMinutes":5,"size":"Premium"}`)
		s.put("premium", `{"maxLeaseTimeMinutes":5,"size":"Premium"}`)
		assert.Equal(t, 2, calls, "once for each session")
		assert.Equal(t, "Ready", s.look("standard").Status)
		assert.Equal(t, "Starting", s.look("premium").Status)
		time.Sleep(time.Minute)
		premium := s.look("premium")
		assert.Equal(t, "Ready", premium.Status)
		assert.Equal(t, "Premium", premium.Size)
		assert.InDelta(t, 21.2, premium.Teraflops, 0.001)
	})
}

func TestStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, emulator.Options{StartupTime: emulator.FixedStartup(time.Minute)})
		s.create("early", standard5)
		assert.Equal(t, http.StatusNoContent, s.stop("early").status)
		early := s.look("early")
		assert.Equal(t, "Stopped", early.Status, "at once")
		assert.Zero(t, early.Teraflops, "it had never been Ready")

		s.create("late", standard5)
		time.Sleep(3*time.Minute + 30*time.Second)
		assert.Equal(t, http.StatusNoContent, s.stop("late").status)
		time.Sleep(time.Hour)
		for _, id := range []string{"early", "late"} {
			stopped := s.look(id)
			assert.Equal(t, "Stopped", stopped.Status, "neither Ready nor Expired any more")
			assertNoServer(t, stopped)
		}
		assert.Equal(t, 2, s.look("late").ElapsedTimeMinutes, "frozen")
		assert.InDelta(t, 10.6, s.look("late").Teraflops, 0.001)
		assert.Zero(t, s.look("early").ElapsedTimeMinutes)

		assert.Equal(t, http.StatusNoContent, s.stop("late").status, "again")
		assert.Equal(t, 2, s.look("late").ElapsedTimeMinutes)
		assert.Equal(t, http.StatusNotFound, s.stop("nobody").status)

		s.create("expired", standard5)
		time.Sleep(6 * time.Minute)
		assert.Equal(t, http.StatusNoContent, s.stop("expired").status)
		assert.Equal(t, "Expired", s.look("expired").Status, "the first end counts")
	})
}

func TestStopOfEndedSessionAsDecided(t *testing.T) {
	s := start(
		t,
		emulator.Options{Decisions: emulator.Decisions{StopEndedStatus: http.StatusNotFound}},
	)
	s.create("a", standard5)
	assert.Equal(t, http.StatusNoContent, s.stop("a").status)
	assert.Equal(t, http.StatusNotFound, s.stop("a").status)
}

func TestUpdateExtendsTheLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, emulator.Options{StartupTime: emulator.FixedStartup(time.Minute)})
		s.create("a", standard5)
		r := s.patch("a", `{"maxLeaseTimeMinutes":6}`)
		require.Equal(t, http.StatusOK, r.status, "while Starting")
		assert.Equal(t, 6, r.session(t).MaxLeaseTimeMinutes)
		assert.Equal(t, "Starting", r.session(t).Status)

		time.Sleep(7*time.Minute - 1)
		r = s.patch("a", `{"maxLeaseTimeMinutes":7}`)
		require.Equal(t, http.StatusOK, r.status, "at the last moment")
		assertServer(t, r.session(t))
		time.Sleep(time.Minute)
		assert.Equal(t, "Ready", s.look("a").Status)
		time.Sleep(time.Nanosecond)
		assert.Equal(t, "Expired", s.look("a").Status, "a lease is a total since Ready")

		r = s.patch("a", `{"maxLeaseTimeMinutes":100}`)
		assert.Equal(t, http.StatusUnprocessableEntity, r.status, "nothing revives it")
		assert.Equal(t, "UnprocessableEntity", r.code(t))
	})
}

func TestUpdateRules(t *testing.T) {
	tests := []struct {
		name      string
		decisions emulator.Decisions
		first     int
		lease     string
		status    int
	}{
		{"larger", emulator.Decisions{}, 5, "6", 200},
		{"equal", emulator.Decisions{}, 5, "5", 422},
		{"smaller", emulator.Decisions{}, 5, "4", 422},
		{"negative", emulator.Decisions{}, 5, "-1", 422},
		{"largest", emulator.Decisions{}, 5, "1439", 200},
		{"at the bound", emulator.Decisions{}, 5, "1440", 422},
		{"above the bound", emulator.Decisions{}, 5, "2147483647", 422},
		{"of the longest", emulator.Decisions{}, 1440, "1440", 422},
		{"no integer", emulator.Decisions{}, 5, "6.5", 400},
		{"too large a number", emulator.Decisions{}, 5, "2147483648", 400},
		{"text", emulator.Decisions{}, 5, `"6"`, 400},
		{"null", emulator.Decisions{}, 5, "null", 400},
		{"malformed, as decided", emulator.Decisions{MalformedUpdateStatus: 422}, 5, "null", 422},
		{"not JSON, as decided", emulator.Decisions{MalformedUpdateStatus: 422}, 5, "}", 422},
		{
			"to the bound, as decided",
			emulator.Decisions{AcceptUpdateToMaxLease: true},
			5,
			"1440",
			200,
		},
		{"above it, as decided", emulator.Decisions{AcceptUpdateToMaxLease: true}, 5, "1441", 422},
		{"other bound", emulator.Decisions{MaxLease: time.Hour}, 5, "59", 200},
		{"at the other bound", emulator.Decisions{MaxLease: time.Hour}, 5, "60", 422},
		{"shorter, as decided", emulator.Decisions{AcceptShorterLease: true}, 5, "4", 200},
		{"equal, as decided", emulator.Decisions{AcceptShorterLease: true}, 5, "5", 200},
		{"shortened to nothing", emulator.Decisions{AcceptShorterLease: true}, 5, "0", 422},
		{"shortened into the past", emulator.Decisions{AcceptShorterLease: true}, 5, "2", 422},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := start(t, emulator.Options{Decisions: test.decisions})
				s.create(
					"a",
					fmt.Sprintf(`{"maxLeaseTimeMinutes":%d,"size":"Standard"}`, test.first),
				)
				time.Sleep(2 * time.Minute)
				r := s.patch("a", fmt.Sprintf(`{"maxLeaseTimeMinutes":%s}`, test.lease))
				assert.Equal(t, test.status, r.status, r.body)
				if test.status == http.StatusOK {
					assert.Equal(t, test.lease, fmt.Sprint(s.look("a").MaxLeaseTimeMinutes))
					return
				}
				want := map[int]string{400: "BadRequest", 422: "UnprocessableEntity"}[test.status]
				assert.Equal(t, want, r.code(t))
				assert.Equal(t, test.first, s.look("a").MaxLeaseTimeMinutes, "nothing changed")
			})
		})
	}
}

func TestUpdateOfUnknownAndEndedSessions(t *testing.T) {
	s := start(t, emulator.Options{})
	r := s.patch("nobody", `{"maxLeaseTimeMinutes":6}`)
	assert.Equal(t, http.StatusNotFound, r.status)
	assert.Empty(t, r.body)
	assert.Equal(t, http.StatusBadRequest, s.patch("nobody", `{}`).status, "the body comes first")

	s = start(
		t,
		emulator.Options{Decisions: emulator.Decisions{UpdateEndedStatus: http.StatusNotFound}},
	)
	s.create("a", standard5)
	s.stop("a")
	r = s.patch("a", `{"maxLeaseTimeMinutes":6}`)
	assert.Equal(t, http.StatusNotFound, r.status)
	assert.Empty(t, r.body)
}

func TestRetention(t *testing.T) {
	const day = 24 * time.Hour
	synctest.Test(t, func(t *testing.T) {
		s := start(
			t,
			emulator.Options{
				TokenLifetime: 100 * day,
				Decisions:     emulator.Decisions{ListEnded: true},
			},
		)
		s.create("stopped", standard5)
		s.create("extended", standard5)
		s.create("failed", `{"maxLeaseTimeMinutes":1440,"size":"Standard"}`)
		s.patch("extended", `{"maxLeaseTimeMinutes":1439}`)
		s.stop("stopped")
		require.NoError(t, s.SetStatus("failed", azremoterendering.SessionStatusError))

		time.Sleep(30*day - 1)
		assert.Equal(t, "Stopped", s.look("stopped").Status)
		assert.Equal(t, "Error", s.look("failed").Status)
		time.Sleep(time.Nanosecond)
		assert.Equal(t, http.StatusNotFound, s.get("stopped").status)
		assert.Equal(t, http.StatusNotFound, s.get("failed").status)
		assert.Equal(t, "Expired", s.look("extended").Status)
		assert.Equal(t, []string{"extended"}, s.walk())
		require.ErrorContains(
			t,
			s.SetStatus("stopped", azremoterendering.SessionStatusReady),
			"unknown",
		)

		s.create("stopped", standard5) // the id is free again
		time.Sleep(1439*time.Minute - 1)
		assert.Equal(t, []string{"extended", "stopped"}, s.walk())
		time.Sleep(time.Nanosecond)
		assert.Equal(t, []string{"stopped"}, s.walk())
	})
}

// A lease that grows must not keep others from being forgotten in time.
func TestRetentionAfterAnUpdate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, emulator.Options{Retention: time.Minute})
		s.create("extended", standard5)
		s.create("other", `{"maxLeaseTimeMinutes":10,"size":"Standard"}`)
		s.patch("extended", `{"maxLeaseTimeMinutes":20}`)
		time.Sleep(11 * time.Minute)
		assert.Equal(t, http.StatusNotFound, s.get("other").status)
		assert.Equal(t, "Ready", s.look("extended").Status)
	})
}

func TestRetentionOption(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, emulator.Options{Retention: time.Second})
		s.create("a", standard5)
		time.Sleep(5*time.Minute + time.Second - 1)
		assert.Equal(t, "Expired", s.look("a").Status)
		time.Sleep(time.Nanosecond)
		assert.Equal(t, http.StatusNotFound, s.get("a").status)
	})
}

func TestSetStatus(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, emulator.Options{StartupTime: emulator.FixedStartup(time.Hour)})

		s.create("ready", standard5)
		time.Sleep(time.Minute)
		require.NoError(
			t,
			s.SetStatus("ready", azremoterendering.SessionStatusStarting),
			"it is Starting already",
		)
		require.NoError(t, s.SetStatus("ready", azremoterendering.SessionStatusReady))
		assertServer(t, s.look("ready"))
		time.Sleep(2 * time.Minute)
		require.NoError(t, s.SetStatus("ready", azremoterendering.SessionStatusReady))
		assert.Equal(t, 2, s.look("ready").ElapsedTimeMinutes, "Ready again changes nothing")
		require.ErrorContains(
			t,
			s.SetStatus("ready", azremoterendering.SessionStatusStarting),
			"cannot be Starting again",
		)
		require.ErrorContains(t, s.SetStatus("ready", ""), "empty")
		require.NoError(t, s.SetStatus("ready", azremoterendering.SessionStatusError))
		failed := s.look("ready")
		assert.Equal(t, "Error", failed.Status)
		assert.Equal(t, 2, failed.ElapsedTimeMinutes)
		assert.Zero(t, failed.Teraflops)
		assertNoServer(t, failed)
		require.NotNil(t, failed.Error)
		assert.Equal(t, "InternalServerError", failed.Error.Code)
		assert.Equal(t, "The session became unusable.", failed.Error.Message)

		s.create("unborn", standard5)
		require.NoError(t, s.SetStatus("unborn", azremoterendering.SessionStatusError))
		assert.Equal(t, "The session failed to start.", s.look("unborn").Error.Message)

		s.create("expired", standard5)
		require.NoError(t, s.SetStatus("expired", azremoterendering.SessionStatusExpired))
		assert.Equal(t, "Expired", s.look("expired").Status)
		for _, status := range azremoterendering.PossibleSessionStatusValues() {
			require.ErrorContains(t, s.SetStatus("expired", status), "has ended as Expired")
			require.ErrorContains(t, s.SetStatus("nobody", status), "unknown")
		}
	})
}

func TestSetStatusToOneThatNobodyKnows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, emulator.Options{StartupTime: emulator.FixedStartup(time.Minute)})
		s.create("a", standard5)
		require.NoError(t, s.SetStatus("a", "Hibernating"))
		assert.Equal(t, "Hibernating", s.look("a").Status)
		require.NoError(t, s.SetStatus("a", azremoterendering.SessionStatusStarting))
		assert.Equal(t, "Starting", s.look("a").Status, "taken back")

		require.NoError(t, s.SetStatus("a", "Hibernating"))
		time.Sleep(3 * time.Minute)
		hibernating := s.look("a")
		assert.Equal(t, "Hibernating", hibernating.Status)
		assert.Equal(t, 2, hibernating.ElapsedTimeMinutes, "the lease goes on beneath")
		assertNoServer(t, hibernating)
		assert.Equal(t, []string{"a"}, s.walk())
		require.NoError(t, s.SetStatus("a", azremoterendering.SessionStatusReady))
		assert.Equal(t, 2, s.look("a").ElapsedTimeMinutes)
		assertServer(t, s.look("a"))

		require.NoError(t, s.SetStatus("a", "Hibernating"))
		time.Sleep(3 * time.Minute)
		assert.Equal(t, "Expired", s.look("a").Status)
	})
}
