// SPDX-License-Identifier: MIT

package azremoterendering_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator"
	"github.com/arr-go/azremoterendering/internal/testkit"
	"github.com/arr-go/azremoterendering/internal/transport"
)

func TestAccessTokenOfTheClientForDevices(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, w, e := readyClient(t)
		var group sync.WaitGroup
		tokens := make([]azcore.AccessToken, 200)
		for i := range tokens {
			group.Go(func() {
				var err error
				tokens[i], err = client.AccessToken(t.Context(), nil)
				assert.NoError(t, err)
			})
		}
		group.Wait()
		_, err := client.Get(t.Context(), "demo", nil)
		require.NoError(t, err)
		assert.Equal(t, 1, w.Count("STS"), "200 devices, and the client itself, cost one exchange")
		assert.Equal(t, 24*time.Hour, time.Until(tokens[0].ExpiresOn))
		assert.Equal(t, 5*time.Minute, tokens[0].ExpiresOn.Sub(tokens[0].RefreshOn))

		static, err := arr.NewStaticAccessToken(tokens[199].Token)
		require.NoError(t, err)
		device, err := arr.NewSessionsClientWithAccessToken(
			endpoint,
			e.Account().ID,
			static,
			&arr.SessionsClientOptions{
				ClientOptions: azcore.ClientOptions{Transport: e.Transport()},
			},
		)
		require.NoError(t, err)
		_, err = device.Get(t.Context(), "demo", nil)
		assert.NoError(t, err)

		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		other, _ := newClient(t, e)
		_, err = other.AccessToken(ctx, nil)
		assert.ErrorIs(t, err, context.Canceled)
		time.Sleep(time.Second) // let its exchange end
	})
}

func TestAccessTokenThatIsValidForLongEnough(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, w, _ := readyClient(t)
		first, err := client.AccessToken(t.Context(), nil)
		require.NoError(t, err)
		time.Sleep(10 * time.Hour)

		same, err := client.AccessToken(
			t.Context(),
			&arr.AccessTokenOptions{ValidFor: 13 * time.Hour},
		)
		require.NoError(t, err)
		assert.Equal(t, first.Token, same.Token)
		other, err := client.AccessToken(
			t.Context(),
			&arr.AccessTokenOptions{ValidFor: 15 * time.Hour},
		)
		require.NoError(t, err)
		assert.NotEqual(t, first.Token, other.Token)
		assert.Equal(t, 24*time.Hour, time.Until(other.ExpiresOn))
		assert.Equal(t, 2, w.Count("STS"))

		for range 3 {
			_, err = client.AccessToken(
				t.Context(),
				&arr.AccessTokenOptions{ValidFor: 25 * time.Hour},
			)
			assert.ErrorIs(t, err, arr.ErrInvalidArgument)
		}
		assert.Equal(t, 2, w.Count("STS"), "no further exchange is tried")
	})
}

func TestAccessTokenOfACredentialThatKeepsAnOldOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		expires := time.Now().Add(time.Hour)
		client := accessTokenClient(
			t,
			testkit.Credential(
				func(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
					return azcore.AccessToken{Token: testkit.Token, ExpiresOn: expires}, nil
				},
			),
			nil,
		)
		_, err := client.AccessToken(t.Context(), nil)
		require.NoError(t, err)
		time.Sleep(30 * time.Minute)
		_, err = client.AccessToken(
			t.Context(),
			&arr.AccessTokenOptions{ValidFor: 45 * time.Minute},
		)
		require.ErrorContains(t, err, "the new one is for 30m0s")
		assert.NotErrorIs(t, err, arr.ErrInvalidArgument)
	})
}

func TestAccessTokenInPlaceOfARefusedOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, w, _ := readyClient(t)
		first, err := client.AccessToken(t.Context(), nil)
		require.NoError(t, err)
		for range 3 { // three devices report the same
			other, err := client.AccessToken(
				t.Context(),
				&arr.AccessTokenOptions{Refused: first.Token},
			)
			require.NoError(t, err)
			assert.NotEqual(t, first.Token, other.Token)
		}
		assert.Equal(t, 2, w.Count("STS"))
	})
}

func TestRenewalOfShortTokensMakesNobodyWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEmulator(t, emulator.Options{TokenLifetime: 30 * time.Second})
		client, w := newClient(t, e)
		w.Handle(slowSTS)
		_, err := client.AccessToken(t.Context(), nil)
		require.NoError(t, err)
		for range 600 {
			start := time.Now()
			_, err := client.AccessToken(t.Context(), nil)
			require.NoError(t, err)
			require.Zero(t, time.Since(start))
			time.Sleep(time.Second)
		}
		assert.LessOrEqual(t, w.Count("STS"), 23, "one each 27 s")
	})
}

func TestCredentialThatKeepsItsTokenIsNotAskedAllTheTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked := 0
		expires := time.Now().Add(10 * time.Minute)
		cred := testkit.Credential(
			func(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
				asked++
				return azcore.AccessToken{
					Token:     testkit.Token,
					ExpiresOn: expires,
					RefreshOn: expires.Add(-5 * time.Minute),
				}, nil
			},
		)
		client := accessTokenClient(t, cred, func(req *http.Request) (*http.Response, error) {
			return testkit.Answer(req, 200, testkit.SessionJSON("demo", "Ready")), nil
		})
		for range 9 * 60 {
			_, err := client.Get(t.Context(), "demo", nil)
			require.NoError(t, err)
			time.Sleep(time.Second)
		}
		assert.LessOrEqual(
			t,
			asked,
			1+4*2+1,
			"once at first, then every 30 s of the time for renewal",
		)
	})
}

