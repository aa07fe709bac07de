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
)

// readyClient returns a client of an emulator with one Ready session, "demo", and an STS that answers in 100 ms. The client holds no
// token yet.
func readyClient(t *testing.T, configure ...func(*arr.SessionsClientOptions)) (*arr.SessionsClient, *wire, *emulator.Emulator) {
	t.Helper()
	e := newEmulator(t, emulator.Options{})
	maker, _ := newClient(t, e)
	_, err := maker.BeginCreate(t.Context(), "demo", arr.CreateSessionSettings{Size: arr.SessionSizeStandard, MaxLeaseTime: 24 * time.Hour}, nil)
	require.NoError(t, err)
	client, w := newClient(t, e, configure...)
	w.handle(slowSTS)
	return client, w, e
}

func slowSTS(req *http.Request, forward func() (*http.Response, error)) (*http.Response, error) {
	if isExchange(req) {
		if err := after(req.Context(), 100*time.Millisecond); err != nil {
			return nil, err
		}
	}
	return forward()
}

// getAll sends n Gets at once and returns their errors.
func getAll(ctx context.Context, client *arr.SessionsClient, n int) []error {
	errs := make([]error, n)
	var group sync.WaitGroup
	for i := range n {
		group.Go(func() { _, errs[i] = client.Get(ctx, "demo", nil) })
	}
	group.Wait()
	return errs
}

func requireAll(t *testing.T, errs []error, check func(error)) {
	t.Helper()
	for _, err := range errs {
		check(err)
	}
}

func TestColdStartIsOneExchange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, w, _ := readyClient(t)
		requireAll(t, getAll(t.Context(), client, 1000), func(err error) { require.NoError(t, err) })
		assert.Equal(t, 1, w.count("STS"))
		assert.Equal(t, 1000, w.count("GET demo"))
	})
}

func TestRevokedTokenIsNeverSeenByCallers(t *testing.T) {
	for name, challenge := range map[string][]string{
		"without WWW-Authenticate": nil,
		"with WWW-Authenticate":    {"WWW-Authenticate", `Bearer error="invalid_token"`},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client, w, _ := readyClient(t)
				requireAll(t, getAll(t.Context(), client, 1), func(err error) { require.NoError(t, err) })
				require.Equal(t, 1, w.count("STS"))

				var revoked atomic.Value
				revoked.Store("")
				w.handle(func(req *http.Request, forward func() (*http.Response, error)) (*http.Response, error) {
					if !isExchange(req) {
						if err := after(req.Context(), time.Second); err != nil { // so that all are in flight
							return nil, err
						}
						token := req.Header.Get("Authorization")
						if revoked.CompareAndSwap("", token) || revoked.Load() == token {
							return answer(req, http.StatusUnauthorized, "", challenge...), nil
						}
					}
					return slowSTS(req, forward)
				})
				requireAll(t, getAll(t.Context(), client, 1000), func(err error) { require.NoError(t, err) })
				assert.Equal(t, 2, w.count("STS"), "one exchange at the start, one after the revocation")
				assert.Equal(t, 2001, w.count("GET demo"))
			})
		})
	}
}

func TestLateRefusalOfAnOldTokenKeepsTheNewOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, w, _ := readyClient(t)
		var old string
		requests := 0
		var mu sync.Mutex
		w.handle(func(req *http.Request, forward func() (*http.Response, error)) (*http.Response, error) {
			if isExchange(req) {
				return forward()
			}
			mu.Lock()
			requests++
			n := requests
			if n == 1 {
				old = req.Header.Get("Authorization")
			}
			refused := req.Header.Get("Authorization") == old
			mu.Unlock()
			if refused {
				// The first request hears of the refusal long after the second.
				if err := after(req.Context(), time.Duration(3-n)*time.Minute); err != nil {
					return nil, err
				}
				return answer(req, http.StatusUnauthorized, ""), nil
			}
			return forward()
		})
		requireAll(t, getAll(t.Context(), client, 2), func(err error) { require.NoError(t, err) })
		assert.Equal(t, 2, w.count("STS"))
	})
}

