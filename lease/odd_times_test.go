// SPDX-License-Identifier: MIT

package lease_test

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator"
	"github.com/arr-go/azremoterendering/internal/testkit"
	"github.com/arr-go/azremoterendering/lease"
)

// What follows is times beyond reason: answers that hang for a day, pauses asked for a day,
// arithmetic at its limits.

func withRetryAfter(req *http.Request, status int, seconds string) *http.Response {
	resp := answer(req, status)
	resp.Header.Set("Retry-After", seconds)
	return resp
}

// A service that asks for a day is asked again before the lease runs out.
func TestKeepAliveHeedsNoRetryAfterBeyondTheLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t, emulator.Options{StartupTime: emulator.FixedStartup(time.Minute)})
		l := acquire(t, s, lease.AcquireOptions{})
		var once atomic.Bool
		s.handle(
			func(req *http.Request, forward testkit.Forward) (*http.Response, error) {
				if req.Method == http.MethodPatch && once.CompareAndSwap(false, true) {
					return withRetryAfter(req, 503, "86400"), nil
				}
				return forward()
			},
		)
		select {
		case <-l.Context().Done():
			t.Errorf(
				"one 503 with Retry-After ended the lease: %v; PATCHes: %d",
				context.Cause(l.Context()),
				s.count("PATCH"),
			)
		case <-time.After(3 * time.Hour):
		}
		_ = l.Release(t.Context())
	})
}

// A create that hangs makes way for the next region.
func TestAcquireGivesUpACreateThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t, emulator.Options{})
		other := s.newClient("https://remoterendering.eastus.mixedreality.azure.com", s)
		s.fault(emulator.Fault{Operation: "create", Delay: 24 * time.Hour, Count: 1})
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Hour)
		defer cancel()
		l, err := lease.Acquire(
			ctx,
			s.regions(s.client, other),
			lease.AcquireOptions{},
		)
		require.NoError(t, err)
		_ = l.Release(t.Context())
	})
}

// A look at the session to adopt that hangs is repeated.
func TestAcquireGivesUpALookThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t, emulator.Options{})
		s.ready("demo", 30*time.Minute)
		s.fault(emulator.Fault{Operation: "get", Delay: 24 * time.Hour, Count: 1})
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Minute)
		defer cancel()
		l, err := lease.Acquire(ctx, s.client, lease.AcquireOptions{SessionID: "demo"})
		require.NoError(t, err)
		_ = l.Release(t.Context())
	})
}

// One page that hangs does not take the time of all.
func TestStopAllGivesUpAPageThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t, emulator.Options{})
		s.ready("x-demo", 30*time.Minute)
		s.fault(emulator.Fault{Operation: "list", Delay: 24 * time.Hour, Count: 1})
		_, err := lease.StopAll(t.Context(), s.client, lease.StopAllOptions{Prefix: "x-"})
		assert.NoError(t, err)
		assert.Empty(t, s.running())
	})
}

// A lease that is over is not waited for.
func TestKeepAliveEndsInTimeThoughTheServiceHangs(t *testing.T) {
	for i := range 20 {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newService(t, emulator.Options{})
				s.ready("demo", 30*time.Minute)
				ready := time.Now()
				s.fault(emulator.Fault{Operation: "update", Delay: 24 * time.Hour})
				err := lease.KeepAlive(t.Context(), s.client, "demo", lease.KeepAliveOptions{})
				assert.ErrorIs(t, err, lease.ErrExpired)
				assert.LessOrEqual(
					t,
					time.Since(ready),
					29*time.Minute+2*time.Second,
					"its earliest end",
				)
				time.Sleep(time.Minute)
			})
		})
	}
}

// The longest time there is.
func TestExtendByForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t, emulator.Options{})
		s.ready("demo", 5*time.Minute)
		got, err := lease.Extend(t.Context(), s.client, "demo", math.MaxInt64)
		assert.ErrorIs(t, err, arr.ErrLeaseNotExtended)
		assert.Equal(t, lease.LongestLease, got.MaxLeaseTime)
	})
}