func TestCredentialThatIgnoresItsContextIsLeftBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked atomic.Int32
		cred := testkit.Credential(
			func(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
				n := asked.Add(1)
				if n == 1 {
					time.Sleep(time.Hour)
				}
				return azcore.AccessToken{
					Token:     fmt.Sprint(testkit.Token, "-", n),
					ExpiresOn: time.Now().Add(2 * time.Hour),
				}, nil
			},
		)
		var authorization string
		client := accessTokenClient(t, cred, func(req *http.Request) (*http.Response, error) {
			authorization = req.Header.Get("Authorization")
			return testkit.Answer(req, 200, testkit.SessionJSON("demo", "Ready")), nil
		})
		start := time.Now()
		_, err := client.Get(t.Context(), "demo", nil)
		require.ErrorContains(t, err, "does not end with its context")
		assert.Equal(t, 31*time.Second, time.Since(start))
		_, err = client.Get(t.Context(), "demo", nil)
		require.NoError(t, err)
		time.Sleep(time.Hour) // the first answer comes at last, and too late
		_, err = client.Get(t.Context(), "demo", nil)
		require.NoError(t, err)
		assert.Equal(t, "Bearer "+testkit.Token+"-2", authorization)
	})
}

func TestCreateIsSentWholeAfterARefusedToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEmulator(t, emulator.Options{})
		client, w := newClient(t, e)
		w.OnCall(
			"PUT demo",
			1,
			func(req *http.Request, _ testkit.Forward) (*http.Response, error) {
				_, err := io.ReadAll(req.Body)
				return testkit.Answer(req, 401, ""), err
			},
		)
		poller, err := client.BeginCreate(t.Context(), "demo", halfHour, nil)
		require.NoError(t, err)
		assert.True(t, poller.Created())
		assert.Equal(t, 2, w.Count("PUT demo"))
	})
}

func TestTokenIsNotSentWherePoliciesOfTheCallerLead(t *testing.T) {
	client, w := fakeClient(
		t,
		func(req *http.Request) (*http.Response, error) { return testkit.Answer(req, 200, ""), nil },
		func(o *arr.SessionsClientOptions) {
			o.PerCallPolicies = []policy.Policy{
				transport.PolicyFunc(func(req *policy.Request) (*http.Response, error) {
					if !testkit.IsExchange(req.Raw()) {
						req.Raw().URL.Scheme = "http"
					}
					return req.Next()
				}),
			}
		},
	)
	_, err := client.Get(t.Context(), "demo", nil)
	require.ErrorContains(t, err, "not sent over http")
	assert.Empty(t, w.Sent())
}

func TestKeyWithALineBreakIsNamedAsSuch(t *testing.T) {
	w := &testkit.Wire{
		Meet: func(req *http.Request, _ testkit.Forward) (*http.Response, error) {
			return testkit.Answer(req, 200, ""), nil
		},
	}
	client, err := arr.NewSessionsClientWithKeyCredential(
		endpoint,
		testAccount,
		azcore.NewKeyCredential(testkit.Key+"\n"),
		&arr.SessionsClientOptions{
			ClientOptions: azcore.ClientOptions{Transport: w},
		},
	)
	require.NoError(t, err)
	_, err = client.Get(t.Context(), "demo", nil)
	var failure *arr.AuthenticationError
	require.ErrorAs(t, err, &failure)
	assert.Equal(t, arr.StageCredential, failure.Stage)
	assert.Contains(t, err.Error(), "line break at its end")
	assert.NotContains(t, err.Error(), testkit.Key)
	assert.Empty(t, w.Sent())
}

func TestThrottledSTSIsToldAsSuch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, w, _ := readyClient(t)
		w.Handle(func(req *http.Request, _ testkit.Forward) (*http.Response, error) {
			return testkit.Answer(req, 429, "", "Retry-After", "40"), nil
		})
		_, err := client.Get(t.Context(), "demo", nil)
		var failure *arr.AuthenticationError
		require.ErrorAs(t, err, &failure)
		require.ErrorIs(t, err, arr.ErrThrottled)
		assert.Equal(t, 40*time.Second, failure.RetryAfter)
		assert.NotEmpty(t, failure.CorrelationVector)
		assert.Equal(t, 1, w.Count("STS"))
	})
}

func TestForeignCredentialKeepsItsOwnRetries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &testkit.Wire{
			Meet: func(req *http.Request, _ testkit.Forward) (*http.Response, error) {
				return testkit.Answer(req, 503, ""), nil
			},
		}
		own, err := arr.NewTokenClientWithKeyCredential(
			testAccount,
			keyCredential,
			&arr.TokenClientOptions{
				ClientOptions: azcore.ClientOptions{
					Transport: w,
					Retry:     policy.RetryOptions{MaxRetries: -1},
				},
			},
		)
		require.NoError(t, err)
		client := accessTokenClient(t, own, nil)
		_, err = client.Get(t.Context(), "demo", nil)
		require.ErrorContains(t, err, "503")
		assert.Equal(t, 1, w.Count("STS"))
	})
}

// accessTokenClient returns a client whose access tokens come from cred, and whose requests are
// answered by handle.
func accessTokenClient(
	t *testing.T,
	cred azcore.TokenCredential,
	handle func(*http.Request) (*http.Response, error),
) *arr.SessionsClient {
	t.Helper()
	options := &arr.SessionsClientOptions{}
	options.Transport = &testkit.Wire{
		Meet: func(req *http.Request, _ testkit.Forward) (*http.Response, error) { return handle(req) },
	}
	client, err := arr.NewSessionsClientWithAccessToken(endpoint, testAccount.ID, cred, options)
	require.NoError(t, err)
	return client
}
