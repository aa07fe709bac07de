// SPDX-License-Identifier: MIT

package emulator_test

import (
	"encoding/json"
	"math"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator"
)

func (s *service) advance(d time.Duration) {
	s.t.Helper()
	require.NoError(s.t, s.Clock().Advance(d))
}

// Each row says what follows the clock: one instant before the time has passed the check sees what
// was, and then what is.
func TestWhatFollowsTheClock(t *testing.T) {
	status := func(id string) func(s *service) any {
		return func(s *service) any { return s.look(id).Status }
	}
	code := func(id string) func(s *service) any {
		return func(s *service) any { return s.get(id).status }
	}
	// Tokens count in whole seconds.
	wholeSecond := func(s *service) {
		s.advance(s.Clock().Now().Truncate(time.Second).Add(time.Second).Sub(s.Clock().Now()))
		s.authorize()
	}
	for _, test := range []struct {
		name          string
		options       emulator.Options
		prepare       func(s *service)
		passes        time.Duration
		look          func(s *service) any
		before, after any
	}{
		{
			name: "the end of a lease", passes: 5 * time.Minute,
			look: status("a"), before: "Ready", after: "Expired",
		},
		{
			name:    "an extended lease",
			prepare: func(s *service) { s.patch("a", `{"maxLeaseTimeMinutes":31}`) },
			passes:  31 * time.Minute, look: status("a"), before: "Ready", after: "Expired",
		},
		{
			name: "elapsed minutes", passes: time.Minute,
			look: func(s *service) any { return s.look("a").ElapsedTimeMinutes }, before: 0, after: 1,
		},
		{
			name:    "start-up",
			options: emulator.Options{StartupTime: emulator.FixedStartup(150 * time.Second)},
			passes:  150 * time.Second, look: status("a"), before: "Starting", after: "Ready",
		},
		{
			name: "a start without capacity",
			options: emulator.Options{
				Capacity: emulator.FixedCapacity(0), StartupTime: emulator.FixedStartup(time.Minute),
			},
			passes: time.Minute, look: status("a"), before: "Starting", after: "Error",
		},
		{
			name:    "a server that dies",
			options: emulator.Options{Faults: []emulator.Fault{{Start: emulator.StartDies, DieAfter: time.Minute}}},
			passes:  time.Minute, look: status("a"), before: "Ready", after: "Error",
		},
		{
			name:    "a read that lags",
			options: emulator.Options{Faults: []emulator.Fault{{ReadLag: 10 * time.Second}}},
			passes:  10 * time.Second, look: code("a"), before: 404, after: 200,
		},
		{
			name: "capacity", options: emulator.Options{Capacity: emulator.FixedCapacity(1)},
			passes: 5 * time.Minute,
			look: func(s *service) any {
				id := azremoterendering.NewSessionID()
				s.create(id, standard5)
				return s.look(id).Status
			},
			before: "Error", after: "Ready",
		},
		{
			name: "retention", options: emulator.Options{Retention: time.Hour},
			prepare: func(s *service) { s.stop("a") },
			passes:  time.Hour, look: code("a"), before: 200, after: 404,
		},
		{
			name: "the end of an access token", options: emulator.Options{TokenLifetime: time.Hour},
			prepare: wholeSecond,
			passes:  time.Hour, look: code("a"), before: 200, after: 401,
		},
		{
			name:    "tokens issued in the second of a revocation",
			prepare: func(s *service) { require.NoError(s.t, s.RevokeTokens("")); wholeSecond(s) },
			passes:  24 * time.Hour, look: code("a"), before: 200, after: 401,
		},
		{
			name: "the window of a rate limit", options: emulator.Options{RateLimit: emulator.RateLimit{Requests: 1}},
			passes: time.Minute, look: code("a"), before: 429, after: 200,
		},
		{
			name: "a conversion", options: emulator.Options{Conversions: takes},
			prepare: func(s *service) { s.convert("c") },
			passes:  time.Minute,
			look: func(s *service) any {
				return strings.Contains(s.conversion("c").body, `"Running"`)
			},
			before: false, after: true,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			test.options.StartFrozen = true
			s := start(t, test.options)
			s.create("a", standard5)
			if test.prepare != nil {
				test.prepare(s)
			}
			s.advance(test.passes - time.Nanosecond)
			assert.Equal(t, test.before, test.look(s), "just before")
			s.advance(time.Nanosecond)
			assert.Equal(t, test.after, test.look(s), "then")
		})
	}
}

