// SPDX-License-Identifier: MIT

package azremoterendering_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator"
	"github.com/arr-go/azremoterendering/internal/testkit"
)

func TestLifeOfASession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEmulator(t, emulator.Options{StartupTime: emulator.FixedStartup(90 * time.Second)})
		client, w := newClient(t, e)
		ctx := t.Context()

		poller, err := client.BeginCreate(ctx, "demo", halfHour, nil)
		require.NoError(t, err)
		assert.True(t, poller.Created())
		assert.False(t, poller.Done())
		assert.Equal(t, arr.SessionStatusStarting, poller.Session().Status)
		assert.Equal(t, time.Now().UTC(), poller.Session().CreationTime.UTC())

		ready, err := poller.PollUntilDone(ctx, nil)
		require.NoError(t, err)
		assert.Equal(t, arr.SessionStatusReady, ready.Status)
		assert.NotEmpty(t, ready.Hostname)
		assert.NotZero(t, ready.HandshakePort)
		assert.NotZero(t, ready.ArrInspectorPort)
		assert.NotEmpty(t, ready.CorrelationVector)

		updated, err := client.Update(
			ctx,
			"demo",
			arr.UpdateSessionSettings{MaxLeaseTime: time.Hour},
			nil,
		)
		require.NoError(t, err)
		assert.Equal(t, time.Hour, updated.MaxLeaseTime)
		assert.NotEmpty(t, updated.CorrelationVector)

		var listed []string
		for session, err := range client.All(ctx, nil) {
			require.NoError(t, err)
			listed = append(listed, session.ID)
		}
		assert.Equal(t, []string{"demo"}, listed)

		stopped, err := client.Stop(ctx, "demo", nil)
		require.NoError(t, err)
		assert.NotEmpty(t, stopped.CorrelationVector)

		got, err := client.Get(ctx, "demo", nil)
		require.NoError(t, err)
		assert.Equal(t, arr.SessionStatusStopped, got.Status)
		assert.Empty(t, got.Hostname)

		_, err = client.Stop(ctx, "demo", nil)
		assert.NoError(t, err, "stopping a stopped session is success")
		assert.Equal(t, 1, w.Count("STS"), "one token serves all calls")
	})
}

func TestRequestsAreWhatTheServiceExpects(t *testing.T) {
	const account = "/accounts/00000000-1111-2222-3333-444455556666"
	tests := []struct {
		name         string
		call         func(context.Context, *arr.SessionsClient) error
		method, path string
		body         string
		status       int
		answer       string
	}{
		{
			name: "create",
			call: func(ctx context.Context, c *arr.SessionsClient) error {
				_, err := c.BeginCreate(ctx, "demo", halfHour, nil)
				return err
			},
			method: "PUT",
			path:   account + "/sessions/demo",
			body:   `{"maxLeaseTimeMinutes":30,"size":"Standard"}`,
			status: 201,
			answer: testkit.SessionJSON("demo", "Starting"),
		},
		{
			name: "get",
			call: func(ctx context.Context, c *arr.SessionsClient) error {
				_, err := c.Get(ctx, "demo", nil)
				return err
			},
			method: "GET",
			path:   account + "/sessions/demo",
			status: 200,
			answer: testkit.SessionJSON("demo", "Ready"),
		},
		{
			name: "update",
			call: func(ctx context.Context, c *arr.SessionsClient) error {
				_, err := c.Update(
					ctx,
					"demo",
					arr.UpdateSessionSettings{MaxLeaseTime: time.Hour},
					nil,
				)
				return err
			},
			method: "PATCH", path: account + "/sessions/demo", body: `{"maxLeaseTimeMinutes":60}`,
			status: 200, answer: testkit.SessionJSON("demo", "Ready"),
		},
		{
			name: "stop",
			call: func(ctx context.Context, c *arr.SessionsClient) error {
				_, err := c.Stop(ctx, "demo", nil)
				return err
			},
			method: "POST",
			path:   account + "/sessions/demo/:stop",
			status: 204,
		},
		{
			name: "list",
			call: func(ctx context.Context, c *arr.SessionsClient) error {
				_, err := c.NewListPager(nil).NextPage(ctx)
				return err
			},
			method: "GET", path: account + "/sessions",
			status: 200, answer: `{"sessions":[]}`,
		},
	}
	for _, version := range []string{"", "2021-01-01-preview"} {
		for _, test := range tests {
			t.Run(test.name+version, func(t *testing.T) {
				var seen *http.Request
				var body string
				client, _ := fakeClient(t, func(req *http.Request) (*http.Response, error) {
					seen = req
					if req.Body != nil {
						data, err := io.ReadAll(req.Body)
						require.NoError(t, err)
						body = string(data)
					}
					return testkit.Answer(req, test.status, test.answer), nil
				}, func(o *arr.SessionsClientOptions) { o.APIVersion = version })

				require.NoError(t, test.call(t.Context(), client))
				assert.Equal(t, test.method, seen.Method)
				assert.Equal(t, test.path, seen.URL.EscapedPath())
				want := version
				if want == "" {
					want = "2021-01-01"
				}
				assert.Equal(t, "api-version="+want, seen.URL.RawQuery)
				assert.Equal(t, "Bearer "+testkit.Token, seen.Header.Get("Authorization"))
				assert.Equal(t, "application/json", seen.Header.Get("Accept"))
				assert.NotEmpty(t, seen.Header.Get("X-Ms-Client-Request-Id"))
				assert.True(
					t,
					strings.HasPrefix(
						seen.Header.Get("User-Agent"),
						"azsdk-go-azremoterendering/v",
					),
					seen.Header.Get("User-Agent"),
				)
				assert.Equal(t, test.body, body)
				if test.body != "" {
					assert.Equal(t, "application/json", seen.Header.Get("Content-Type"))
				}
			})
		}
	}
}