func TestSecondRefusalIsReturned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, w, _ := readyClient(t)
		w.handle(func(req *http.Request, forward func() (*http.Response, error)) (*http.Response, error) {
			if isExchange(req) {
				return forward()
			}
			return answer(req, http.StatusUnauthorized, "", "WWW-Authenticate", `Bearer error="invalid_token"`), nil
		})
		time.Sleep(time.Second) // virtual: the token service's tokens differ by their second
		_, err := client.Get(t.Context(), "demo", nil)
		var refused *arr.ServiceError
		require.ErrorAs(t, err, &refused)
		assert.Equal(t, http.StatusUnauthorized, refused.StatusCode)
		require.ErrorIs(t, err, arr.ErrUnauthorized)
		assert.Equal(t, 2, w.count("GET demo"), "once more with a fresh token, and no more")
		assert.Equal(t, 2, w.count("STS"))
	})
}

func TestImpatientCallersDoNotTakeTheExchangeWithThem(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, w, _ := readyClient(t)
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		start := time.Now()
		requireAll(t, getAll(ctx, client, 500), func(err error) {
			require.ErrorIs(t, err, context.DeadlineExceeded)
			assert.NotErrorIs(t, err, arr.ErrOutcomeUnknown)
		})
		assert.Equal(t, 50*time.Millisecond, time.Since(start))

		requireAll(t, getAll(t.Context(), client, 500), func(err error) { require.NoError(t, err) })
		assert.Equal(t, 100*time.Millisecond, time.Since(start), "the exchange went on meanwhile")
		assert.Equal(t, 1, w.count("STS"))
	})
}

func TestOutageOfTheSTSHurtsNobodyWhileTheTokenIsValid(t *testing.T) {
	for name, outage := range map[string]func(*http.Request) (*http.Response, error){
		"refused":     func(req *http.Request) (*http.Response, error) { return answer(req, 503, ""), nil },
		"unreachable": func(*http.Request) (*http.Response, error) { return nil, errLost },
		"hanging": func(req *http.Request) (*http.Response, error) {
			<-req.Context().Done()
			return nil, req.Context().Err()
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client, w, _ := readyClient(t)
				requireAll(t, getAll(t.Context(), client, 1), func(err error) { require.NoError(t, err) })
				w.handle(func(req *http.Request, forward func() (*http.Response, error)) (*http.Response, error) {
					if isExchange(req) {
						return outage(req)
					}
					return forward()
				})
				time.Sleep(24*time.Hour - 5*time.Minute) // into the time of renewal
				before := w.count("STS")
				for range 58 { // to five seconds before the end
					start := time.Now()
					_, err := client.Get(t.Context(), "demo", nil)
					require.NoError(t, err)
					assert.Zero(t, time.Since(start), "no call waits for the renewal")
					time.Sleep(5 * time.Second)
				}
				exchanges := w.count("STS") - before
				assert.NotZero(t, exchanges)
				assert.LessOrEqual(t, exchanges, 4*10, "an attempt, with its three retries, each 30 s")

				w.handle(slowSTS)
				time.Sleep(time.Minute) // past the end of the token
				_, err := client.Get(t.Context(), "demo", nil)
				require.NoError(t, err)
				time.Sleep(time.Minute) // let a renewal that hangs end
			})
		})
	}
}

func TestTokenIsRenewedAheadOfItsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEmulator(t, emulator.Options{})
		client, w := newClient(t, e)
		w.handle(slowSTS)
		const lease = 1440 * time.Minute
		for day := range 3 { // a session lives for a day at most
			id := fmt.Sprintf("day-%d", day)
			_, err := client.BeginCreate(t.Context(), id, arr.CreateSessionSettings{Size: arr.SessionSizeStandard, MaxLeaseTime: lease}, nil)
			require.NoError(t, err)
			for range 24 * 30 {
				start := time.Now()
				_, err := client.Get(t.Context(), id, nil)
				require.NoError(t, err)
				require.Zero(t, time.Since(start), "no call waits for a renewal")
				time.Sleep(2 * time.Minute)
			}
		}
		assert.Equal(t, 4, w.count("STS"), "one at the start, one on each of three days")
	})
}