// Every time that the emulator writes is that of its clock.
func TestTimesOnTheWireAreThoseOfTheClock(t *testing.T) {
	s := start(t, emulator.Options{Admin: true, StartFrozen: true})
	s.advance(100 * 24 * time.Hour)
	now := s.Clock().Now()
	s.authorize()
	var claims jwt.RegisteredClaims
	_, _, err := jwt.NewParser().ParseUnverified(s.token, &claims)
	require.NoError(t, err)
	assert.Equal(t, now.Unix(), claims.IssuedAt.Unix())
	assert.Equal(t, now.Unix(), claims.NotBefore.Unix())
	assert.Equal(t, now.Add(24*time.Hour).Unix(), claims.ExpiresAt.Unix())

	r := s.put("a", standard5)
	assert.WithinDuration(t, now, r.session(t).CreationTime, time.Microsecond)
	for _, r := range []reply{r, s.exchange("none"), s.admin("GET", "/state", ""), s.get("unknown")} {
		assert.Equal(t, now.UTC().Format(http.TimeFormat), r.header.Get("Date"))
	}
	var state struct {
		Time     time.Time
		Requests []struct {
			Time                 time.Time
			DurationMilliseconds float64
		}
	}
	require.NoError(t, json.Unmarshal([]byte(s.admin("GET", "/state", "").body), &state))
	assert.True(t, state.Time.Equal(now))
	last := state.Requests[len(state.Requests)-1]
	assert.True(t, last.Time.Equal(now))
	assert.Zero(t, last.DurationMilliseconds, "the clock is frozen")
	page := s.send("GET", "http://localhost/", "", nil)
	assert.Contains(t, page.body, now.UTC().Format("2006-01-02 15:04:05")+
		`</time> UTC <b class="moved">frozen, 99 d`, "a moment passed since it was frozen")
}

func TestDelaysPassOnTheClock(t *testing.T) {
	for _, test := range []struct {
		name string
		move func(c *emulator.Clock)
		want time.Duration // on the system
	}{
		{"by itself", func(*emulator.Clock) {}, 20 * time.Second},
		{"advanced by all of it", func(c *emulator.Clock) { _ = c.Advance(20 * time.Second) }, 0},
		{"advanced by a part", func(c *emulator.Clock) { _ = c.Advance(15 * time.Second) }, 5 * time.Second},
		{"fast", func(c *emulator.Clock) { _ = c.SetScale(60) }, time.Second / 3},
		{"slow", func(c *emulator.Clock) { _ = c.SetScale(0.5) }, 40 * time.Second},
		{"frozen for an hour", func(c *emulator.Clock) {
			c.Freeze()
			time.Sleep(time.Hour)
			c.Unfreeze()
		}, time.Hour + 20*time.Second},
		{"frozen and advanced", func(c *emulator.Clock) {
			c.Freeze()
			time.Sleep(time.Minute)
			_ = c.Advance(time.Hour)
		}, time.Minute},
	} {
		t.Run(test.name, func(t *testing.T) {
			for _, fault := range []emulator.Fault{
				{Delay: 20 * time.Second}, {Body: emulator.BodySlow, SlowFor: 20 * time.Second},
			} {
				synctest.Test(t, func(t *testing.T) {
					s := start(t, emulator.Options{})
					s.create("a", standard5)
					s.inject(fault)
					begin, done := time.Now(), make(chan time.Time)
					go func() {
						s.get("a")
						done <- time.Now()
					}()
					synctest.Wait()
					test.move(s.Clock())
					took := (<-done).Sub(begin)
					assert.InDelta(t, test.want, took, float64(time.Microsecond))
				})
			}
		})
	}
}

// A client waits by a clock of its own, so Retry-After counts seconds of the system.
func TestRetryAfterIsForTheClockOfTheClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, emulator.Options{
			RateLimit: emulator.RateLimit{Requests: 1, Per: 2 * time.Minute}, TimeScale: 60,
		})
		s.list1(http.StatusOK, "")
		s.list1(http.StatusTooManyRequests, "2")
		time.Sleep(2*time.Second - time.Nanosecond)
		s.list1(http.StatusTooManyRequests, "1")
		time.Sleep(time.Nanosecond)
		s.list1(http.StatusOK, "")

		require.NoError(t, s.Clock().SetScale(0.5))
		s.list1(http.StatusTooManyRequests, "240")
		s.Clock().Freeze()
		time.Sleep(time.Hour)
		s.list1(http.StatusTooManyRequests, "120")
		s.advance(2 * time.Minute)
		s.list1(http.StatusOK, "")

		// What a fault is asked to say, it says.
		s.inject(emulator.Fault{Status: 503, RetryAfter: 15 * time.Second})
		s.list1(http.StatusServiceUnavailable, "15")
	})
}

