// SPDX-License-Identifier: MIT

package main

import (
	"encoding/json"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/arr-go/azremoterendering/lease"
	"github.com/stretchr/testify/require"
)

func TestARestartFindsItsSessionsAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t, 1, 3)
		id := f.open(t, f.one).SessionID
		time.Sleep(idle / 2)
		f.stop(t)
		require.Equal(t, []string{id}, f.running(t), "what is held goes on, and nothing else")

		f.start(t, f.service.settings)
		f.heartbeat(t, http.StatusOK, f.one, id)
		f.heartbeat(t, http.StatusNotFound, f.two, id)
		f.stop(t)
		time.Sleep(10 * time.Minute)

		f.start(t, f.service.settings)
		f.giveBack(t, http.StatusNoContent, f.one, id)
		require.Equal(t, id, f.open(t, f.two).SessionID)
		f.heartbeat(t, http.StatusNotFound, f.one, id)
		f.giveBack(t, http.StatusNoContent, f.two, id)
	})
}

func TestASessionThatNobodyClaimsAfterARestartIsStopped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t, 1, 3)
		id := f.open(t, f.one).SessionID
		f.stop(t)
		f.service.settings.warm = 0
		f.start(t, f.service.settings)
		time.Sleep(idle + time.Second)
		f.heartbeat(t, http.StatusNotFound, f.one, id)
		var s lease.PoolStats
		require.NoError(
			t,
			json.Unmarshal(
				f.expect(t, http.StatusOK, f.one, http.MethodGet, "/stats").Body.Bytes(),
				&s,
			),
		)
		require.Zero(t, s.PoolSessions, "nothing is left")
		require.Empty(t, f.running(t))
	})
}