func TestWrongKeyIsOneExchangeAndClearToAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEmulator(t, emulator.Options{})
		w := &wire{next: e.Transport(), meet: slowSTS}
		cred := azcore.NewKeyCredential("d3Jvbmc=")
		client, err := arr.NewSessionsClientWithKeyCredential(endpoint, e.Account(), cred, &arr.SessionsClientOptions{
			ClientOptions: azcore.ClientOptions{Transport: w},
		})
		require.NoError(t, err)

		requireAll(t, getAll(t.Context(), client, 1000), func(err error) {
			var refused *arr.AuthenticationError
			require.ErrorAs(t, err, &refused)
			require.Equal(t, arr.StageTokenExchange, refused.Stage)
			require.Equal(t, http.StatusUnauthorized, refused.StatusCode)
			require.ErrorIs(t, err, arr.ErrUnauthorized)
			require.NotEmpty(t, refused.CorrelationVector)
			require.Contains(t, err.Error(), refused.CorrelationVector)
			require.Contains(t, err.Error(), e.Account().ID)
			require.Contains(t, err.Error(), "check account id, account domain and key")
		})
		assert.Equal(t, 1, w.count("STS"))
		assert.Empty(t, w.requests())

		cred.Update(e.SecondaryKey())
		_, err = client.Get(t.Context(), "demo", nil)
		assert.ErrorIs(t, err, arr.ErrNotFound, "the right key is used at once")
	})
}

func TestUnreachableSTSIsNotRetriedOnTopOfItsRetries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, w, _ := readyClient(t)
		w.handle(func(req *http.Request, forward func() (*http.Response, error)) (*http.Response, error) {
			if isExchange(req) {
				return nil, errLost
			}
			return forward()
		})
		requireAll(t, getAll(t.Context(), client, 20), func(err error) {
			var failure *arr.AuthenticationError
			require.ErrorAs(t, err, &failure)
			require.ErrorIs(t, err, errLost)
			require.Zero(t, failure.StatusCode)
		})
		assert.Equal(t, 4, w.count("STS"))
	})
}

func TestHangingSTSIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, w, _ := readyClient(t)
		w.handle(func(req *http.Request, _ func() (*http.Response, error)) (*http.Response, error) {
			<-req.Context().Done()
			return nil, req.Context().Err()
		})
		start := time.Now()
		_, err := client.Get(t.Context(), "demo", nil)
		var failure *arr.AuthenticationError
		require.ErrorAs(t, err, &failure)
		assert.Equal(t, arr.StageTokenExchange, failure.Stage)
		assert.Equal(t, 30*time.Second, time.Since(start))
	})
}

func TestExchangeRequest(t *testing.T) {
	var exchanges []*http.Request
	var mu sync.Mutex
	w := &wire{meet: func(req *http.Request, _ func() (*http.Response, error)) (*http.Response, error) {
		mu.Lock()
		defer mu.Unlock()
		exchanges = append(exchanges, req)
		return answer(req, 200, `{"AccessToken":"`+testToken+`"}`), nil
	}}
	tokens, err := arr.NewTokenClientWithKeyCredential(testAccount, azcore.NewKeyCredential(testKey), &arr.TokenClientOptions{
		ClientOptions: azcore.ClientOptions{Transport: w, APIVersion: "2021-01-01-preview"},
	})
	require.NoError(t, err)
	for range 2 {
		_, err := tokens.GetToken(t.Context(), policy.TokenRequestOptions{})
		require.NoError(t, err)
	}
	require.Len(t, exchanges, 2, "every GetToken is an exchange")
	assert.Equal(t, "https://sts.westeurope.mixedreality.azure.com/Accounts/"+testAccount.ID+"/token?api-version=2019-02-28-preview", exchanges[0].URL.String())
	assert.Equal(t, "Bearer "+testAccount.ID+":"+testKey, exchanges[0].Header.Get("Authorization"))
	assert.Equal(t, "application/json", exchanges[0].Header.Get("Accept"))
	for _, req := range exchanges {
		assert.Regexp(t, `^[A-Za-z0-9+/]{22}$`, req.Header.Get("X-Mrc-Cv"))
	}
	assert.NotEqual(t, exchanges[0].Header.Get("X-Mrc-Cv"), exchanges[1].Header.Get("X-Mrc-Cv"))
}