// list1 lists sessions, and expects an answer.
func (s *service) list1(status int, retryAfter string) {
	s.t.Helper()
	r := s.call("GET", s.list()+apiVersion, "")
	assert.Equal(s.t, status, r.status)
	assert.Equal(s.t, retryAfter, r.header.Get("Retry-After"))
}

func TestMovingTheClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, emulator.Options{})
		clock, begin := s.Clock(), time.Now().Round(0)
		shows := func(passed time.Duration, scale float64, frozen bool) {
			t.Helper()
			state := clock.State()
			assert.Equal(t, begin.Add(passed), state.Now)
			assert.Equal(t, state.Now, clock.Now())
			assert.Equal(t, scale, state.Scale)
			assert.Equal(t, frozen, state.Frozen)
			assert.Equal(t, state.Now.Sub(time.Now().Round(0)), state.Offset)
		}
		shows(0, 1, false)
		time.Sleep(time.Minute)
		shows(time.Minute, 1, false)
		s.advance(time.Hour)
		shows(61*time.Minute, 1, false)
		time.Sleep(time.Minute)
		shows(62*time.Minute, 1, false)
		require.NoError(t, clock.SetScale(60))
		shows(62*time.Minute, 60, false)
		time.Sleep(time.Second)
		shows(63*time.Minute, 60, false)
		clock.Freeze()
		time.Sleep(time.Hour)
		shows(63*time.Minute, 60, true)
		s.advance(time.Minute)
		shows(64*time.Minute, 60, true)
		clock.Freeze()
		clock.Unfreeze()
		time.Sleep(time.Second)
		shows(65*time.Minute, 60, false)

		for _, scale := range []float64{0, -1, 10_001, 0.0001, math.NaN(), math.Inf(1)} {
			assert.ErrorAs(t, clock.SetScale(scale), new(*azremoterendering.InvalidArgumentError))
			_, err := emulator.New(emulator.Options{TimeScale: scale})
			assert.Equal(t, scale != 0, err != nil, "0 is the default")
		}
		assert.ErrorContains(t, clock.Advance(-1), "-1ns is negative; time cannot be taken back")
		for range 23 {
			s.advance(292 * 365 * 24 * time.Hour)
		}
		assert.ErrorContains(t, clock.Advance(292*365*24*time.Hour), "beyond the year 9000")
		assert.Equal(t, http.StatusUnauthorized, s.get("a").status)
		s.authorize()
		s.create("a", standard5)
		assert.Equal(t, "Ready", s.look("a").Status)
	})
}

// A back end may be used without an emulator.
func TestNilClock(t *testing.T) {
	var system *emulator.Clock
	called := make(chan struct{})
	system.AfterFunc(0, func() { close(called) })
	<-called
	assert.WithinDuration(t, time.Now(), system.Now(), time.Minute)
}

// A client renews an access token that the emulator refuses, though by the client's clock it is
// still valid.
func TestTheClientRenewsATokenThatTheClockHasEnded(t *testing.T) {
	s := start(t, emulator.Options{})
	client, err := s.SessionsClient(nil)
	require.NoError(t, err)
	s.create("a", `{"maxLeaseTimeMinutes":1439,"size":"Standard"}`)
	_, err = client.Get(t.Context(), "a", nil)
	require.NoError(t, err)
	s.advance(25 * time.Hour)
	got, err := client.Get(t.Context(), "a", nil)
	require.NoError(t, err)
	assert.Equal(t, azremoterendering.SessionStatusExpired, got.Session.Status)
}

func TestTheStateFileKeepsTheClock(t *testing.T) {
	options := emulator.Options{StateFile: filepath.Join(t.TempDir(), "state"), StartFrozen: true}
	s := start(t, options)
	s.create("a", standard5)
	s.advance(48 * time.Hour)
	before := s.Clock().State()
	s.authorize()
	s.create("b", standard5)
	require.NoError(t, s.Close())

	options.StartFrozen = false
	s = start(t, options)
	after := s.Clock().State()
	assert.True(t, after.Now.Equal(before.Now))
	assert.True(t, after.Frozen)
	assert.Equal(t, "Expired", s.look("a").Status)
	assert.Equal(t, "Ready", s.look("b").Status)
	s.Clock().Unfreeze()
	require.NoError(t, s.Close())

	options.TimeScale = 2
	s = start(t, options)
	after = s.Clock().State()
	assert.False(t, after.Frozen)
	assert.InDelta(t, 2, after.Scale, 0)
	assert.Greater(t, after.Offset, 47*time.Hour)
	require.NoError(t, s.Close())
}
