// SPDX-License-Identifier: MIT

package azremoterendering_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/internal/testkit"
	"github.com/arr-go/azremoterendering/internal/testkit/faultproxy"
	"github.com/arr-go/azremoterendering/internal/transport"
)

// proxied returns a client whose requests go through a proxy.
func proxied(t *testing.T, proxy, service, sts string) *arr.SessionsClient {
	t.Helper()
	address, err := url.Parse(proxy)
	require.NoError(t, err)
	through := transport.Standard()
	through.Proxy = http.ProxyURL(address)
	t.Cleanup(through.CloseIdleConnections)
	options := &arr.SessionsClientOptions{STSEndpoint: sts}
	options.Transport = &http.Client{Transport: through}
	options.InsecureAllowCredentialWithHTTP = true
	options.Retry.MaxRetries = -1
	if sts != "" {
		client, err := arr.NewSessionsClientWithKeyCredential(
			service, testAccount, azcore.NewKeyCredential(testkit.Key), options)
		require.NoError(t, err)
		return client
	}
	token, err := arr.NewStaticAccessToken(testkit.Token)
	require.NoError(t, err)
	client, err := arr.NewSessionsClientWithAccessToken(service, testkit.AccountID, token, options)
	require.NoError(t, err)
	return client
}

// A proxy sees requests to http addresses and answers them itself. What it says must not be taken
// for the service's, nor for a lack of roles.
func TestAnswersThatMayBeThoseOfAProxy(t *testing.T) {
	for status, c := range map[int]struct {
		says    string
		unknown bool
	}{
		403: {"may have answered: check HTTP_PROXY, or name the host of the service in NO_PROXY; the identity", false},
		407: {"may have answered: check HTTP_PROXY, or name the host of the service in NO_PROXY", false},
		502: {"may have answered: check HTTP_PROXY", true},
		511: {"may have answered: check HTTP_PROXY", false},
	} {
		proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
		}))
		for sts, create := range map[string]bool{"": true, "http://sts.example": false} {
			client := proxied(t, proxy.URL, "http://rendering.example", sts)
			_, err := client.BeginCreate(t.Context(), "demo", halfHour, nil)
			assert.ErrorContains(t, err, "the proxy "+proxy.Listener.Addr().String()+" "+c.says)
			assert.Equal(t, create && c.unknown, isUnknown(err), "%d: %v", status, err)
		}
		proxy.Close()
	}
}

func isUnknown(err error) bool {
	is, ok := err.(interface{ Is(error) bool })
	return ok && is.Is(arr.ErrOutcomeUnknown)
}

// Without a proxy nobody else can have answered.
func TestNoProxyIsNamedWhereThereIsNone(t *testing.T) {
	client, _ := fakeClient(t, func(req *http.Request) (*http.Response, error) {
		return testkit.Answer(req, 403, ""), nil
	})
	_, err := client.Get(t.Context(), "demo", nil)
	assert.NotContains(t, err.Error(), "proxy")
}

// Signing in comes first, so its error is the one that names the proxy.
func TestAProxyThatRefusesSigningIn(t *testing.T) {
	proxy, err := faultproxy.ListenConnect(func(string) faultproxy.ConnectAnswer {
		return faultproxy.ConnectAnswer{Status: 407}
	})
	require.NoError(t, err)
	defer proxy.Close()
	client := proxied(t, proxy.URL().String(), "https://rendering.example", "https://sts.example")
	_, err = client.Get(t.Context(), "demo", nil)
	var failure *arr.AuthenticationError
	require.ErrorAs(t, err, &failure)
	assert.Contains(t, failure.Advice(), "user name and password of the proxy")
	assert.ErrorContains(t, err, proxy.URL().Host+": it answered 407")
	assert.NotContains(t, err.Error(), "check the account domain")
	assert.False(t, arr.IsTransient(err))

	other := proxied(t, "http://127.0.0.1:1", "https://rendering.example", "https://sts.example")
	_, err = other.Get(t.Context(), "demo", nil)
	assert.ErrorContains(t, err, "no connection through the proxy 127.0.0.1:1")
	assert.True(t, arr.IsTransient(err), "it may come back")
}

// A network with a page to sign in at answers in place of everything until that is done.
func TestASignInPageOfTheNetwork(t *testing.T) {
	for name, c := range map[string]struct {
		status  int
		header  []string
		body    string
		says    string
		unknown bool
	}{
		"511": {511, nil, "<html>", "lets nothing through before you sign in", false},
		"redirect": {302, []string{"Location", "http://login.example/"}, "",
			"redirects are not followed", false},
		"200 with a page": {200, []string{"Content-Type", "text/html"}, "<html>",
			"cannot be read", true},
	} {
		client, w := fakeClient(t, func(req *http.Request) (*http.Response, error) {
			return testkit.Answer(req, c.status, c.body, c.header...), nil
		}, noRetries)
		_, err := client.BeginCreate(t.Context(), "demo", halfHour, nil)
		assert.ErrorContains(t, err, c.says, name)
		assert.Equal(t, c.unknown, isUnknown(err), name)

		w.Handle(func(req *http.Request, _ testkit.Forward) (*http.Response, error) {
			return testkit.Answer(req, c.status, c.body, c.header...), nil
		})
		client, _ = fakeClient(t, nil, noRetries, func(o *arr.SessionsClientOptions) { o.Transport = w })
		_, err = client.Get(context.Background(), "demo", nil)
		var failure *arr.AuthenticationError
		assert.ErrorAs(t, err, &failure, name)
	}
}

// The pause between the tries of one call is what the service asked for, however it is spelled.
func TestRetryAfterBetweenTriesHoweverItIsSpelt(t *testing.T) {
	for header, value := range map[string]string{
		"Retry-After":         "7.5",
		"Retry-After-Ms":      "7500",
		"X-Ms-Retry-After-Ms": "7499.5",
	} {
		synctest.Test(t, func(t *testing.T) {
			refused := false
			client, _ := fakeClient(t, func(req *http.Request) (*http.Response, error) {
				if !refused {
					refused = true
					return testkit.Answer(req, 429, "", header, value), nil
				}
				return testkit.Answer(req, 200, testkit.SessionJSON("demo", "Ready")), nil
			})
			began := time.Now()
			_, err := client.Get(t.Context(), "demo", nil)
			require.NoError(t, err)
			assert.Equal(t, 7500*time.Millisecond, time.Since(began), header)
		})
	}
}
