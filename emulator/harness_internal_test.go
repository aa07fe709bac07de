// SPDX-License-Identifier: MIT

package emulator

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering/internal/testkit"
)

// newEmulator makes an emulator for which tokenFor makes tokens.
func newEmulator(t *testing.T, options Options) *Emulator {
	t.Helper()
	options.SigningKey = testkit.SigningKey()
	e, err := New(options)
	require.NoError(t, err)
	return e
}

// tokenFor returns an access token for an account of e. Another emulator issues it, so that e sees
// no request.
func tokenFor(t *testing.T, _ *Emulator, accountID string) string {
	t.Helper()
	issuer := newEmulator(t, Options{Accounts: []AccountOptions{{ID: accountID}}})
	req := httptest.NewRequest(http.MethodGet, "/accounts/"+accountID+"/token", nil)
	req.Header.Set("Authorization", "Bearer "+accountID+":"+issuer.Key())
	recorder := httptest.NewRecorder()
	issuer.ServeHTTP(recorder, req)
	var body struct{ AccessToken string }
	require.NoError(t, json.Unmarshal(recorder.Body.Bytes(), &body))
	return body.AccessToken
}

// ask sends a request to the emulator, with a token for the account that the path names, if any.
func ask(t *testing.T, e *Emulator, method, url, body string) *httptest.ResponseRecorder {
	t.Helper()
	req := httptest.NewRequest(method, url, strings.NewReader(body))
	for _, segment := range strings.Split(req.URL.EscapedPath(), "/") {
		if id := e.accountID(segment); id != "" {
			req.Header.Set("Authorization", "Bearer "+tokenFor(t, e, id))
		}
	}
	recorder := httptest.NewRecorder()
	e.ServeHTTP(recorder, req)
	return recorder
}
