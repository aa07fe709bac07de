// SPDX-License-Identifier: MIT

package token

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering/internal/testkit"
	"github.com/arr-go/azremoterendering/internal/wait"
)

// issuer is a credential whose tokens are numbered and live an hour. It takes a second for each.
type issuer struct {
	calls   atomic.Int32
	failing atomic.Bool
}

var errIssuer = errors.New("no token today")

func (i *issuer) get(ctx context.Context) (azcore.AccessToken, error) {
	n := i.calls.Add(1)
	if err := wait.Sleep(ctx, time.Second); err != nil {
		return azcore.AccessToken{}, err
	}
	if i.failing.Load() {
		return azcore.AccessToken{}, errIssuer
	}
	value := fmt.Sprintf("token-%d", n)
	return azcore.AccessToken{Token: value, ExpiresOn: time.Now().Add(time.Hour)}, nil
}

type wrapped struct{ error }

func (w wrapped) Unwrap() error { return w.error }

func newTestCache() (*Cache, *issuer) {
	i := &issuer{}
	return NewCache(i.get, func(err error) error { return wrapped{err} }), i
}

func TestManyCallersShareOneCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cache, issuer := newTestCache()
		var group sync.WaitGroup
		for range 100 {
			group.Go(func() {
				got, err := cache.Token(t.Context(), nil)
				assert.NoError(t, err)
				assert.Equal(t, "token-1", got.Value)
			})
		}
		group.Wait()
		assert.EqualValues(t, 1, issuer.calls.Load())
	})
}

func TestCallerThatGivesUpLeavesTheCallToOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cache, issuer := newTestCache()
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		_, err := cache.Token(ctx, nil)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		got, err := cache.Token(t.Context(), nil)
		require.NoError(t, err)
		assert.Equal(t, "token-1", got.Value)
		assert.EqualValues(t, 1, issuer.calls.Load())
	})
}

func TestTokenIsRenewedInTheBackground(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cache, issuer := newTestCache()
		_, err := cache.Token(t.Context(), nil)
		require.NoError(t, err)
		time.Sleep(56 * time.Minute)
		begun := time.Now()
		got, err := cache.Token(t.Context(), nil)
		require.NoError(t, err)
		assert.Equal(t, "token-1", got.Value, "still valid")
		assert.Zero(t, time.Since(begun), "no caller waits for a renewal")
		time.Sleep(2 * time.Second)
		got, err = cache.Token(t.Context(), nil)
		require.NoError(t, err)
		assert.Equal(t, "token-2", got.Value)
		assert.EqualValues(t, 2, issuer.calls.Load())
	})
}

func TestFailedRenewalsAreThirtySecondsApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cache, issuer := newTestCache()
		_, err := cache.Token(t.Context(), nil)
		require.NoError(t, err)
		issuer.failing.Store(true)
		time.Sleep(55*time.Minute + time.Second)
		for range 60 {
			_, err := cache.Token(t.Context(), nil)
			require.NoError(t, err)
			time.Sleep(time.Second)
		}
		assert.EqualValues(t, 1+2, issuer.calls.Load())
		time.Sleep(time.Hour)
		_, err = cache.Token(t.Context(), nil)
		require.ErrorIs(t, err, errIssuer)
		assert.ErrorAs(t, err, new(wrapped), "the error is made by the caller's function")
	})
}

func TestRefusedTokenIsReplacedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cache, issuer := newTestCache()
		first, err := cache.Token(t.Context(), nil)
		require.NoError(t, err)
		for range 3 { // the first report replaces it, later ones find it replaced
			got, err := cache.Token(t.Context(), first)
			require.NoError(t, err)
			assert.Equal(t, "token-2", got.Value)
		}
		assert.EqualValues(t, 2, issuer.calls.Load())
	})
}

func TestRenewedReturnsAnotherToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cache, issuer := newTestCache()
		first, err := cache.Token(t.Context(), nil)
		require.NoError(t, err)
		for range 2 {
			got, err := cache.Renewed(t.Context(), first)
			require.NoError(t, err)
			assert.Equal(t, "token-2", got.Value)
		}
		assert.EqualValues(t, 2, issuer.calls.Load())
	})
}

func TestCredentialThatIgnoresItsContextIsAbandoned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cache := NewCache(func(context.Context) (azcore.AccessToken, error) {
			time.Sleep(time.Hour)
			return azcore.AccessToken{Token: "late"}, nil
		}, func(err error) error { return err })
		begun := time.Now()
		_, err := cache.Token(t.Context(), nil)
		require.ErrorContains(t, err, "does not end with its context")
		assert.Equal(t, 31*time.Second, time.Since(begun))
		time.Sleep(time.Hour) // the late token arrives, and nobody gets it
		assert.Nil(t, cache.current)
	})
}