// credentialFunc is a credential made of a function.
type credentialFunc func(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error)

func (f credentialFunc) GetToken(ctx context.Context, o policy.TokenRequestOptions) (azcore.AccessToken, error) {
	return f(ctx, o)
}

func TestEntraCredential(t *testing.T) {
	for name, test := range map[string]struct{ option, want string }{
		"default scope": {"", "https://sts.mixedreality.azure.com//.default"},
		"other scope":   {"https://sts.arr.test//.default", "https://sts.arr.test//.default"},
	} {
		t.Run(name, func(t *testing.T) {
			var scopes []string
			cred := credentialFunc(func(_ context.Context, o policy.TokenRequestOptions) (azcore.AccessToken, error) {
				scopes = o.Scopes
				return azcore.AccessToken{Token: "entra-token", ExpiresOn: time.Now().Add(time.Hour)}, nil
			})
			w := &wire{meet: func(req *http.Request, _ func() (*http.Response, error)) (*http.Response, error) {
				if isExchange(req) {
					assert.Equal(t, "Bearer entra-token", req.Header.Get("Authorization"))
					return answer(req, 200, `{"AccessToken":"`+testToken+`"}`), nil
				}
				assert.Equal(t, "Bearer "+testToken, req.Header.Get("Authorization"))
				return answer(req, 200, sessionJSON("demo", "Ready")), nil
			}}
			client, err := arr.NewSessionsClient(endpoint, testAccount, cred, &arr.SessionsClientOptions{
				ClientOptions: azcore.ClientOptions{Transport: w},
				STSScope:      test.option,
			})
			require.NoError(t, err)
			_, err = client.Get(t.Context(), "demo", nil)
			require.NoError(t, err)
			assert.Equal(t, []string{test.want}, scopes)
		})
	}
	t.Run("a credential that fails is named as such", func(t *testing.T) {
		failure := errors.New("az login\nis needed")
		calls := 0
		cred := credentialFunc(func(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
			calls++
			return azcore.AccessToken{}, failure
		})
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
			w := &wire{meet: func(req *http.Request, _ func() (*http.Response, error)) (*http.Response, error) {
				resp := answer(req, status, "", "Retry-After", "120", "Location", "https://elsewhere.example/")
				return resp, nil
			}}
			tokens, err := arr.NewTokenClientWithKeyCredential(testAccount, azcore.NewKeyCredential(testKey), &arr.TokenClientOptions{
				ClientOptions: azcore.ClientOptions{Transport: w},
			})
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
			assert.NotErrorIs(t, err, arr.ErrNotFound, "an STS that is not there is no missing session")
		})
	}
}

