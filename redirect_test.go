// SPDX-License-Identifier: MIT

package azremoterendering_test

import (
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/internal/testkit"
)

// TestRedirectsAreNotFollowed runs over real sockets, for redirects are followed below everything
// that azcore sees.
func TestRedirectsAreNotFollowed(t *testing.T) {
	var received atomic.Int32
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		received.Add(1)
		w.WriteHeader(http.StatusOK)
	}))
	defer elsewhere.Close()
	for _, status := range []int{301, 302, 303, 307, 308} {
		redirect := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, elsewhere.URL+r.URL.Path, status)
		})
		plain := httptest.NewServer(redirect)
		defer plain.Close()
		secure := httptest.NewTLSServer(redirect)
		defer secure.Close()
		followed := 0
		checking := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error {
			followed++
			return http.ErrUseLastResponse
		}}
		original := secure.Client()
		for name, test := range map[string]struct {
			server  *httptest.Server
			options azcore.ClientOptions
		}{
			"default transport":         {plain, azcore.ClientOptions{InsecureAllowCredentialWithHTTP: true}},
			"http.Client of the caller": {secure, azcore.ClientOptions{Transport: original}},
			"http.Client that checks for them": {
				plain,
				azcore.ClientOptions{Transport: checking, InsecureAllowCredentialWithHTTP: true},
			},
			"nil http.Client": {
				plain,
				azcore.ClientOptions{Transport: (*http.Client)(nil), InsecureAllowCredentialWithHTTP: true},
			},
		} {
			static, err := arr.NewStaticAccessToken(testkit.Token)
			require.NoError(t, err)
			client, err := arr.NewSessionsClientWithAccessToken(
				test.server.URL,
				testAccount.ID,
				static,
				&arr.SessionsClientOptions{ClientOptions: test.options},
			)
			require.NoError(t, err)
			_, err = client.Get(t.Context(), "demo", nil)
			var refused *arr.ServiceError
			require.ErrorAs(t, err, &refused, name)
			assert.Equal(t, status, refused.StatusCode, name)

			tokens, err := arr.NewTokenClientWithKeyCredential(
				testAccount,
				azcore.NewKeyCredential(testkit.Key),
				&arr.TokenClientOptions{
					ClientOptions: test.options, Endpoint: test.server.URL,
				},
			)
			require.NoError(t, err)
			_, err = tokens.GetToken(t.Context(), tokenRequest)
			var unauthenticated *arr.AuthenticationError
			require.ErrorAs(t, err, &unauthenticated, name)
			assert.Equal(t, status, unauthenticated.StatusCode, name)
		}
		assert.Equal(t, 2, followed, "the caller's own check stays in place")
		assert.Nil(t, original.CheckRedirect, "the caller's client is copied, not changed")
	}
	assert.Zero(t, received.Load(), "neither key nor token went elsewhere")
}
