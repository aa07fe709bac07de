// SPDX-License-Identifier: MIT

package main

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/arr-go/azremoterendering/examples/internal/backend"

	"github.com/stretchr/testify/require"
)

func TestADeviceWithoutItsSecretIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t, 1, 1)
		id := f.open(t, f.one).SessionID
		before := len(f.wire.Sent())
		_, unknown := backend.NewDevice("stranger")
		for _, request := range []string{
			"POST /sessions", "PUT /sessions/" + id + "/heartbeat", "DELETE /sessions/" + id,
			"GET /stats", "GET /metrics",
		} {
			method, path, _ := strings.Cut(request, " ")
			for _, secret := range []string{"", unknown, f.one + "x", f.one[1:], f.emulator.Key()} {
				w := f.expect(t, http.StatusUnauthorized, secret, method, path)
				require.Equal(t, "Bearer", w.Header().Get("WWW-Authenticate"))
				require.JSONEq(t, `{"error": "unauthorized"}`, w.Body.String())
			}
		}
		require.Equal(t, before, len(f.wire.Sent()), "who is refused costs no request")
		f.heartbeat(t, http.StatusOK, f.one, id)
	})
}

func TestOtherMethodsAndPathsAreRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t, 0, 1)
		f.expect(t, http.StatusMethodNotAllowed, f.one, http.MethodGet, "/sessions")
		f.expect(t, http.StatusMethodNotAllowed, f.one, http.MethodPatch, "/sessions/test-x")
		f.expect(t, http.StatusNotFound, f.one, http.MethodGet, "/")
		for _, id := range []string{"test-unknown", "%00", "..%2F..%2Fstats", "other-program"} {
			f.heartbeat(t, http.StatusNotFound, f.one, id)
			f.giveBack(t, http.StatusNotFound, f.one, id)
		}
	})
}

func TestNoSecretGoesWhereItDoesNotBelong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t, 1, 1)
		got := f.open(t, f.one)
		f.heartbeat(t, http.StatusOK, f.one, got.SessionID)
		f.expect(t, http.StatusServiceUnavailable, f.two, http.MethodPost, "/sessions")
		f.stop(t)
		f.start(t, f.service.settings)
		f.giveBack(t, http.StatusNoContent, f.one, got.SessionID)
		f.expect(t, http.StatusOK, f.one, http.MethodGet, "/stats")

		paths := strings.Fields(f.withKey.String())
		require.NotEmpty(t, paths)
		for _, path := range paths {
			require.True(
				t,
				strings.HasSuffix(path, "/token"),
				"the account key goes to the token service only, not to %s",
				path,
			)
		}
		for _, secret := range []string{f.emulator.Key(), f.one, f.two} {
			require.NotContains(t, f.answers.String(), secret)
			require.NotContains(t, f.log.String(), secret)
		}
		require.NotContains(t, f.log.String(), got.AccessToken)
	})
}
