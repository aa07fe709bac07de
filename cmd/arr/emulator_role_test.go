// SPDX-License-Identifier: MIT

package main

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// An identity with the role of a client may use sessions, and no conversions.
func TestRoleOfIdentities(t *testing.T) {
	for flag, want := range map[string]int{"client": http.StatusForbidden, "administrator": http.StatusOK} {
		p, c := startEmulator(t, nil, "--accept-any-identity", "--identity-role", flag)
		send := func(path, credential string) *http.Response {
			req, err := http.NewRequestWithContext(
				t.Context(), http.MethodGet, c.Endpoint+"/accounts/"+c.AccountID+path+"?api-version=2021-01-01", nil)
			require.NoError(t, err)
			req.Header.Set("Authorization", "Bearer "+credential)
			resp, err := http.DefaultClient.Do(req)
			require.NoError(t, err)
			t.Cleanup(func() { _ = resp.Body.Close() })
			return resp
		}
		var body struct{ AccessToken string }
		require.NoError(t, json.NewDecoder(send("/token", entraToken()).Body).Decode(&body))
		assert.Equal(t, http.StatusOK, send("/sessions", body.AccessToken).StatusCode)
		assert.Equal(t, want, send("/conversions", body.AccessToken).StatusCode, flag)
		p.stop()
	}
}