// A machine that was suspended beyond the end of a token must not hand it out, and one whose wall
// clock is set back must not keep it for longer.
func TestTokensAgeWhileTheMachineIsSuspended(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calls, ahead := 0, time.Duration(0)
		cache := NewCache(func(context.Context) (azcore.AccessToken, error) {
			calls++
			return azcore.AccessToken{Token: fmt.Sprint(calls), ExpiresOn: time.Now().Add(time.Hour)}, nil
		}, func(err error) error { return err })
		cache.clock = wait.Clock{Wall: func() time.Time { return time.Now().Add(ahead) }}
		get := func() *Token {
			token, err := cache.Token(t.Context(), nil)
			require.NoError(t, err)
			return token
		}
		first := get()
		ahead = -24 * time.Hour
		assert.Equal(t, time.Hour, cache.Left(get()))
		time.Sleep(50 * time.Minute)
		assert.Equal(t, 10*time.Minute, cache.Left(get()))
		assert.Equal(t, 1, calls)

		ahead = 11 * time.Minute // suspended
		assert.NotEqual(t, first, get())
		assert.Equal(t, 2, calls)
		assert.Equal(t, time.Hour, cache.Left(get()))
	})
}

// A token that was under way while the machine was suspended is older than its receipt.
func TestTokensAgeOnTheirWay(t *testing.T) {
	for name, c := range map[string]struct {
		ahead time.Duration // what the wall clock got ahead meanwhile
		left  time.Duration
	}{
		"no leap":      {0, time.Hour},
		"suspended":    {40 * time.Minute, 20 * time.Minute},
		"for too long": {3 * time.Hour, -2 * time.Hour},
		"set back":     {-3 * time.Hour, time.Hour},
		"adjusted":     {time.Second, time.Hour},
	} {
		synctest.Test(t, func(t *testing.T) {
			ahead := time.Duration(0)
			clock := wait.Clock{Wall: func() time.Time { return time.Now().Add(ahead) }}
			value := "e30." + base64.RawURLEncoding.EncodeToString([]byte(`{"iat":1,"exp":3601}`)) + ".c2ln"
			asked := clock.Now()
			time.Sleep(2 * time.Second)
			ahead = c.ahead
			received := clock.Now()
			expires, renew := Times(value, asked, received)
			assert.Equal(t, c.left, time.Until(expires), name)
			assert.False(t, renew.After(expires), name)

			cache := NewCache(nil, nil)
			cache.clock = clock
			held := newToken(azcore.AccessToken{Token: value, ExpiresOn: expires, RefreshOn: renew}, received)
			assert.Equal(t, c.left, cache.Left(held), name)
			assert.Equal(t, time.Hour, held.Lifetime(), "a new one lives longer")
		})
	}
}

func TestTimesThatACredentialLeavesOpen(t *testing.T) {
	received := wait.Clock{}.Now()
	now := received.Time()
	got := newToken(azcore.AccessToken{Token: "opaque"}, received)
	assert.Equal(t, time.Hour, got.Lifetime())
	assert.Equal(t, now.Add(55*time.Minute), got.RefreshOn)
	got = newToken(azcore.AccessToken{Token: "opaque", ExpiresOn: now.Add(time.Minute)}, received)
	assert.Equal(t, now.Add(54*time.Second), got.RefreshOn)
}

// newPipeline returns a pipeline with the policy in front of a service.
func newPipeline(cache *Cache, service policy.Transporter) runtime.Pipeline {
	refused := func(err error) error { return wrapped{err} }
	return runtime.NewPipeline("test", "v0.1.0", runtime.PipelineOptions{
		PerRetry: []policy.Policy{&Policy{Cache: cache, Refused: refused}},
	}, &policy.ClientOptions{
		Transport: service,
		Retry:     policy.RetryOptions{MaxRetries: -1},
	})
}

func TestPolicySendsOnceMoreWithAFreshToken(t *testing.T) {
	for name, test := range map[string]struct {
		accepted string
		status   int
		sent     []string
	}{
		"the first token is good":  {"token-1", 200, []string{"Bearer token-1"}},
		"the first one is revoked": {"token-2", 200, []string{"Bearer token-1", "Bearer token-2"}},
		"none is good":             {"none", 401, []string{"Bearer token-1", "Bearer token-2"}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cache, _ := newTestCache()
				var sent []string
				service := &testkit.Wire{
					Meet: func(req *http.Request, _ testkit.Forward) (*http.Response, error) {
						authorization := req.Header.Get("Authorization")
						sent = append(sent, authorization)
						if authorization == "Bearer "+test.accepted {
							return testkit.Answer(req, 200, ""), nil
						}
						return testkit.Answer(req, 401, ""), nil
					},
				}
				req, err := runtime.NewRequest(t.Context(), http.MethodGet, "https://host.example/")
				require.NoError(t, err)
				resp, err := newPipeline(cache, service).Do(req)
				require.NoError(t, err)
				assert.Equal(t, test.status, resp.StatusCode)
				assert.Equal(t, test.sent, sent)
			})
		})
	}
}

func TestPolicySendsNoTokenOverHTTP(t *testing.T) {
	cache, issuer := newTestCache()
	service := &testkit.Wire{}
	req, err := runtime.NewRequest(t.Context(), http.MethodGet, "http://host.example/")
	require.NoError(t, err)
	_, err = newPipeline(cache, service).Do(req)
	require.ErrorContains(t, err, "not sent over http")
	assert.Empty(t, service.Sent())
	assert.Zero(t, issuer.calls.Load())
}
