// SPDX-License-Identifier: MIT

package azremoterendering_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptrace"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/internal/testkit"
	"github.com/arr-go/azremoterendering/internal/transport"
)

func TestExchangeRequest(t *testing.T) {
	var exchanges []*http.Request
	var mu sync.Mutex
	w := &testkit.Wire{
		Meet: func(req *http.Request, _ testkit.Forward) (*http.Response, error) {
			mu.Lock()
			defer mu.Unlock()
			exchanges = append(exchanges, req)
			return testkit.Answer(req, 200, `{"AccessToken":"`+testkit.Token+`"}`), nil
		},
	}
	tokens, err := arr.NewTokenClientWithKeyCredential(
		testAccount,
		azcore.NewKeyCredential(testkit.Key),
		&arr.TokenClientOptions{
			ClientOptions: azcore.ClientOptions{Transport: w, APIVersion: "2021-01-01-preview"},
		},
	)
	require.NoError(t, err)
	for range 2 {
		_, err := tokens.GetToken(t.Context(), policy.TokenRequestOptions{})
		require.NoError(t, err)
	}
	require.Len(t, exchanges, 2, "every GetToken is an exchange")
	assert.Equal(
		t,
		"https://sts.westeurope.mixedreality.azure.com/Accounts/"+testAccount.ID+
			"/token?api-version=2019-02-28-preview",
		exchanges[0].URL.String(),
	)
	assert.Equal(t, "Bearer "+testAccount.ID+":"+testkit.Key, exchanges[0].Header.Get("Authorization"))
	assert.Equal(t, "application/json", exchanges[0].Header.Get("Accept"))
	for _, req := range exchanges {
		assert.Regexp(t, `^[A-Za-z0-9+/]{22}$`, req.Header.Get("X-Mrc-Cv"))
	}
	assert.NotEqual(t, exchanges[0].Header.Get("X-Mrc-Cv"), exchanges[1].Header.Get("X-Mrc-Cv"))
}

func TestEntraCredential(t *testing.T) {
	for name, test := range map[string]struct{ option, want string }{
		"default scope": {"", "https://sts.mixedreality.azure.com//.default"},
		"other scope":   {"https://sts.arr.test//.default", "https://sts.arr.test//.default"},
	} {
		t.Run(name, func(t *testing.T) {
			var scopes []string
			cred := testkit.Credential(
				func(_ context.Context, o policy.TokenRequestOptions) (azcore.AccessToken, error) {
					scopes = o.Scopes
					return azcore.AccessToken{
						Token:     "entra-token",
						ExpiresOn: time.Now().Add(time.Hour),
					}, nil
				},
			)
			w := &testkit.Wire{
				Meet: func(req *http.Request, _ testkit.Forward) (*http.Response, error) {
					if testkit.IsExchange(req) {
						assert.Equal(t, "Bearer entra-token", req.Header.Get("Authorization"))
						return testkit.Answer(req, 200, `{"AccessToken":"`+testkit.Token+`"}`), nil
					}
					assert.Equal(t, "Bearer "+testkit.Token, req.Header.Get("Authorization"))
					return testkit.Answer(req, 200, testkit.SessionJSON("demo", "Ready")), nil
				},
			}
			client, err := arr.NewSessionsClient(
				endpoint,
				testAccount,
				cred,
				&arr.SessionsClientOptions{
					ClientOptions: azcore.ClientOptions{Transport: w},
					STSScope:      test.option,
				},
			)
			require.NoError(t, err)
			_, err = client.Get(t.Context(), "demo", nil)
			require.NoError(t, err)
			assert.Equal(t, []string{test.want}, scopes)
		})
	}
	t.Run("a credential that fails is named as such", func(t *testing.T) {
		failure := errors.New("az login\nis needed")
		calls := 0
		cred := testkit.Credential(
			func(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
				calls++
				return azcore.AccessToken{}, failure
			},
		)
		client, err := arr.NewSessionsClient(endpoint, testAccount, cred, nil)
		require.NoError(t, err)
		_, err = client.Get(t.Context(), "demo", nil)
		var refused *arr.AuthenticationError
		require.ErrorAs(t, err, &refused)
		assert.Equal(t, arr.StageCredential, refused.Stage)
		require.ErrorIs(t, err, failure)
		assert.NotContains(t, err.Error(), "\n")
		assert.Equal(t, 1, calls)
	})
}