func TestEndpointMayHaveAPathAndSpaces(t *testing.T) {
	w := &testkit.Wire{
		Meet: func(req *http.Request, _ testkit.Forward) (*http.Response, error) {
			assert.Equal(t, "/base/accounts/"+testAccount.ID+"/sessions/demo", req.URL.Path)
			return testkit.Answer(req, 200, testkit.SessionJSON("demo", "Ready")), nil
		},
	}
	static, err := arr.NewStaticAccessToken(testkit.Token)
	require.NoError(t, err)
	options := &arr.SessionsClientOptions{}
	options.Transport = w
	client, err := arr.NewSessionsClientWithAccessToken(
		" https://rendering.example:8443/base/ ",
		testAccount.ID,
		static,
		options,
	)
	require.NoError(t, err)
	_, err = client.Get(t.Context(), "demo", nil)
	require.NoError(t, err)
}

func TestCreateOfAnExistingSessionReturnsItsPoller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEmulator(t, emulator.Options{})
		client, _ := newClient(t, e)
		_, err := client.BeginCreate(t.Context(), "demo", halfHour, nil)
		require.NoError(t, err)

		poller, err := client.BeginCreate(t.Context(), "demo", halfHour, nil)
		require.NoError(t, err)
		assert.False(t, poller.Created())
		assert.True(t, poller.Done(), "the session was Ready by then")

		_, err = client.BeginCreate(
			t.Context(),
			"demo",
			arr.CreateSessionSettings{Size: arr.SessionSizePremium, MaxLeaseTime: 30 * time.Minute},
			nil,
		)
		require.ErrorIs(t, err, arr.ErrConflict)
	})
}

func TestCreateMayMeetASessionThatHasEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEmulator(t, emulator.Options{})
		client, _ := newClient(t, e)
		_, err := client.BeginCreate(t.Context(), "demo", halfHour, nil)
		require.NoError(t, err)
		_, err = client.Stop(t.Context(), "demo", nil)
		require.NoError(t, err)

		poller, err := client.BeginCreate(t.Context(), "demo", halfHour, nil)
		require.NoError(t, err)
		assert.True(t, poller.Done())
		_, err = poller.PollUntilDone(t.Context(), nil)
		var ended *arr.SessionEndedError
		require.ErrorAs(t, err, &ended)
		assert.Equal(t, arr.SessionStatusStopped, ended.Session.Status)
	})
}

func TestBeginWaitSendsOneGet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEmulator(t, emulator.Options{StartupTime: emulator.FixedStartup(time.Minute)})
		client, w := newClient(t, e)
		_, err := client.BeginWait(t.Context(), "demo", nil)
		require.ErrorIs(t, err, arr.ErrNotFound)

		_, err = client.BeginCreate(t.Context(), "demo", halfHour, nil)
		require.NoError(t, err)
		poller, err := client.BeginWait(t.Context(), "demo", nil)
		require.NoError(t, err)
		assert.False(t, poller.Created())
		assert.Equal(t, []string{"GET demo", "PUT demo", "GET demo"}, w.Requests())

		_, err = poller.PollUntilDone(t.Context(), nil)
		assert.NoError(t, err)
	})
}