func TestSTSAnswersThatHoldNoToken(t *testing.T) {
	for _, body := range []string{"", "null", "{}", "[]", `{"AccessToken":""}`, `{"AccessToken":7}`, `{"AccessToken":"a b"}`,
		"{\"AccessToken\":\"line\\nbreak\"}", `{"AccessToken":"cut-off-tok`, "<html>secret-page</html>"} {
		w := &wire{meet: func(req *http.Request, _ func() (*http.Response, error)) (*http.Response, error) {
			return answer(req, 200, body), nil
		}}
		tokens, err := arr.NewTokenClientWithKeyCredential(testAccount, azcore.NewKeyCredential(testKey), &arr.TokenClientOptions{
			ClientOptions: azcore.ClientOptions{Transport: w},
		})
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
			"iat":                     {jwt(fmt.Sprintf(`{"iat":%d,"exp":%d}`, now, now+86400)), 24 * time.Hour},
			"nbf":                     {jwt(fmt.Sprintf(`{"nbf":%d,"exp":%d}`, now, now+3600)), time.Hour},
			"iat before nbf":          {jwt(fmt.Sprintf(`{"nbf":%d,"iat":%d,"exp":%d}`, now-600, now, now+3600)), time.Hour},
			"clock a year ahead":      {jwt(fmt.Sprintf(`{"iat":%d,"exp":%d}`, now-31536000, now-31536000+7200)), 2 * time.Hour},
			"clock a year behind":     {jwt(fmt.Sprintf(`{"iat":%d,"exp":%d}`, now+31536000, now+31536000+7200)), 2 * time.Hour},
			"exp alone":               {jwt(fmt.Sprintf(`{"exp":%d}`, now+1800)), 30 * time.Minute},
			"exp alone, already past": {jwt(fmt.Sprintf(`{"exp":%d}`, now-1800)), time.Hour},
			"fractions":               {jwt(`{"iat":0.5,"exp":60.5}`), time.Minute},
			"huge":                    {jwt(`{"iat":0,"exp":1e300}`), 10 * 365 * 24 * time.Hour},
			"negative":                {jwt(`{"iat":10,"exp":-1e300}`), time.Hour},
			"not a token":             {"opaque", time.Hour},
			"no claims":               {jwt(`{}`), time.Hour},
			"claims of other types":   {jwt(`{"exp":"soon"}`), time.Hour},
		} {
			w := &wire{meet: func(req *http.Request, _ func() (*http.Response, error)) (*http.Response, error) {
				return answer(req, 200, `{"AccessToken":"`+test.token+`"}`), nil
			}}
			tokens, err := arr.NewTokenClientWithKeyCredential(testAccount, azcore.NewKeyCredential(testKey), &arr.TokenClientOptions{
				ClientOptions: azcore.ClientOptions{Transport: w},
			})
			require.NoError(t, err)
			token, err := tokens.GetToken(t.Context(), policy.TokenRequestOptions{})
			require.NoError(t, err, name)
			assert.Equal(t, test.want, time.Until(token.ExpiresOn), name)
			assert.Equal(t, min(5*time.Minute, test.want/10), token.ExpiresOn.Sub(token.RefreshOn), name)
		}
	})
}

func TestOverridesOfTheCallerDoNotReachTheExchange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var exchange *http.Request
		client, w, _ := readyClient(t)
		exchanges := 0
		var captured *http.Response
		w.handle(func(req *http.Request, forward func() (*http.Response, error)) (*http.Response, error) {
			if trace := httptrace.ContextClientTrace(req.Context()); trace != nil {
				trace.GetConn(nameOf(req))
			}
			if !isExchange(req) {
				return forward()
			}
			exchange = req
			assert.Nil(t, captured, "not even for a moment")
			if exchanges++; exchanges > 4 {
				return forward()
			}
			return answer(req, 503, ""), nil
		})
		var traced []string
		ctx := policy.WithCaptureResponse(t.Context(), &captured)
		ctx = policy.WithHTTPHeader(ctx, http.Header{"X-Of-The-Caller": {"1"}})
		ctx = policy.WithRetryOptions(ctx, policy.RetryOptions{MaxRetries: 7})
		ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GetConn: func(host string) { traced = append(traced, host) }})
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
		return policyFunc(func(req *policy.Request) (*http.Response, error) {
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
		w.handle(func(req *http.Request, forward func() (*http.Response, error)) (*http.Response, error) {
			assert.Equal(t, "1", req.Header.Get("Per-Call"))
			assert.Contains(t, req.Header.Get("User-Agent"), "my-app")
			if isExchange(req) {
				assert.Empty(t, req.Header.Get("Per-Retry"), "it would see the account key")
			} else {
				assert.Equal(t, "1", req.Header.Get("Per-Retry"))
			}
			return forward()
		})
		_, err := client.Get(t.Context(), "demo", nil)
		require.NoError(t, err)
	})
}

type policyFunc func(*policy.Request) (*http.Response, error)

func (f policyFunc) Do(req *policy.Request) (*http.Response, error) { return f(req) }
