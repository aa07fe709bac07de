// SPDX-License-Identifier: MIT

package emulator_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator"
	"github.com/arr-go/azremoterendering/internal/testkit/pipenet"
)

func TestDelay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, emulator.Options{})
		s.inject(emulator.Fault{Delay: 2 * time.Second})
		s.inject(emulator.Fault{Delay: time.Hour})
		begin := time.Now()
		r := s.put("a", standard5)
		assert.Equal(t, http.StatusCreated, r.status)
		assert.Equal(t, time.Hour+2*time.Second, time.Since(begin), "delays add up")
		assert.WithinDuration(
			t,
			time.Now(),
			r.session(t).CreationTime,
			time.Microsecond,
			"it is performed after the delay",
		)
	})
}

// A fault with For is in force that long by the clock of the emulator, and then gone.
func TestFaultForSomeTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, emulator.Options{})
		s.inject(emulator.Fault{Status: 429, For: time.Minute})
		s.inject(emulator.Fault{Status: 503})
		time.Sleep(time.Minute - 1)
		assert.Equal(t, 429, s.get("a").status)
		assert.Len(t, s.Faults(), 2)
		time.Sleep(time.Nanosecond)
		assert.Equal(t, 503, s.get("a").status)
		require.Len(t, s.Faults(), 1)
		assert.Equal(t, 2, s.Faults()[0].ID)

		remove, err := s.Inject(emulator.Fault{Status: 429, For: 24 * time.Hour})
		require.NoError(t, err)
		require.NoError(t, s.Clock().Advance(24*time.Hour))
		remove() // a second time
		assert.Len(t, s.Faults(), 1)
	})
}

func TestDelayOfAnAbandonedRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, emulator.Options{})
		s.inject(emulator.Fault{Delay: time.Minute})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		begin := time.Now()
		_, err := s.Transport().
			Do(newRequest(ctx, t, s, http.MethodPut, s.session("a")+apiVersion, strings.NewReader(standard5)))
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Equal(t, time.Second, time.Since(begin))
		synctest.Wait() // the bubble would find a goroutine that stays
		assert.False(t, s.exists("a"), "it is never performed")
	})
}

// A server of net/http notices that its client leaves, and ends the delay.
func TestDelayEndsWithTheConnection(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	s := start(t, emulator.Options{})
	server, err := s.Listen("")
	require.NoError(t, err)
	s.inject(emulator.Fault{Delay: time.Hour})
	client := &http.Client{Transport: new(http.Transport), Timeout: 50 * time.Millisecond}
	r := s.in(server.URL).try(client, http.MethodPut, s.session("a")+apiVersion, standard5)
	require.Error(t, r.err)
	client.CloseIdleConnections()
	require.NoError(t, server.Close(), "nothing is in flight any more")
	assert.False(t, s.exists("a"))
}

func TestSlowBody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, emulator.Options{})
		s.create("a", standard5)
		s.inject(emulator.Fault{Body: emulator.BodySlow, SlowFor: time.Minute})
		s.inject(emulator.Fault{Body: emulator.BodySlow}) // 5 s
		begin := time.Now()
		resp, err := s.Transport().
			Do(newRequest(t.Context(), t, s, http.MethodGet, s.session("a")+apiVersion, nil))
		require.NoError(t, err)
		assert.Zero(t, time.Since(begin), "the headers come at once")
		data, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		assert.EqualValues(t, resp.ContentLength, len(data))
		assert.InDelta(t, 65*time.Second, time.Since(begin), float64(time.Microsecond))
		require.NoError(t, resp.Body.Close())
	})
}

func TestSlowAndTruncatedBody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, emulator.Options{})
		s.create("a", standard5)
		s.inject(emulator.Fault{Body: emulator.BodySlow, SlowFor: time.Minute})
		s.inject(emulator.Fault{Body: emulator.BodyTruncated})
		begin := time.Now()
		resp, err := s.Transport().
			Do(newRequest(t.Context(), t, s, http.MethodGet, s.session("a")+apiVersion, nil))
		require.NoError(t, err)
		data, err := io.ReadAll(resp.Body)
		require.ErrorIs(t, err, io.ErrUnexpectedEOF)
		assert.EqualValues(t, resp.ContentLength/2, len(data))
		assert.InDelta(t, 30*time.Second, time.Since(begin), float64(7*time.Second))
	})
}

func TestSlowBodyEndsWithContextAndClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, emulator.Options{})
		s.create("a", standard5)
		s.inject(emulator.Fault{Body: emulator.BodySlow, SlowFor: time.Hour})
		get := func(ctx context.Context) io.ReadCloser {
			resp, err := s.Transport().
				Do(newRequest(ctx, t, s, http.MethodGet, s.session("a")+apiVersion, nil))
			require.NoError(t, err)
			return resp.Body
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		begin := time.Now()
		_, err := io.ReadAll(get(ctx))
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Equal(t, time.Second, time.Since(begin))

		body := get(t.Context())
		time.AfterFunc(time.Second, func() { body.Close() })
		_, err = io.ReadAll(body)
		require.ErrorIs(t, err, http.ErrBodyReadAfterClose)
		assert.Equal(t, 2*time.Second, time.Since(begin))
		_, err = body.Read(make([]byte, 1))
		require.ErrorIs(t, err, http.ErrBodyReadAfterClose)
		require.NoError(t, body.Close(), "again")
	})
}

// What happens to a session whose start is faulty. The start-up time is one minute.
func TestStartFaults(t *testing.T) {
	for _, test := range []struct {
		fault emulator.Fault
		want  string // the states, each with the minute at which it was seen first
		code  string
	}{
		{emulator.Fault{Start: emulator.StartFails}, "Starting 0 Error 1", "InternalServerError"},
		{emulator.Fault{Start: emulator.StartNoCapacity}, "Starting 0 Error 1", "CapacityExceeded"},
		{emulator.Fault{Start: emulator.StartNever}, "Starting 0", ""},
		{emulator.Fault{Start: emulator.StartDies}, "Starting 0 Ready 1 Error 2", "InternalServerError"},
		{
			emulator.Fault{Start: emulator.StartDies, DieAfter: 3 * time.Minute},
			"Starting 0 Ready 1 Error 4", "InternalServerError",
		},
		{emulator.Fault{Start: emulator.StartDies, DieAfter: time.Hour}, "Starting 0 Ready 1 Expired 6", ""},
	} {
		t.Run(test.fault.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := start(
					t,
					emulator.Options{
						StartupTime: emulator.FixedStartup(time.Minute),
						Faults:      []emulator.Fault{test.fault},
					},
				)
				s.create("a", standard5)
				var states []string
				for minute := range 120 {
					seen := s.look("a")
					if len(states) == 0 || states[len(states)-2] != seen.Status {
						states = append(states, seen.Status, fmt.Sprint(minute))
					}
					time.Sleep(time.Minute)
				}
				assert.Equal(t, test.want, strings.Join(states, " "))
				if test.code != "" {
					assert.Equal(t, test.code, s.look("a").Error.Code)
				}
				assert.Equal(t, http.StatusNoContent, s.stop("a").status)
			})
		})
	}
}

