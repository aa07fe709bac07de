// SPDX-License-Identifier: MIT

package azremoterendering_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator"
	"github.com/arr-go/azremoterendering/internal/testkit"
)

func TestEveryMethodHasASpan(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var all testkit.Spans
		e := newEmulator(t, emulator.Options{StartupTime: emulator.FixedStartup(time.Second)})
		client, _ := newClient(
			t,
			e,
			func(o *arr.SessionsClientOptions) { o.TracingProvider = all.Provider() },
		)
		ctx := t.Context()

		poller, err := client.BeginCreate(ctx, "demo", halfHour, nil)
		require.NoError(t, err)
		assert.Equal(t, []string{
			// the exchange belongs to the call that needed it
			"SessionsClient.BeginCreate > HTTP GET",
			"SessionsClient.BeginCreate > HTTP PUT",
			"SessionsClient.BeginCreate",
		}, all.Names())
		assert.Equal(t, "demo", all.Last().Attributes["az.remoterendering.session_id"])
		assert.Equal(t, "Microsoft.MixedReality", all.Last().Attributes["az.namespace"])

		for name, call := range map[string]func() error{
			"SessionPoller.PollUntilDone": func() error { _, err := poller.PollUntilDone(ctx, nil); return err },
			"SessionsClient.BeginWait":    func() error { _, err := client.BeginWait(ctx, "demo", nil); return err },
			"SessionsClient.Get":          func() error { _, err := client.Get(ctx, "demo", nil); return err },
			"SessionsClient.Update": func() error {
				_, err := client.Update(ctx, "demo", arr.UpdateSessionSettings{MaxLeaseTime: time.Hour}, nil)
				return err
			},
			"Pager[ListSessionsResponse].NextPage": func() error {
				_, err := client.NewListPager(nil).NextPage(ctx)
				return err
			},
		} {
			all.Forget()
			require.NoError(t, call(), name)
			assert.Equal(t, name, all.Last().Name)
			assert.Empty(t, all.Last().Status)
			for _, span := range all.Ended() {
				assert.True(t, strings.HasPrefix(span.Path(), name), span.Path())
			}
		}
		all.Forget()
		_, err = client.Stop(ctx, "demo", nil)
		require.NoError(t, err)
		assert.Equal(
			t,
			[]string{"SessionsClient.Stop > HTTP POST", "SessionsClient.Stop"},
			all.Names(),
		)
	})
}

func TestFailuresAreOnTheSpanOfTheMethod(t *testing.T) {
	var all testkit.Spans
	client, _ := fakeClient(
		t,
		func(req *http.Request) (*http.Response, error) { return testkit.Answer(req, 404, ""), nil },
		func(o *arr.SessionsClientOptions) { o.TracingProvider = all.Provider() },
	)
	_, err := client.Get(t.Context(), "demo", nil)
	require.ErrorIs(t, err, arr.ErrNotFound)
	assert.Equal(t, "SessionsClient.Get", all.Last().Name)
	assert.Contains(t, all.Last().Status, "*azremoterendering.ServiceError")
	assert.Contains(t, all.Last().Status, "abcdefghijklmnopqrstuv.0")
}

func TestMethodsNameThemselvesToPolicies(t *testing.T) {
	var name any
	client, _ := fakeClient(t, func(req *http.Request) (*http.Response, error) {
		name = req.Context().Value(runtime.CtxAPINameKey{})
		return testkit.Answer(req, 404, ""), nil
	})
	_, _ = client.Stop(t.Context(), "demo", nil)
	assert.Equal(t, "SessionsClient.Stop", name)
	_, _ = client.NewListPager(nil).NextPage(t.Context())
	assert.Equal(t, "SessionsClient.NewListPager", name)
}

func TestCorrelationVectorsAreInTheLog(t *testing.T) {
	client, _ := fakeClient(t, func(req *http.Request) (*http.Response, error) {
		return testkit.Answer(
			req,
			429,
			"",
			"Retry-After",
			"61",
			"api-supported-versions",
			"2021-01-01",
		), nil
	})
	log := logged(func() { _, _ = client.Get(t.Context(), "demo", nil) })
	assert.Contains(t, log, "abcdefghijklmnopqrstuv.0")
	assert.Regexp(t, `X-Mrc-Cv: [A-Za-z0-9+/]{22}`, log)
	assert.Contains(t, log, "Retry-After: 61")
	assert.Contains(t, log, "Api-Supported-Versions: 2021-01-01")
	assert.Contains(t, log, "Authorization: REDACTED")
}

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

// A service that accepts requests and never answers, or answers drop by drop, ends a call without a
// deadline within about two minutes.
func TestCallsEndWithoutADeadline(t *testing.T) {
	calls := map[string]func(*arr.SessionsClient) error{
		"get": func(c *arr.SessionsClient) error {
			_, err := c.Get(context.Background(), "demo", nil)
			return err
		},
		"create": func(c *arr.SessionsClient) error {
			_, err := c.BeginCreate(context.Background(), "demo", halfHour, nil)
			return err
		},
		"stop": func(c *arr.SessionsClient) error {
			_, err := c.Stop(context.Background(), "demo", nil)
			return err
		},
		"list": func(c *arr.SessionsClient) error {
			_, err := c.NewListPager(nil).NextPage(context.Background())
			return err
		},
	}
	services := map[string]func(*http.Request) (*http.Response, error){
		"never answers": func(req *http.Request) (*http.Response, error) {
			<-req.Context().Done()
			return nil, req.Context().Err()
		},
		"trickles": func(req *http.Request) (*http.Response, error) {
			resp := testkit.Answer(req, 200, "")
			resp.Body = io.NopCloser(trickle{req.Context()})
			return resp, nil
		},
	}
	for service, answer := range services {
		for name, call := range calls {
			synctest.Test(t, func(t *testing.T) {
				client, w := fakeClient(t, answer)
				began := time.Now()
				err := call(client)
				require.ErrorContains(t, err, "no answer within 30s", "%s, %s", name, service)
				assert.ErrorIs(t, err, context.DeadlineExceeded)
				assert.True(t, arr.IsTransient(err))
				assert.Less(t, time.Since(began), 140*time.Second)
				assert.LessOrEqual(t, len(w.Requests()), 4) // azcore downloads no POST twice
			})
		}
	}
}

func TestTryTimeoutOverridesTheDefault(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, _ := fakeClient(t, func(req *http.Request) (*http.Response, error) {
			<-req.Context().Done()
			return nil, req.Context().Err()
		}, noRetries, func(o *arr.SessionsClientOptions) { o.Retry.TryTimeout = 5 * time.Minute })
		began := time.Now()
		_, err := client.Get(context.Background(), "demo", nil)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Equal(t, 5*time.Minute, time.Since(began))
	})
}

// trickle is a body of which a byte comes every second.
type trickle struct{ ctx context.Context }

func (b trickle) Read(p []byte) (int, error) {
	select {
	case <-time.After(time.Second):
		p[0] = ' '
		return 1, nil
	case <-b.ctx.Done():
		return 0, b.ctx.Err()
	}
}

func TestAnAnswerAboutAnotherSessionIsNotTaken(t *testing.T) {
	client, _ := fakeClient(t, func(req *http.Request) (*http.Response, error) {
		return testkit.Answer(req, 200, testkit.SessionJSON("other", "Ready")), nil
	})
	_, err := client.Get(t.Context(), "demo", nil)
	require.ErrorContains(t, err, `it is about session "other"`)
	_, err = client.BeginCreate(t.Context(), "demo", halfHour, nil)
	assert.ErrorIs(t, err, arr.ErrOutcomeUnknown)
}
