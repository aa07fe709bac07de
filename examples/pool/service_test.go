// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/stretchr/testify/require"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator"
	"github.com/arr-go/azremoterendering/lease"
)

func TestADeviceGetsAWarmSessionAtOnceAndGivesItBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t, 1, 1)
		start := time.Now()
		got := f.open(t, f.one)
		require.Less(t, time.Since(start), time.Second)
		require.Equal(
			t,
			arr.Account{ID: got.AccountID, Domain: got.AccountDomain}, f.emulator.Account(),
		)
		require.Equal(t, "westeurope.mixedreality.azure.com", got.RenderingDomain)
		require.Greater(t, got.ExpiresInSeconds, int64(timeToConnect.Seconds()))
		require.InDelta(t, 20, got.HeartbeatEverySeconds, 0)

		token, err := arr.NewStaticAccessToken(got.AccessToken)
		require.NoError(t, err)
		device, err := arr.NewSessionsClientWithAccessToken(
			"https://remoterendering."+got.RenderingDomain,
			got.AccountID,
			token,
			&arr.SessionsClientOptions{
				ClientOptions: azcore.ClientOptions{Transport: f.emulator.Transport()},
			},
		)
		require.NoError(t, err)
		session, err := device.Get(t.Context(), got.SessionID, nil)
		require.NoError(t, err)
		require.Equal(t, arr.SessionStatusReady, session.Status)

		for range 3 * 60 { // three hours, longer than the lease of half an hour
			time.Sleep(20 * time.Second)
			var left remaining
			require.NoError(
				t,
				json.Unmarshal(
					f.heartbeat(t, http.StatusOK, f.one, got.SessionID).Body.Bytes(),
					&left,
				),
			)
			require.Positive(t, left.AtLeastSeconds)
			require.GreaterOrEqual(t, left.AtMostSeconds, left.AtLeastSeconds)
		}
		f.giveBack(t, http.StatusNoContent, f.one, got.SessionID)
		require.Equal(t, got.SessionID, f.open(t, f.two).SessionID, "the next device has it")
	})
}

func TestAFormerHolderCannotTouchTheSessionOfTheNext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t, 1, 1)
		id := f.open(t, f.one).SessionID
		f.giveBack(t, http.StatusNoContent, f.one, id)
		f.heartbeat(t, http.StatusNotFound, f.one, id)
		require.Equal(t, id, f.open(t, f.two).SessionID)
		f.giveBack(t, http.StatusNotFound, f.one, id) // as when DELETE is repeated on the way
		f.heartbeat(t, http.StatusNotFound, f.one, id)
		f.heartbeat(t, http.StatusOK, f.two, id)
	})
}

func TestTwoDevicesNeverGetOneSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t, 5, 20)
		var mu sync.Mutex
		holders := map[string]int{}
		var devices sync.WaitGroup
		for range 40 {
			devices.Go(func() {
				got := f.send(t.Context(), f.one, http.MethodPost, "/sessions")
				if got.Code != http.StatusCreated {
					return
				}
				var a access
				_ = json.Unmarshal(got.Body.Bytes(), &a)
				mu.Lock()
				defer mu.Unlock()
				holders[a.SessionID]++
			})
		}
		devices.Wait()
		require.Len(t, holders, 5, "those that were warm; the others were told to come back")
		for id, n := range holders {
			require.Equal(t, 1, n, id)
		}
	})
}

func TestADeviceThatFallsSilentLosesItsSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t, 1, 1)
		id := f.open(t, f.one).SessionID
		time.Sleep(idle - time.Second)
		f.heartbeat(t, http.StatusOK, f.one, id)
		time.Sleep(idle + time.Second)
		f.heartbeat(t, http.StatusNotFound, f.one, id)
		session, err := f.owner.Get(t.Context(), id, nil)
		require.NoError(t, err)
		require.Equal(t, arr.SessionStatusStopped, session.Status)
		time.Sleep(startup + time.Minute)
		require.NotEqual(t, id, f.open(t, f.one).SessionID, "the pool has made another")
	})
}

func TestNoSessionInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t, 1, 1)
		f.open(t, f.one)
		start := time.Now()
		w := f.expect(t, http.StatusServiceUnavailable, f.two, http.MethodPost, "/sessions")
		require.Equal(t, "10", w.Header().Get("Retry-After"))
		require.Equal(t, wait, time.Since(start))

		require.NoError(t, f.service.pool.Close(t.Context()))
		w = f.expect(t, http.StatusServiceUnavailable, f.two, http.MethodPost, "/sessions")
		require.Equal(t, "10", w.Header().Get("Retry-After"))
	})
}

func TestADeviceThatHangsUpTakesNoSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t, 1, 1)
		id := f.open(t, f.one).SessionID
		ctx, hangUp := context.WithCancel(t.Context())
		var waiting sync.WaitGroup
		waiting.Go(func() { f.send(ctx, f.two, http.MethodPost, "/sessions") })
		synctest.Wait()
		hangUp()
		waiting.Wait()
		f.giveBack(t, http.StatusNoContent, f.one, id)
		require.Equal(t, id, f.open(t, f.one).SessionID)
	})
}

func TestADeviceGetsNoSessionWithoutAToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t, 1, 1)
		// too short to hand out
		require.NoError(t, f.emulator.SetTokenLifetime(timeToConnect-time.Minute))
		require.NoError(t, f.emulator.RevokeTokens(emulator.DevelopmentAccountID))
		time.Sleep(time.Minute) // the pool has noticed
		f.expect(t, http.StatusServiceUnavailable, f.one, http.MethodPost, "/sessions")
		var s lease.PoolStats
		require.NoError(
			t,
			json.Unmarshal(
				f.expect(t, http.StatusOK, f.one, http.MethodGet, "/stats").Body.Bytes(),
				&s,
			),
		)
		require.Equal(t, 1, s.Idle, "the session was put back")
		require.Zero(t, s.HandedOut)
	})
}

func TestMetricsCountWhatHappensToSessions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t, 1, 2)
		f.open(t, f.one)
		time.Sleep(startup + 30*time.Minute) // the device gives no sign of life
		text := f.expect(t, http.StatusOK, f.one, http.MethodGet, "/metrics").Body.String()
		for _, line := range []string{
			`arr_pool_sessions{arr_pool="test-",arr_region="westeurope",arr_session_state="idle"} 1`,
			`arr_pool_waiting{arr_pool="test-"} 0`,
			`arr_pool_handout_duration_seconds_bucket{arr_pool="test-",le="0.001"} 1`,
			`arr_session_startup_duration_seconds_bucket{arr_pool="test-",le="90"} 0`,
			`arr_session_startup_duration_seconds_bucket{arr_pool="test-",le="180"} 2`,
			`arr_session_creations_total{arr_pool="test-"} 2`,
			`arr_session_ends_total{arr_pool="test-"} 1`,
			`arr_session_failures_total{arr_pool="test-"} 0`,
		} {
			require.Contains(t, text, line+"\n")
		}
		shape := regexp.MustCompile(`(?m)^([^#].*) .*$`).ReplaceAllString(text, "$1 0")
		path := filepath.Join("testdata", "metrics.txt") // which module telemetry compares with its own
		if os.Getenv("ARR_GOLDEN") != "" {
			require.NoError(t, os.MkdirAll("testdata", 0o755))
			require.NoError(t, os.WriteFile(path, []byte(shape), 0o644))
		}
		want, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, string(want), shape, "ARR_GOLDEN=1 writes it")
	})
}