// The longest step there is.
func TestKeepAliveWithTheLongestStep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t, emulator.Options{})
		s.ready("demo", 30*time.Minute)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() {
			done <- lease.KeepAlive(
				ctx,
				s.client,
				"demo",
				lease.KeepAliveOptions{Step: time.Duration(math.MaxInt64).Truncate(time.Minute)},
			)
		}()
		time.Sleep(25 * time.Minute) // never comes: the loop spins
		cancel()
		<-done
		assert.Greater(t, s.get("demo").MaxLeaseTime, time.Hour)
	})
}

// A threshold of many steps is reached with one extension.
func TestKeepAliveWithAThresholdOfManySteps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t, emulator.Options{})
		s.ready("demo", 30*time.Minute)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		_ = lease.KeepAlive(
			ctx,
			s.client,
			"demo",
			lease.KeepAliveOptions{Step: time.Minute, Threshold: 24 * time.Hour},
		)
		assert.Less(t, s.count("PATCH"), 100)
	})
}

// While Starting, a lease shorter than the threshold is no reason to look all the time.
func TestKeepAliveIsNotHurriedByAShortLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t, emulator.Options{StartupTime: emulator.FixedStartup(time.Hour)})
		s.create("demo", arr.SessionSizeStandard, 2*time.Minute)
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Minute)
		defer cancel()
		s.handleNumbered(
			func(n int, forward testkit.Forward) (*http.Response, error) {
				if n == 200 {
					cancel()
				}
				return forward()
			},
		)
		_ = lease.KeepAlive(ctx, s.client, "demo", lease.KeepAliveOptions{})
		assert.Less(t, s.count("GET"), 150)
	})
}

// A touch that was in time, by its own word, keeps the session.
func TestTouchAtTheLastMoment(t *testing.T) {
	bad := 0
	for range 200 {
		synctest.Test(t, func(t *testing.T) {
			s := newService(t, emulator.Options{})
			l := acquire(t, s, lease.AcquireOptions{IdleTimeout: 5 * time.Minute})
			time.Sleep(5 * time.Minute)
			if l.Touch() {
				time.Sleep(time.Second)
				if l.Context().Err() != nil {
					bad++
				}
			}
			_ = l.Release(t.Context())
		})
	}
	assert.Zero(
		t,
		bad,
		"Touch said that the session is held, and it was stopped at the same moment",
	)
}

// A lease that ended with its context, and was not released, is stopped when it is idle.
func TestIdleTimeoutAfterTheEndOfTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t, emulator.Options{})
		ctx, cancel := context.WithCancel(t.Context())
		_, err := lease.Acquire(
			ctx,
			s.client,
			lease.AcquireOptions{IdleTimeout: 2 * time.Minute, LeaseTime: 10 * time.Hour},
		)
		require.NoError(t, err)
		cancel()
		time.Sleep(time.Hour)
		assert.Empty(
			t,
			s.running(),
			"IdleTimeout: stops the session, if there was no Touch for that time",
		)
	})
}

// A watcher sees one region.
func TestWatcherIsNotAskedAboutOtherRegions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(
			t,
			emulator.Options{
				StartupTime: emulator.FixedStartup(time.Minute),
				Capacity: func(r arr.Region, _ arr.SessionSize) int {
					if r == "westeurope" {
						return 0
					}
					return 5
				},
			},
		)
		other := s.newClient("https://remoterendering.eastus.mixedreality.azure.com", s)
		w, err := lease.NewWatcher(s.client, lease.WatcherOptions{})
		require.NoError(t, err)
		defer w.Close()
		l, err := lease.Acquire(
			t.Context(),
			s.regions(s.client, other),
			lease.AcquireOptions{Watcher: w},
		)
		require.NoError(t, err)
		time.Sleep(3 * time.Hour)
		assert.NoError(t, l.Context().Err(), "%v", context.Cause(l.Context()))
		require.NoError(t, l.Release(t.Context()))
		assert.Empty(t, s.running())
	})
}
