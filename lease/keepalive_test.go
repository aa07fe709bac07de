// SPDX-License-Identifier: MIT

package lease_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator"
	"github.com/arr-go/azremoterendering/internal/testkit"
	"github.com/arr-go/azremoterendering/lease"
)

// A session that is needed for 23 hours is extended as often as needed, and no other requests are
// sent.
func TestKeepAliveExtendsAsOftenAsNeeded(t *testing.T) {
	const needed = 23 * time.Hour
	for _, test := range []struct{ first, step, threshold time.Duration }{
		{30 * time.Minute, 20 * time.Minute, 10 * time.Minute},
		{10 * time.Minute, 5 * time.Minute, 2 * time.Minute},
		{60 * time.Minute, 45 * time.Minute, 30 * time.Minute},
		{7 * time.Minute, 13 * time.Minute, 3 * time.Minute},
		// shorter than the threshold from the start
		{5 * time.Minute, 20 * time.Minute, 10 * time.Minute},
		{23 * time.Hour, 20 * time.Minute, 10 * time.Minute},
	} {
		t.Run(fmt.Sprintf("first %v, step %v", test.first, test.step), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newService(t, emulator.Options{})
				s.ready("demo", test.first)
				ready := time.Now()
				err := lease.KeepAlive(t.Context(), s.client, "demo", lease.KeepAliveOptions{
					Step: test.step, Threshold: test.threshold, MaxLeaseTime: needed,
				})
				assert.ErrorIs(t, err, lease.ErrExpired)
				assert.True(t, within(time.Since(ready), needed, time.Minute), time.Since(ready))
				patches := int((needed - test.first + test.step - 1) / test.step)
				assert.Equal(t, patches, s.count("PATCH"))
				assert.Equal(t, 1, s.count("GET"), "one look at the start")
				time.Sleep(time.Minute)
				assert.Equal(t, arr.SessionStatusExpired, s.get("demo").Status)
				assert.Equal(t, needed, s.get("demo").ElapsedTime, "the lease never ran out before")
			})
		})
	}
}

// Without a cap, the lease has always been extended far enough that the threshold is left, and no
// more than a step beyond it.
func TestKeepAliveKeepsWithinItsBounds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t, emulator.Options{})
		s.ready("demo", 30*time.Minute)
		ready := time.Now()
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- lease.KeepAlive(ctx, s.client, "demo", lease.KeepAliveOptions{}) }()
		for time.Since(ready) < 20*time.Hour {
			time.Sleep(10 * time.Second)
			left := s.get("demo").MaxLeaseTime - time.Since(ready)
			assert.Greater(t, left, lease.DefaultThreshold*9/10-time.Second)
			assert.LessOrEqual(t, left, lease.DefaultThreshold+lease.DefaultStep+time.Minute)
		}
		cancel()
		err := <-ended
		assert.ErrorIs(t, err, context.Canceled)
		assert.Equal(
			t,
			arr.SessionStatusReady,
			s.get("demo").Status,
			"the end of the context does not stop the session",
		)
	})
}

// A session that is Starting has a lease that has not begun: it is looked at now and then, and not
// extended.
func TestKeepAliveWaitsForALeaseToBegin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t, emulator.Options{StartupTime: emulator.FixedStartup(2 * time.Hour)})
		s.create("demo", arr.SessionSizeStandard, 30*time.Minute)
		created := time.Now()
		err := lease.KeepAlive(
			t.Context(),
			s.client,
			"demo",
			lease.KeepAliveOptions{MaxLeaseTime: 90 * time.Minute},
		)
		assert.ErrorIs(t, err, lease.ErrExpired)
		assert.True(
			t,
			within(time.Since(created), 2*time.Hour+90*time.Minute, time.Minute),
			time.Since(created),
		)
		assert.Equal(t, 3, s.count("PATCH"))
		assert.LessOrEqual(t, s.count("GET"), 10)
	})
}

func TestKeepAliveSaysWhyItEnds(t *testing.T) {
	for name, test := range map[string]struct {
		end  func(s *service)
		want error
	}{
		"stopped by somebody": {func(s *service) { s.stop("demo") }, lease.ErrStopped},
		"gone, and forgotten": {func(s *service) { s.stop("demo"); s.forget("demo") }, arr.ErrNotFound},
		"the service ends it": {
			func(s *service) { s.must(s.emulator.SetStatus("demo", arr.SessionStatusExpired)) },
			lease.ErrExpired,
		},
		"the session broke": {func(s *service) { s.must(s.emulator.SetStatus("demo", arr.SessionStatusError)) }, nil},
	} {
		for _, lookEvery := range []time.Duration{0, 30 * time.Second} {
			t.Run(fmt.Sprintf("%s, looks every %v", name, lookEvery), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := newService(t, emulator.Options{})
					s.ready("demo", 30*time.Minute)
					ended := make(chan error, 1)
					go func() {
						ended <- lease.KeepAlive(
							t.Context(),
							s.client,
							"demo",
							lease.KeepAliveOptions{LookEvery: lookEvery},
						)
					}()
					time.Sleep(19*time.Minute + 7*time.Second)
					test.end(s)
					at := time.Now()
					err := <-ended
					if test.want != nil {
						assert.ErrorIs(t, err, test.want)
					}
					var shown *arr.SessionEndedError
					assert.Equal(t, !errors.Is(err, arr.ErrNotFound), errors.As(err, &shown), err)
					assert.ErrorContains(t, err, "demo")
					if lookEvery > 0 {
						assert.LessOrEqual(t, time.Since(at), lookEvery)
					}
				})
			})
		}
	}
}

