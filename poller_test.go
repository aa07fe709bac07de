// SPDX-License-Identifier: MIT

package azremoterendering_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator"
	"github.com/arr-go/azremoterendering/internal/testkit"
)

// startingPoller returns a poller of a session "demo" that becomes Ready after startup.
func startingPoller(
	t *testing.T,
	startup time.Duration,
	size arr.SessionSize,
) (*arr.SessionPoller, *testkit.Wire, *emulator.Emulator) {
	t.Helper()
	e := newEmulator(t, emulator.Options{StartupTime: emulator.FixedStartup(startup)})
	client, w := newClient(t, e)
	poller, err := client.BeginCreate(
		t.Context(),
		"demo",
		arr.CreateSessionSettings{Size: size, MaxLeaseTime: time.Hour},
		nil,
	)
	require.NoError(t, err)
	return poller, w, e
}

func TestReadyIsSeenWithinOneInterval(t *testing.T) {
	for _, test := range []struct {
		size      arr.SessionSize
		frequency time.Duration
		interval  time.Duration // with the jitter's tenth
		least     int           // requests in three minutes
		most      int
	}{
		{arr.SessionSizeStandard, 0, 2200 * time.Millisecond, 81, 101},
		{arr.SessionSizePremium, 0, 11 * time.Second, 16, 21},
		{arr.SessionSizeStandard, 7 * time.Second, 7 * time.Second, 26, 26},
	} {
		t.Run(fmt.Sprint(test.size, test.frequency), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const startup = 3 * time.Minute
				poller, w, _ := startingPoller(t, startup, test.size)
				start := time.Now()
				ready, err := poller.PollUntilDone(
					t.Context(),
					&arr.PollUntilDoneOptions{Frequency: test.frequency},
				)
				require.NoError(t, err)
				assert.Equal(t, arr.SessionStatusReady, ready.Status)
				assert.GreaterOrEqual(t, time.Since(start), startup)
				assert.LessOrEqual(t, time.Since(start), startup+test.interval)
				assert.GreaterOrEqual(t, w.Count("GET demo"), test.least)
				assert.LessOrEqual(t, w.Count("GET demo"), test.most)
				assert.True(t, poller.Done())

				again, err := poller.PollUntilDone(t.Context(), nil)
				require.NoError(t, err)
				assert.Equal(t, ready, again, "a poller that is done needs no request")
			})
		})
	}
}

func TestDefaultIntervalIsJittered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		poller, w, _ := startingPoller(t, 5*time.Minute, arr.SessionSizeStandard)
		var looks []time.Time
		w.Handle(
			func(_ *http.Request, forward testkit.Forward) (*http.Response, error) {
				looks = append(looks, time.Now())
				return forward()
			},
		)
		_, err := poller.PollUntilDone(t.Context(), nil)
		require.NoError(t, err)
		different := map[time.Duration]bool{}
		for i := 1; i < len(looks); i++ {
			gap := looks[i].Sub(looks[i-1])
			assert.GreaterOrEqual(t, gap, 1800*time.Millisecond)
			assert.LessOrEqual(t, gap, 2200*time.Millisecond)
			different[gap] = true
		}
		assert.Greater(t, len(different), 10)
	})
}

func TestRetryAfterTakesThePlaceOfTheInterval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		statuses := []arr.SessionStatus{"Starting", "Starting", "Ready"}
		var looks []time.Duration
		start := time.Now()
		client, _ := fakeClient(t, func(req *http.Request) (*http.Response, error) {
			looks = append(looks, time.Since(start))
			status := statuses[0]
			statuses = statuses[1:]
			return testkit.Answer(req, 200, testkit.SessionJSON("demo", status), "Retry-After", "20"), nil
		})
		poller, err := client.BeginWait(t.Context(), "demo", nil)
		require.NoError(t, err)
		_, err = poller.PollUntilDone(
			t.Context(),
			&arr.PollUntilDoneOptions{Frequency: time.Second},
		)
		require.NoError(t, err)
		assert.Equal(t, []time.Duration{0, 20 * time.Second, 40 * time.Second}, looks)
	})
}

