// SPDX-License-Identifier: MIT

package azremoterendering_test

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator"
	"github.com/arr-go/azremoterendering/internal/testkit"
	"github.com/arr-go/azremoterendering/internal/wait"
)

// readyClient returns a client of an emulator with one Ready session, "demo", and an STS that
// answers in 100 ms. The client holds no token yet.
func readyClient(
	t *testing.T,
	configure ...func(*arr.SessionsClientOptions),
) (*arr.SessionsClient, *testkit.Wire, *emulator.Emulator) {
	t.Helper()
	e := newEmulator(t, emulator.Options{})
	maker, _ := newClient(t, e)
	_, err := maker.BeginCreate(
		t.Context(),
		"demo",
		arr.CreateSessionSettings{Size: arr.SessionSizeStandard, MaxLeaseTime: 24 * time.Hour},
		nil,
	)
	require.NoError(t, err)
	client, w := newClient(t, e, configure...)
	w.Handle(slowSTS)
	return client, w, e
}

func slowSTS(req *http.Request, forward testkit.Forward) (*http.Response, error) {
	if testkit.IsExchange(req) {
		if err := wait.Sleep(req.Context(), 100*time.Millisecond); err != nil {
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
		requireAll(
			t,
			getAll(t.Context(), client, 1000),
			func(err error) { require.NoError(t, err) },
		)
		assert.Equal(t, 1, w.Count("STS"))
		assert.Equal(t, 1000, w.Count("GET demo"))
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
				requireAll(
					t,
					getAll(t.Context(), client, 1),
					func(err error) { require.NoError(t, err) },
				)
				require.Equal(t, 1, w.Count("STS"))

				var revoked atomic.Value
				revoked.Store("")
				w.Handle(
					func(req *http.Request, forward testkit.Forward) (*http.Response, error) {
						if !testkit.IsExchange(req) {
							// so that all are in flight
							if err := wait.Sleep(req.Context(), time.Second); err != nil {
								return nil, err
							}
							token := req.Header.Get("Authorization")
							if revoked.CompareAndSwap("", token) || revoked.Load() == token {
								return testkit.Answer(req, http.StatusUnauthorized, "", challenge...), nil
							}
						}
						return slowSTS(req, forward)
					},
				)
				requireAll(
					t,
					getAll(t.Context(), client, 1000),
					func(err error) { require.NoError(t, err) },
				)
				assert.Equal(
					t,
					2,
					w.Count("STS"),
					"one exchange at the start, one after the revocation",
				)
				assert.Equal(t, 2001, w.Count("GET demo"))
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
		w.Handle(
			func(req *http.Request, forward testkit.Forward) (*http.Response, error) {
				if testkit.IsExchange(req) {
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
					if err := wait.Sleep(req.Context(), time.Duration(3-n)*time.Minute); err != nil {
						return nil, err
					}
					return testkit.Answer(req, http.StatusUnauthorized, ""), nil
				}
				return forward()
			},
		)
		requireAll(t, getAll(t.Context(), client, 2), func(err error) { require.NoError(t, err) })
		assert.Equal(t, 2, w.Count("STS"))
	})
}

func TestSecondRefusalIsReturned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, w, _ := readyClient(t)
		w.Handle(
			func(req *http.Request, forward testkit.Forward) (*http.Response, error) {
				if testkit.IsExchange(req) {
					return forward()
				}
				return testkit.Answer(
					req,
					http.StatusUnauthorized,
					"",
					"WWW-Authenticate",
					`Bearer error="invalid_token"`,
				), nil
			},
		)
		time.Sleep(time.Second) // virtual: the token service's tokens differ by their second
		_, err := client.Get(t.Context(), "demo", nil)
		var refused *arr.ServiceError
		require.ErrorAs(t, err, &refused)
		assert.Equal(t, http.StatusUnauthorized, refused.StatusCode)
		require.ErrorIs(t, err, arr.ErrUnauthorized)
		assert.Equal(t, 2, w.Count("GET demo"), "one retry with a new token, and no more")
		assert.Equal(t, 2, w.Count("STS"))
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
		assert.Equal(t, 1, w.Count("STS"))
	})
}