// The client's reactions. They take the time they take: none of it real.
func TestClientAgainstFaults(t *testing.T) {
	settings := azremoterendering.CreateSessionSettings{
		Size:         azremoterendering.SessionSizeStandard,
		MaxLeaseTime: 5 * time.Minute,
	}
	for _, test := range []struct {
		fault string
		do    func(t *testing.T, c *azremoterendering.SessionsClient)
	}{
		{"operation=create drop=after count=1", func(t *testing.T, c *azremoterendering.SessionsClient) {
			poller, err := c.BeginCreate(t.Context(), "a", settings, nil)
			require.NoError(t, err)
			assert.False(t, poller.Created(), "the repeat finds it")
			_, err = poller.PollUntilDone(t.Context(), nil)
			require.NoError(t, err)
		}},
		{"operation=create drop=after", func(t *testing.T, c *azremoterendering.SessionsClient) {
			_, err := c.BeginCreate(t.Context(), "a", settings, nil)
			require.ErrorIs(t, err, azremoterendering.ErrOutcomeUnknown)
		}},
		{"operation=create status=503 count=2 retry-after=20s", func(
			t *testing.T,
			c *azremoterendering.SessionsClient,
		) {
			begin := time.Now()
			_, err := c.BeginCreate(t.Context(), "a", settings, nil)
			require.NoError(t, err)
			assert.GreaterOrEqual(t, time.Since(begin), 40*time.Second)
		}},
		{"next-link=foreign", nextLinkRefused},
		{"next-link=relative", func(t *testing.T, c *azremoterendering.SessionsClient) {
			var ids []string
			for session, err := range c.All(t.Context(), nil) {
				require.NoError(t, err, "it leads to the client's own endpoint")
				ids = append(ids, session.ID)
			}
			assert.Equal(t, []string{"x", "y"}, ids)
		}},
		{"next-link=loop", nextLinkRefused},
		{"operation=get status=401 challenge=none count=1", func(t *testing.T, c *azremoterendering.SessionsClient) {
			_, err := c.Get(t.Context(), "x", nil)
			require.NoError(t, err)
		}},
		{"operation=get show-status=Melting count=3", func(t *testing.T, c *azremoterendering.SessionsClient) {
			poller, err := c.BeginWait(t.Context(), "x", nil)
			require.NoError(t, err)
			assert.Equal(t, azremoterendering.SessionStatus("Melting"), poller.Session().Status)
			_, err = poller.PollUntilDone(t.Context(), nil)
			require.NoError(t, err)
		}},
		{"start=fails", func(t *testing.T, c *azremoterendering.SessionsClient) {
			poller, err := c.BeginCreate(t.Context(), "a", settings, nil)
			require.NoError(t, err)
			_, err = poller.PollUntilDone(t.Context(), nil)
			var ended *azremoterendering.SessionEndedError
			require.ErrorAs(t, err, &ended)
		}},
		{"operation=get body=truncated count=1", func(t *testing.T, c *azremoterendering.SessionsClient) {
			_, err := c.Get(t.Context(), "x", nil)
			require.NoError(t, err, "it is asked again")
		}},
	} {
		t.Run(test.fault, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := start(t, emulator.Options{Decisions: emulator.Decisions{PageSize: 1}})
				s.create("x", standard5)
				s.create("y", standard5)
				f, err := emulator.ParseFault(test.fault)
				require.NoError(t, err)
				s.inject(f)
				client, err := s.SessionsClient(nil)
				require.NoError(t, err)
				test.do(t, client)
				assert.Positive(t, s.Faults()[0].Affected)
				time.Sleep(time.Hour) // until nothing of the client is under way
			})
		})
	}
}

func nextLinkRefused(t *testing.T, c *azremoterendering.SessionsClient) {
	var err error
	for _, err = range c.All(t.Context(), nil) {
		if err != nil {
			break
		}
	}
	require.Error(t, err)
}

// The limits of a server are for clients that are slow, not for faults.
func TestDelayBeyondTheTimeoutsOfTheServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, emulator.Options{})
		listener := pipenet.Listen()
		const limit = 100 * time.Millisecond
		server := &http.Server{Handler: s, ReadTimeout: limit, WriteTimeout: limit}
		served := make(chan error, 1)
		go func() { served <- server.Serve(listener) }()
		s.inject(emulator.Fault{Delay: 250 * time.Millisecond})
		s.inject(emulator.Fault{Body: emulator.BodySlow, SlowFor: 250 * time.Millisecond})
		transport := &http.Transport{DialContext: listener.DialContext}
		client := &http.Client{Transport: transport}
		for range 2 {
			r := s.in("http://pipe").try(client, http.MethodPut, s.session("a")+apiVersion, standard5)
			require.NoError(t, r.err)
			require.NoError(t, r.bodyErr)
			assert.Less(t, r.status, 300)
			assert.Contains(t, r.body, `"status"`)
		}
		transport.CloseIdleConnections()
		require.NoError(t, server.Shutdown(t.Context()))
		require.ErrorIs(t, <-served, http.ErrServerClosed)
	})
}

// Outside of a server of net/http, nobody catches what says that the connection breaks.
func TestDropInARecorder(t *testing.T) {
	s := start(t, emulator.Options{})
	s.inject(emulator.Fault{Drop: emulator.DropBefore})
	assert.PanicsWithError(t, http.ErrAbortHandler.Error(), func() {
		s.ServeHTTP(
			httptest.NewRecorder(),
			httptest.NewRequest(http.MethodGet, s.session("a"), nil),
		)
	})
}
