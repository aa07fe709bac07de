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
	"github.com/arr-go/azremoterendering/lease"
)

func TestReadsLagBehindTheirCreate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, emulator.Options{Decisions: emulator.Decisions{PageSize: 1}})
		s.create("before", standard5)
		s.inject(emulator.Fault{ReadLag: 10 * time.Second, Count: 1})
		s.create("a", standard5)
		s.create("after", standard5)

		r := s.get("a")
		assert.Equal(t, http.StatusNotFound, r.status)
		assert.Empty(t, r.body, "as of an unknown session")
		assert.Equal(t, []string{"before", "after"}, s.walk())
		assert.Equal(t, http.StatusOK, s.put("a", standard5).status, "writes find it")
		assert.Equal(t, http.StatusOK, s.patch("a", `{"maxLeaseTimeMinutes":6}`).status)
		assert.Equal(t, http.StatusUnauthorized, s.send("GET", s.session("a")+apiVersion, "", nil).status)

		time.Sleep(10*time.Second - time.Nanosecond)
		assert.Equal(t, http.StatusNotFound, s.get("a").status)
		time.Sleep(time.Nanosecond)
		assert.Equal(t, "Ready", s.look("a").Status)
		assert.Equal(t, []string{"before", "a", "after"}, s.walk())

		s.inject(emulator.Fault{ReadLag: time.Minute, Count: 1})
		s.create("stopped", standard5)
		assert.Equal(t, http.StatusNoContent, s.stop("stopped").status)
		assert.Equal(t, http.StatusNotFound, s.get("stopped").status)
		time.Sleep(time.Minute)
		assert.Equal(t, "Stopped", s.look("stopped").Status)
	})
}

// The client waits for its session, and so do those who hold it.
func TestTheClientBearsReadsThatLag(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, emulator.Options{})
		s.inject(emulator.Fault{ReadLag: 25 * time.Second})
		client, err := s.SessionsClient(nil)
		require.NoError(t, err)
		settings := azremoterendering.CreateSessionSettings{
			Size: azremoterendering.SessionSizeStandard, MaxLeaseTime: time.Hour,
		}
		poller, err := client.BeginCreate(t.Context(), "polled", settings, nil)
		require.NoError(t, err)
		ready, err := poller.PollUntilDone(t.Context(), nil)
		require.NoError(t, err)
		assert.Equal(t, azremoterendering.SessionStatusReady, ready.Status)

		held, err := lease.Acquire(t.Context(), client, lease.AcquireOptions{})
		require.NoError(t, err)
		assert.NoError(t, held.Release(t.Context()))
	})
}