// An outage of the service, or of the token service, costs the session only if it lasts as long as
// the lease.
func TestKeepAliveSurvivesOutagesAsLongAsTheLease(t *testing.T) {
	for _, part := range []string{"service", "token service", "network", "refused tokens"} {
		for outage, survives := range map[time.Duration]bool{
			4 * time.Minute:  true,
			8 * time.Minute:  true,
			12 * time.Minute: false,
		} {
			t.Run(fmt.Sprintf("%s, %v", part, outage), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := newService(t, emulator.Options{TokenLifetime: 15 * time.Minute})
					s.ready("demo", 30*time.Minute)
					ended := make(chan error, 1)
					ctx, cancel := context.WithCancel(t.Context())
					defer cancel()
					began := time.Now()
					go func() { ended <- lease.KeepAlive(ctx, s.client, "demo", lease.KeepAliveOptions{}) }()
					// before it would extend: at its earliest, the lease ends at 29 minutes
					time.Sleep(18*time.Minute + 50*time.Second)
					s.outage(part, outage)
					select {
					case err := <-ended:
						assert.False(t, survives)
						assert.ErrorIs(t, err, lease.ErrExpired)
						assert.True(
							t,
							within(time.Since(began), 30*time.Minute, time.Minute),
							"it tries until the end: %v",
							time.Since(began),
						)
					case <-time.After(2 * time.Hour):
						assert.True(t, survives)
						assert.Equal(t, arr.SessionStatusReady, s.get("demo").Status)
						cancel()
						<-ended
					}
					// an exchange of tokens outlives the call that wanted it
					time.Sleep(time.Minute)
				})
			})
		}
	}
}

// outage makes a part of the service fail from now on, for a time.
func (s *service) outage(part string, length time.Duration) {
	end := time.Now().Add(length)
	s.handle(
		func(req *http.Request, forward testkit.Forward) (*http.Response, error) {
			exchange := strings.HasSuffix(req.URL.Path, "/token")
			switch {
			case time.Now().After(end):
				return forward()
			case part == "network", part == "token service" && exchange:
				return nil, testkit.ErrLost
			case part == "service" && !exchange:
				return answer(req, http.StatusServiceUnavailable), nil
			case part == "refused tokens" && !exchange:
				return answer(req, http.StatusUnauthorized), nil
			default:
				return forward()
			}
		},
	)
}

// A lost answer to an extension is no reason for another one.
func TestKeepAliveDoesNotExtendTwiceAfterALostAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t, emulator.Options{})
		s.ready("demo", 30*time.Minute)
		s.fault(emulator.Fault{Operation: "update", Drop: emulator.DropAfter, Probability: 0.5})
		err := lease.KeepAlive(
			t.Context(),
			s.client,
			"demo",
			lease.KeepAliveOptions{MaxLeaseTime: 10 * time.Hour},
		)
		assert.ErrorIs(t, err, lease.ErrExpired)
		assert.Equal(t, 10*time.Hour, s.get("demo").MaxLeaseTime)
	})
}

// Two programs that keep the same session extend it no further than one would, or by a step more.
func TestKeepAliveTogetherWithAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t, emulator.Options{})
		s.ready("demo", 30*time.Minute)
		ready := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 12*time.Hour)
		defer cancel()
		ended := make(chan error, 2)
		for range 2 {
			go func() { ended <- lease.KeepAlive(ctx, s.client, "demo", lease.KeepAliveOptions{}) }()
		}
		assert.ErrorIs(t, <-ended, context.DeadlineExceeded)
		assert.ErrorIs(t, <-ended, context.DeadlineExceeded)
		assert.LessOrEqual(
			t,
			s.get("demo").MaxLeaseTime-time.Since(ready),
			lease.DefaultThreshold+2*lease.DefaultStep,
		)
	})
}

func TestKeepAliveOfASessionThatCannotBeKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t, emulator.Options{})
		assert.ErrorIs(
			t,
			lease.KeepAlive(t.Context(), s.client, "unknown", lease.KeepAliveOptions{}),
			arr.ErrNotFound,
		)
		assert.ErrorIs(
			t,
			lease.KeepAlive(t.Context(), s.client, "not/an/id", lease.KeepAliveOptions{}),
			arr.ErrInvalidArgument,
		)
		assert.ErrorIs(
			t,
			lease.KeepAlive(t.Context(), nil, "demo", lease.KeepAliveOptions{}),
			arr.ErrInvalidArgument,
		)
		assert.ErrorIs(
			t,
			lease.KeepAlive(
				t.Context(),
				s.client,
				"demo",
				lease.KeepAliveOptions{Step: time.Second},
			),
			arr.ErrInvalidArgument,
		)

		s.ready("ended", time.Minute)
		s.stop("ended")
		assert.ErrorIs(
			t,
			lease.KeepAlive(t.Context(), s.client, "ended", lease.KeepAliveOptions{}),
			lease.ErrStopped,
		)

		s.fault(emulator.Fault{Operation: "get", Status: 403})
		assert.ErrorIs(
			t,
			lease.KeepAlive(t.Context(), s.client, "ended", lease.KeepAliveOptions{}),
			arr.ErrForbidden,
		)
	})
}

// A service that extends no further, for whatever reason, is not asked again and again.
func TestKeepAliveOfALeaseThatCannotGrow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t, emulator.Options{})
		s.ready("demo", 30*time.Minute)
		s.fault(emulator.Fault{Operation: "update", Status: 422})
		err := lease.KeepAlive(t.Context(), s.client, "demo", lease.KeepAliveOptions{})
		assert.ErrorIs(t, err, lease.ErrExpired)
		assert.ErrorIs(t, err, arr.ErrLeaseNotExtended, "the reason is told")
		assert.Equal(t, 1, s.count("PATCH"))
	})
}