func TestEndedSessionsEndTheWait(t *testing.T) {
	for _, status := range []arr.SessionStatus{
		arr.SessionStatusError, arr.SessionStatusExpired, arr.SessionStatusStopped,
	} {
		t.Run(string(status), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				poller, _, e := startingPoller(t, time.Hour, arr.SessionSizeStandard)
				go func() {
					time.Sleep(time.Minute)
					assert.NoError(t, e.SetStatus("demo", status))
				}()
				start := time.Now()
				_, err := poller.PollUntilDone(t.Context(), nil)
				var ended *arr.SessionEndedError
				require.ErrorAs(t, err, &ended)
				assert.Equal(t, status, ended.Session.Status)
				assert.NotEmpty(t, ended.CorrelationVector)
				assert.LessOrEqual(t, time.Since(start), time.Minute+2200*time.Millisecond)
				assert.True(t, poller.Done())
				if status == arr.SessionStatusError {
					require.NotNil(t, ended.Session.Error)
					assert.Contains(t, err.Error(), ended.Session.Error.Code)
				}
			})
		})
	}
}

func TestUnknownStatesMeanWaitingOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		poller, _, e := startingPoller(t, time.Minute, arr.SessionSizeStandard)
		require.NoError(t, e.SetStatus("demo", "Defrosting"))
		var seen []arr.SessionStatus
		go func() {
			time.Sleep(10 * time.Second)
			assert.NoError(t, e.SetStatus("demo", arr.SessionStatusReady))
		}()
		_, err := poller.PollUntilDone(t.Context(), &arr.PollUntilDoneOptions{
			Frequency: 4 * time.Second,
			Progress:  func(s arr.Session) { seen = append(seen, s.Status) },
		})
		require.NoError(t, err)
		assert.Equal(t, []arr.SessionStatus{"Starting", "Defrosting", "Defrosting", "Ready"}, seen)
	})
}

func TestUnknownSessionEndsTheWaitAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		poller, w, _ := startingPoller(t, time.Hour, arr.SessionSizeStandard)
		time.Sleep(time.Minute) // before, the session may not be visible yet
		w.Handle(func(req *http.Request, _ testkit.Forward) (*http.Response, error) {
			return testkit.Answer(req, http.StatusNotFound, ""), nil
		})
		_, err := poller.PollUntilDone(t.Context(), nil)
		require.ErrorIs(t, err, arr.ErrNotFound)
		assert.Equal(t, 1, w.Count("GET demo"))
		assert.False(t, poller.Done())
	})
}

func TestExpiredStaticTokenEndsTheWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEmulator(t, emulator.Options{
			StartupTime:   emulator.FixedStartup(time.Hour),
			TokenLifetime: time.Minute,
		})
		tokens, err := arr.NewTokenClientWithKeyCredential(
			e.Account(),
			azcore.NewKeyCredential(e.Key()),
			&arr.TokenClientOptions{
				ClientOptions: azcore.ClientOptions{Transport: e.Transport()},
			},
		)
		require.NoError(t, err)
		token, err := tokens.GetToken(t.Context(), tokenRequest)
		require.NoError(t, err)
		static, err := arr.NewStaticAccessToken(token.Token)
		require.NoError(t, err)
		w := &testkit.Wire{Next: e.Transport()}
		client, err := arr.NewSessionsClientWithAccessToken(
			endpoint,
			e.Account().ID,
			static,
			&arr.SessionsClientOptions{
				ClientOptions: azcore.ClientOptions{Transport: w},
			},
		)
		require.NoError(t, err)
		poller, err := client.BeginCreate(t.Context(), "demo", halfHour, nil)
		require.NoError(t, err)

		start := time.Now()
		_, err = poller.PollUntilDone(t.Context(), nil)
		var expired *arr.AuthenticationError
		require.ErrorAs(t, err, &expired)
		assert.Equal(t, arr.StageAccessToken, expired.Stage)
		assert.Contains(
			t,
			err.Error(),
			"expired at "+start.Add(time.Minute).UTC().Format(time.RFC3339),
		)
		assert.Less(t, time.Since(start), 63*time.Second)

		sent := len(w.Requests())
		_, err = client.Get(t.Context(), "demo", nil)
		require.ErrorAs(t, err, &expired)
		assert.Len(t, w.Requests(), sent, "no request is sent with a token that has expired")
	})
}

func TestContextEndsTheWaitButNotTheSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		poller, _, e := startingPoller(t, time.Minute, arr.SessionSizeStandard)
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			time.Sleep(10 * time.Second)
			cancel()
		}()
		start := time.Now()
		_, err := poller.PollUntilDone(ctx, nil)
		require.ErrorIs(t, err, context.Canceled)
		assert.Equal(t, 10*time.Second, time.Since(start))
		assert.Contains(t, err.Error(), `"demo", last seen Starting`)

		time.Sleep(time.Minute)
		client, _ := newClient(t, e)
		got, err := client.Get(t.Context(), "demo", nil)
		require.NoError(t, err)
		assert.Equal(t, arr.SessionStatusReady, got.Status)
	})
}

func TestLastLookComesJustBeforeTheDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		poller, w, _ := startingPoller(t, 58*time.Second, arr.SessionSizePremium)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		start := time.Now()
		_, err := poller.PollUntilDone(ctx, &arr.PollUntilDoneOptions{Frequency: 50 * time.Second})
		require.NoError(t, err, "Ready at 58 s is seen before the deadline of a minute")
		assert.Equal(t, 59*time.Second, time.Since(start))
		assert.Equal(t, 2, w.Count("GET demo"))
	})
	synctest.Test(t, func(t *testing.T) {
		poller, w, _ := startingPoller(t, time.Hour, arr.SessionSizePremium)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		start := time.Now()
		_, err := poller.PollUntilDone(ctx, &arr.PollUntilDoneOptions{Frequency: 50 * time.Second})
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Equal(t, time.Minute, time.Since(start))
		assert.Equal(t, 2, w.Count("GET demo"), "one last look, not many")
	})
	synctest.Test(t, func(t *testing.T) { // what the service asks for is not cut short
		poller, w, _ := startingPoller(t, time.Hour, arr.SessionSizeStandard)
		during(
			w,
			time.Hour,
			func(req *http.Request) (*http.Response, error) {
				return testkit.Answer(req, 429, "", "Retry-After", "90"), nil
			},
		)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		_, err := poller.PollUntilDone(ctx, nil)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorIs(t, err, arr.ErrThrottled, "the last failure is told too")
		assert.Equal(t, 1, w.Count("GET demo"))
	})
}

func TestPollByHand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		poller, w, _ := startingPoller(t, time.Minute, arr.SessionSizeStandard)
		_, err := poller.Result(t.Context())
		require.ErrorContains(t, err, "no result yet")

		resp, err := poller.Poll(t.Context())
		require.NoError(t, err)
		assert.Equal(t, http.StatusOK, resp.StatusCode)
		assert.Empty(t, resp.Request.Header.Get("Authorization"))
		assert.False(t, poller.Done())

		during(w, 30*time.Second, outages["throttled"])
		_, err = poller.Poll(t.Context())
		require.ErrorIs(t, err, arr.ErrThrottled, "Poll reports every failure")
		assert.Equal(t, arr.SessionStatusStarting, poller.Session().Status)

		time.Sleep(time.Minute)
		_, err = poller.Poll(t.Context())
		require.NoError(t, err)
		assert.True(t, poller.Done())
		ready, err := poller.Result(t.Context())
		require.NoError(t, err)
		assert.Equal(t, poller.Session(), ready.Session)

		before := len(w.Requests())
		_, err = poller.Poll(t.Context())
		require.NoError(t, err)
		assert.Len(t, w.Requests(), before, "nothing is left to ask")
		_, err = poller.ResumeToken()
		assert.Error(t, err)
	})
}

func TestNegativeFrequencyIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		poller, w, _ := startingPoller(t, time.Minute, arr.SessionSizeStandard)
		_, err := poller.PollUntilDone(t.Context(), &arr.PollUntilDoneOptions{Frequency: -1})
		require.ErrorIs(t, err, arr.ErrInvalidArgument)
		assert.Zero(t, w.Count("GET demo"))
	})
}

func TestWaitForAHostThatDoesNotExistFailsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, w := fakeClient(t, func(*http.Request) (*http.Response, error) {
			return nil, fmt.Errorf(
				"dial: %w",
				&net.DNSError{Err: "no such host", Name: "rendering.example", IsNotFound: true},
			)
		})
		token := `{"sessionID":"demo","accountID":"` + testAccount.ID + `","host":"rendering.example"}`
		poller, err := client.BeginCreate(
			t.Context(),
			"demo",
			halfHour,
			&arr.BeginCreateSessionOptions{ResumeToken: token},
		)
		require.NoError(t, err)
		start := time.Now()
		_, err = poller.PollUntilDone(t.Context(), nil)
		require.ErrorContains(t, err, "there is no host rendering.example")
		var dns *net.DNSError
		require.ErrorAs(t, err, &dns)
		assert.Zero(t, time.Since(start))
		assert.Equal(t, 1, w.Count("GET demo"))
	})
}