func TestOutageOfTheSTSHurtsNobodyWhileTheTokenIsValid(t *testing.T) {
	for name, outage := range map[string]func(*http.Request) (*http.Response, error){
		"refused":     func(req *http.Request) (*http.Response, error) { return testkit.Answer(req, 503, ""), nil },
		"unreachable": func(*http.Request) (*http.Response, error) { return nil, testkit.ErrLost },
		"hanging": func(req *http.Request) (*http.Response, error) {
			<-req.Context().Done()
			return nil, req.Context().Err()
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client, w, _ := readyClient(t)
				requireAll(
					t,
					getAll(t.Context(), client, 1),
					func(err error) { require.NoError(t, err) },
				)
				w.Handle(
					func(req *http.Request, forward testkit.Forward) (*http.Response, error) {
						if testkit.IsExchange(req) {
							return outage(req)
						}
						return forward()
					},
				)
				time.Sleep(24*time.Hour - 5*time.Minute) // into the time of renewal
				before := w.Count("STS")
				for range 58 { // to five seconds before the end
					start := time.Now()
					_, err := client.Get(t.Context(), "demo", nil)
					require.NoError(t, err)
					assert.Zero(t, time.Since(start), "no call waits for the renewal")
					time.Sleep(5 * time.Second)
				}
				exchanges := w.Count("STS") - before
				assert.NotZero(t, exchanges)
				assert.LessOrEqual(
					t,
					exchanges,
					4*10,
					"an attempt, with its three retries, each 30 s",
				)

				w.Handle(slowSTS)
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
		w.Handle(slowSTS)
		const lease = 1440 * time.Minute
		for day := range 3 { // a session lives for a day at most
			id := fmt.Sprintf("day-%d", day)
			_, err := client.BeginCreate(
				t.Context(),
				id,
				arr.CreateSessionSettings{Size: arr.SessionSizeStandard, MaxLeaseTime: lease},
				nil,
			)
			require.NoError(t, err)
			for range 24 * 30 {
				start := time.Now()
				_, err := client.Get(t.Context(), id, nil)
				require.NoError(t, err)
				require.Zero(t, time.Since(start), "no call waits for a renewal")
				time.Sleep(2 * time.Minute)
			}
		}
		assert.Equal(t, 4, w.Count("STS"), "one at the start, one on each of three days")
	})
}

func TestWrongKeyIsOneExchangeAndClearToAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEmulator(t, emulator.Options{})
		w := &testkit.Wire{Next: e.Transport(), Meet: slowSTS}
		cred := azcore.NewKeyCredential("d3Jvbmc=")
		client, err := arr.NewSessionsClientWithKeyCredential(
			endpoint,
			e.Account(),
			cred,
			&arr.SessionsClientOptions{
				ClientOptions: azcore.ClientOptions{Transport: w},
			},
		)
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
		assert.Equal(t, 1, w.Count("STS"))
		assert.Empty(t, w.Requests())

		cred.Update(e.SecondaryKey())
		_, err = client.Get(t.Context(), "demo", nil)
		assert.ErrorIs(t, err, arr.ErrNotFound, "the right key is used at once")
	})
}

func TestUnreachableSTSIsNotRetriedOnTopOfItsRetries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, w, _ := readyClient(t)
		w.Handle(
			func(req *http.Request, forward testkit.Forward) (*http.Response, error) {
				if testkit.IsExchange(req) {
					return nil, testkit.ErrLost
				}
				return forward()
			},
		)
		requireAll(t, getAll(t.Context(), client, 20), func(err error) {
			var failure *arr.AuthenticationError
			require.ErrorAs(t, err, &failure)
			require.ErrorIs(t, err, testkit.ErrLost)
			require.Zero(t, failure.StatusCode)
		})
		assert.Equal(t, 4, w.Count("STS"))
	})
}

func TestHangingSTSIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, w, _ := readyClient(t)
		w.Handle(func(req *http.Request, _ testkit.Forward) (*http.Response, error) {
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