func TestSTSRefusals(t *testing.T) {
	for _, status := range []int{400, 401, 403, 404, 429, 302} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			w := &testkit.Wire{
				Meet: func(req *http.Request, _ testkit.Forward) (*http.Response, error) {
					resp := testkit.Answer(
						req,
						status,
						"",
						"Retry-After",
						"120",
						"Location",
						"https://elsewhere.example/",
					)
					return resp, nil
				},
			}
			tokens, err := arr.NewTokenClientWithKeyCredential(
				testAccount,
				azcore.NewKeyCredential(testkit.Key),
				&arr.TokenClientOptions{
					ClientOptions: azcore.ClientOptions{Transport: w},
				},
			)
			require.NoError(t, err)
			_, err = tokens.GetToken(t.Context(), policy.TokenRequestOptions{})
			var refused *arr.AuthenticationError
			require.ErrorAs(t, err, &refused)
			assert.Equal(t, status, refused.StatusCode)
			assert.Equal(t, 2*time.Minute, refused.RetryAfter)
			assert.Equal(t, "sts.westeurope.mixedreality.azure.com", refused.Host)
			assert.Contains(t, err.Error(), http.StatusText(status))
			var response *azcore.ResponseError
			require.ErrorAs(t, err, &response)
			assert.Equal(t, status == 401, errors.Is(err, arr.ErrUnauthorized))
			assert.Equal(t, status == 403, errors.Is(err, arr.ErrForbidden))
			assert.Equal(t, status == 429, errors.Is(err, arr.ErrThrottled))
			assert.NotErrorIs(
				t,
				err,
				arr.ErrNotFound,
				"an STS that is not there is no missing session",
			)
		})
	}
}

func TestSTSAnswersThatHoldNoToken(t *testing.T) {
	for _, body := range []string{
		"", "null", "{}", "[]", `{"AccessToken":""}`, `{"AccessToken":7}`,
		`{"AccessToken":"a b"}`,
		"{\"AccessToken\":\"line\\nbreak\"}", `{"AccessToken":"cut-off-tok`, "<html>secret-page</html>"} {
		w := &testkit.Wire{
			Meet: func(req *http.Request, _ testkit.Forward) (*http.Response, error) {
				return testkit.Answer(req, 200, body), nil
			},
		}
		tokens, err := arr.NewTokenClientWithKeyCredential(
			testAccount,
			azcore.NewKeyCredential(testkit.Key),
			&arr.TokenClientOptions{
				ClientOptions: azcore.ClientOptions{Transport: w},
			},
		)
		require.NoError(t, err)
		_, err = tokens.GetToken(t.Context(), policy.TokenRequestOptions{})
		require.ErrorContains(t, err, "holds no access token", body)
		assert.NotContains(t, err.Error(), "secret-page")
		assert.NotContains(t, err.Error(), "cut-off")
		var response *azcore.ResponseError
		assert.NotErrorAs(t, err, &response, "a success body never becomes part of an error")
	}
}

// jwt makes an unsigned token with those claims.
func jwt(claims string) string {
	return "e30." + base64.RawURLEncoding.EncodeToString([]byte(claims)) + ".c2ln"
}

func TestLifetimeIsTakenFromTheTokenNotFromTheClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		now := time.Now().Unix()
		for name, test := range map[string]struct {
			token string
			want  time.Duration
		}{
			"iat": {jwt(fmt.Sprintf(`{"iat":%d,"exp":%d}`, now, now+86400)), 24 * time.Hour},
			"nbf": {jwt(fmt.Sprintf(`{"nbf":%d,"exp":%d}`, now, now+3600)), time.Hour},
			"iat before nbf": {
				jwt(fmt.Sprintf(`{"nbf":%d,"iat":%d,"exp":%d}`, now-600, now, now+3600)),
				time.Hour,
			},
			"clock a year ahead": {
				jwt(fmt.Sprintf(`{"iat":%d,"exp":%d}`, now-31536000, now-31536000+7200)),
				2 * time.Hour,
			},
			"clock a year behind": {
				jwt(fmt.Sprintf(`{"iat":%d,"exp":%d}`, now+31536000, now+31536000+7200)),
				2 * time.Hour,
			},
			"exp alone":               {jwt(fmt.Sprintf(`{"exp":%d}`, now+1800)), 30 * time.Minute},
			"exp alone, already past": {jwt(fmt.Sprintf(`{"exp":%d}`, now-1800)), time.Hour},
			"fractions":               {jwt(`{"iat":0.5,"exp":60.5}`), time.Minute},
			"huge":                    {jwt(`{"iat":0,"exp":1e300}`), 10 * 365 * 24 * time.Hour},
			"negative":                {jwt(`{"iat":10,"exp":-1e300}`), time.Hour},
			"not a token":             {"opaque", time.Hour},
			"no claims":               {jwt(`{}`), time.Hour},
			"claims of other types":   {jwt(`{"exp":"soon"}`), time.Hour},
		} {
			w := &testkit.Wire{
				Meet: func(req *http.Request, _ testkit.Forward) (*http.Response, error) {
					return testkit.Answer(req, 200, `{"AccessToken":"`+test.token+`"}`), nil
				},
			}
			tokens, err := arr.NewTokenClientWithKeyCredential(
				testAccount,
				azcore.NewKeyCredential(testkit.Key),
				&arr.TokenClientOptions{
					ClientOptions: azcore.ClientOptions{Transport: w},
				},
			)
			require.NoError(t, err)
			token, err := tokens.GetToken(t.Context(), policy.TokenRequestOptions{})
			require.NoError(t, err, name)
			assert.Equal(t, test.want, time.Until(token.ExpiresOn), name)
			assert.Equal(
				t,
				min(5*time.Minute, test.want/10),
				token.ExpiresOn.Sub(token.RefreshOn),
				name,
			)
		}
	})
}

func TestOverridesOfTheCallerDoNotReachTheExchange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var exchange *http.Request
		client, w, _ := readyClient(t)
		exchanges := 0
		var captured *http.Response
		w.Handle(
			func(req *http.Request, forward testkit.Forward) (*http.Response, error) {
				if trace := httptrace.ContextClientTrace(req.Context()); trace != nil {
					trace.GetConn(testkit.Name(req))
				}
				if !testkit.IsExchange(req) {
					return forward()
				}
				exchange = req
				assert.Nil(t, captured, "not even for a moment")
				if exchanges++; exchanges > 4 {
					return forward()
				}
				return testkit.Answer(req, 503, ""), nil
			},
		)
		var traced []string
		ctx := policy.WithCaptureResponse(t.Context(), &captured)
		ctx = policy.WithHTTPHeader(ctx, http.Header{"X-Of-The-Caller": {"1"}})
		ctx = policy.WithRetryOptions(ctx, policy.RetryOptions{MaxRetries: 7})
		ctx = httptrace.WithClientTrace(
			ctx,
			&httptrace.ClientTrace{GetConn: func(host string) { traced = append(traced, host) }},
		)
		_, err := client.Get(ctx, "demo", nil)
		require.ErrorContains(t, err, "503", "three retries, as the client has them, and not seven")
		assert.Nil(t, captured)
		_, err = client.Get(ctx, "demo", nil)
		require.NoError(t, err)
		assert.Equal(t, []string{"GET demo"}, traced)
		require.NotNil(t, captured)
		assert.True(t, strings.HasSuffix(captured.Request.URL.Path, "/sessions/demo"))
		assert.Equal(t, "1", captured.Request.Header.Get("X-Of-The-Caller"))
		assert.Empty(t, exchange.Header.Get("X-Of-The-Caller"))
	})
}

func TestPoliciesOfTheCaller(t *testing.T) {
	mark := func(name string) policy.Policy {
		return transport.PolicyFunc(func(req *policy.Request) (*http.Response, error) {
			req.Raw().Header.Set(name, "1")
			return req.Next()
		})
	}
	synctest.Test(t, func(t *testing.T) {
		client, w, _ := readyClient(t, func(o *arr.SessionsClientOptions) {
			o.PerCallPolicies = []policy.Policy{mark("Per-Call")}
			o.PerRetryPolicies = []policy.Policy{mark("Per-Retry")}
			o.Telemetry.ApplicationID = "my-app"
		})
		w.Handle(
			func(req *http.Request, forward testkit.Forward) (*http.Response, error) {
				assert.Equal(t, "1", req.Header.Get("Per-Call"))
				assert.Contains(t, req.Header.Get("User-Agent"), "my-app")
				if testkit.IsExchange(req) {
					assert.Empty(t, req.Header.Get("Per-Retry"), "it would see the account key")
				} else {
					assert.Equal(t, "1", req.Header.Get("Per-Retry"))
				}
				return forward()
			},
		)
		_, err := client.Get(t.Context(), "demo", nil)
		require.NoError(t, err)
	})
}

// What the token service says is part of the error. A refused host name has advice of its own.
func TestRefusalsOfTheTokenServiceAreQuoted(t *testing.T) {
	for _, c := range []struct {
		status     int
		body, says string
	}{
		{421, `{"error":{"code":"Misdirected","message":"allow it with --allow-host"}}`,
			"421 Misdirected Request: allow it with --allow-host (MS-CV"},
		{421, "", "the server does not answer for this host name"},
		{400, `{"error":{"code":"","message":"no\nsuch\u001b[2J account"}}`, "400 Bad Request: no such"},
		{403, "<html>no</html>", "403 Forbidden (MS-CV"},
	} {
		client, w := fakeClient(t, func(req *http.Request) (*http.Response, error) {
			return testkit.Answer(req, http.StatusOK, testkit.SessionJSON("demo", "Ready")), nil
		})
		w.Handle(func(req *http.Request, _ testkit.Forward) (*http.Response, error) {
			return testkit.Answer(req, c.status, c.body), nil
		})
		_, err := client.Get(t.Context(), "demo", nil)
		var failure *arr.AuthenticationError
		require.ErrorAs(t, err, &failure)
		assert.ErrorContains(t, err, c.says)
		assert.NotContains(t, err.Error(), "\x1b")
	}
}
