// SPDX-License-Identifier: MIT

package lease

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// keeping starts KeepAlive, until the end of the test. It returns a
// function for the error of KeepAlive, nil while it runs.
func (w *world) keeping(options KeepAliveOptions) (ended func() error) {
	options.clock = w.clock()
	ctx, cancel := context.WithCancel(w.Context())
	result := make(chan error, 1)
	go func() { result <- KeepAlive(ctx, w.client, "demo", options) }()
	w.Cleanup(func() { cancel(); synctest.Wait() })
	return func() error {
		synctest.Wait()
		select {
		case err := <-result:
			return err
		default:
			return nil
		}
	}
}

// keepers are what keeps session "demo", in all ways in which that can be done.
var keepers = map[string]func(w *world) (ended func() error){
	"KeepAlive": func(w *world) func() error {
		w.create("demo", 30*time.Minute)
		return w.keeping(KeepAliveOptions{Threshold: 30 * time.Second})
	},
	"KeepAlive with a watcher": func(w *world) func() error {
		w.create("demo", 30*time.Minute)
		watcher, err := NewWatcher(w.client, WatcherOptions{clock: w.clock()})
		require.NoError(w, err)
		w.Cleanup(watcher.Close)
		return w.keeping(KeepAliveOptions{Threshold: 30 * time.Second, Watcher: watcher})
	},
	"Lease": func(w *world) func() error {
		w.create("demo", 30*time.Minute)
		l, err := Acquire(w.Context(), w.client, AcquireOptions{
			SessionID:    "demo",
			Threshold:    30 * time.Second,
			MinRemaining: time.Minute,
			clock:        w.clock(),
		})
		require.NoError(w, err)
		require.Equal(w, "demo", l.Session().ID)
		w.Cleanup(l.Detach)
		return func() error { synctest.Wait(); return context.Cause(l.Context()) }
	},
	"Pool": func(w *world) func() error {
		w.create("demo", 30*time.Minute)
		p, err := NewPool(w.client, PoolOptions{
			IDPrefix:     "demo",
			Max:          1,
			Threshold:    30 * time.Second,
			MinRemaining: time.Minute,
			clock:        w.clock(),
		})
		require.NoError(w, err)
		w.Cleanup(func() { _ = p.Close(context.Background()) })
		l, err := p.Claim(w.Context(), "demo")
		require.NoError(w, err)
		return func() error { synctest.Wait(); return context.Cause(l.Context()) }
	},
}

func eachKeeper(t *testing.T, story func(t *testing.T, w *world, ended func() error)) {
	for name, keep := range keepers {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				story(t, w, keep(w))
			})
		})
	}
}

// A machine sleeps for 88 s, and 23 s are left when it wakes.
func TestALeaseIsExtendedAfterTheMachineWasSuspended(t *testing.T) {
	eachKeeper(t, func(t *testing.T, w *world, ended func() error) {
		for w.left("demo") > 111*time.Second { // it is extended when 90 s are left
			time.Sleep(time.Second)
		}
		w.suspend(88 * time.Second)
		require.Equal(t, 23*time.Second, w.left("demo"))
		time.Sleep(16 * time.Second)
		assert.NoError(t, ended())
		assert.Greater(t, w.left("demo"), 10*time.Minute, "extended in time")
		time.Sleep(5 * time.Hour)
		assert.NoError(t, ended())
		assert.NotZero(t, w.left("demo"))
	})
}

// The lease has ended while the machine slept.
func TestTheEndOfALeaseIsNoticedAfterTheMachineWasSuspended(t *testing.T) {
	eachKeeper(t, func(t *testing.T, w *world, ended func() error) {
		time.Sleep(2*time.Minute + time.Second)
		require.NoError(t, ended())
		w.suspend(8 * time.Hour)
		time.Sleep(16 * time.Second)
		assert.ErrorIs(t, ended(), ErrExpired)
	})
}

// A wall clock that somebody sets neither ends nor prolongs a lease.
func TestSettingTheClockDoesNoHarm(t *testing.T) {
	for name, by := range map[string]time.Duration{
		"forward":          time.Hour,
		"back":             -time.Hour,
		"forward by a day": 24 * time.Hour,
		"by centuries":     250 * 365 * 24 * time.Hour, // a clock without a battery, then one that is set
		"back, by more":    -290 * 365 * 24 * time.Hour,
	} {
		t.Run(name, func(t *testing.T) {
			eachKeeper(t, func(t *testing.T, w *world, ended func() error) {
				for range 20 {
					time.Sleep(7*time.Minute + 13*time.Second)
					w.setClock(by)
					time.Sleep(time.Minute)
					require.NoError(t, ended())
					require.Greater(t, w.left("demo"), 30*time.Second)
					require.LessOrEqual(t, w.left("demo"), 30*time.Minute, "nothing is added twice")
				}
				// Without the service, the lease is kept for as long as the monotonic clock says.
				left := w.left("demo")
				w.change(func() { w.away = true })
				w.setClock(by)
				time.Sleep(left - 70*time.Second)
				assert.NoError(t, ended(), "not given up too early")
				time.Sleep(2 * time.Minute)
				assert.ErrorIs(t, ended(), ErrExpired, "not kept past its end")
			})
		})
	}
}

// The network comes back later than the machine.
func TestALeaseSurvivesWakingWithoutANetwork(t *testing.T) {
	eachKeeper(t, func(t *testing.T, w *world, ended func() error) {
		time.Sleep(10 * time.Minute)
		w.change(func() { w.away = true })
		w.suspend(15 * time.Minute)
		time.Sleep(90 * time.Second)
		require.NoError(t, ended())
		w.change(func() { w.away = false })
		time.Sleep(time.Minute)
		require.NoError(t, ended())
		time.Sleep(time.Hour)
		assert.NoError(t, ended())
		assert.NotZero(t, w.left("demo"))
	})
}

// A laptop is opened for a minute every twenty.
func TestALeaseIsExtendedBetweenNaps(t *testing.T) {
	eachKeeper(t, func(t *testing.T, w *world, ended func() error) {
		for range 10 {
			time.Sleep(time.Minute)
			left := w.left("demo")
			require.Greater(t, left, 20*time.Second)
			w.suspend(left - 20*time.Second)
			time.Sleep(16 * time.Second)
			require.NoError(t, ended())
		}
	})
}

// A virtual machine stands still for a moment again and again, such as while it is copied. Even if
// none of these moments is a leap by itself, all of them together are minutes of the lease.
func TestManyShortSuspensionsAddUp(t *testing.T) {
	for _, moment := range []time.Duration{
		200 * time.Millisecond, 500 * time.Millisecond, 1900 * time.Millisecond, 10 * time.Second,
	} {
		t.Run(moment.String(), func(t *testing.T) {
			eachKeeper(t, func(t *testing.T, w *world, ended func() error) {
				for range 900 {
					time.Sleep(9 * time.Second)
					w.suspend(moment)
					require.NoError(t, ended())
					require.NotZero(t, w.left("demo"))
				}
			})
		})
	}
}

// The machine stands still for a moment after the service has answered, so the answer is older than
// it seems.
func TestBoundsHoldIfTheMachineIsSuspendedWhileAnAnswerIsUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.create("demo", 30*time.Minute)
		r := newRenewer(w.client, "demo", KeepAliveOptions{clock: w.clock()})
		time.Sleep(time.Minute - 100*time.Millisecond)
		requests := 0
		w.nap = func(string) {
			if requests++; requests == 2 { // after the answer
				w.suspend(1900 * time.Millisecond)
			}
		}
		require.NoError(t, r.look(t.Context()))
		for range 3 {
			atLeast, atMost := r.remaining()
			assert.LessOrEqual(t, atLeast, w.left("demo"))
			assert.GreaterOrEqual(t, atMost, w.left("demo"))
			time.Sleep(9*time.Minute - 1800*time.Millisecond)
			require.NoError(t, r.look(t.Context()))
		}
		atLeast, atMost := r.remaining()
		assert.Less(t, atMost-atLeast, 3*time.Second, "what was known is not forgotten")
	})
}

// The service shows that a lease ends earlier than it said before, or may have ended.
func TestALeaseThatMayHaveEndedIsExtendedBeforeItIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		ended := keepers["KeepAlive with a watcher"](w)
		for w.left("demo") > 140*time.Second {
			time.Sleep(time.Second)
			require.NoError(t, ended())
		}
		w.change(func() { w.sessions["demo"].ready = w.sessions["demo"].ready.Add(-95 * time.Second) })
		time.Sleep(40 * time.Second)
		require.NoError(t, ended())
		assert.Greater(t, w.left("demo"), 9*time.Minute)
	})
}

// A clock that was set back an hour does not hide the time in which the machine slept.
func TestAClockSetBackHidesNoSuspension(t *testing.T) {
	eachKeeper(t, func(t *testing.T, w *world, ended func() error) {
		for w.left("demo") > 150*time.Second {
			time.Sleep(time.Second)
		}
		w.setClock(-time.Hour)
		time.Sleep(20 * time.Second)
		w.suspend(w.left("demo") - 23*time.Second)
		time.Sleep(16 * time.Second)
		assert.NoError(t, ended())
		assert.NotZero(t, w.left("demo"))
	})
}

// The answer to a request that was sent before the machine slept does not tell what is left.
func TestNothingIsGuaranteedAfterALeapUntilTheNextLook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.create("demo", 30*time.Minute)
		l, err := Acquire(t.Context(), w.client, AcquireOptions{SessionID: "demo", clock: w.clock()})
		require.NoError(t, err)
		defer l.Detach()
		synctest.Wait() // or the goroutine of the lease may notice the leap, and look, first
		atLeast, atMost := l.Remaining()
		assert.InDelta(t, 30*time.Minute, atLeast, float64(time.Minute))
		asked := w.clock().Now()
		w.suspend(88 * time.Second)
		atLeast, now := l.Remaining()
		assert.Zero(t, atLeast)
		assert.Equal(t, atMost, now)
		l.managed.learn(observed(l.Session(), asked, ""))
		atLeast, _ = l.Remaining()
		assert.Zero(t, atLeast, "the answer may be as old as the suspension")
		time.Sleep(11 * time.Second)
		atLeast, _ = l.Remaining()
		assert.LessOrEqual(t, atLeast, w.left("demo"))
		assert.InDelta(t, w.left("demo"), atLeast, float64(time.Minute))
	})
}

// The lid is closed while a request is on its way to the service, or its answer on the way back.
func TestASuspensionWhileARequestIsInFlight(t *testing.T) {
	for _, method := range []string{"PUT", "GET", "PATCH"} {
		for half, when := range []string{"the request", "the answer"} {
			t.Run(when+" of "+method, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					w := newWorld(t)
					var naps atomic.Int64
					w.nap = func(of string) {
						if of == method && naps.Add(1) == int64(half+1) {
							w.suspend(6 * time.Minute)
						}
					}
					options := AcquireOptions{clock: w.clock()}
					if method == "GET" {
						w.create("demo", 30*time.Minute)
						options.SessionID = "demo"
					}
					l, err := Acquire(t.Context(), w.client, options)
					require.NoError(t, err)
					defer l.Detach()
					for range 60 {
						atLeast, _ := l.Remaining()
						require.LessOrEqual(t, atLeast, w.left(l.Session().ID))
						require.NoError(t, context.Cause(l.Context()))
						require.NotZero(t, w.left(l.Session().ID))
						time.Sleep(time.Minute)
					}
					assert.Greater(t, naps.Load(), int64(half))
				})
			})
		}
	}
}

func TestTheWatcherLooksAfterALeap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.create("demo", 30*time.Minute)
		watcher, err := NewWatcher(w.client, WatcherOptions{
			Interval: time.Hour,
			clock:    w.clock(),
		})
		require.NoError(t, err)
		defer watcher.Close()
		defer watcher.regions[0].subscribe("demo", false, nil).close()
		time.Sleep(time.Minute)
		lists := w.count("LIST")
		w.suspend(time.Minute)
		time.Sleep(11 * time.Second)
		assert.Equal(t, lists+1, w.count("LIST"))
		w.setClock(-time.Hour)
		time.Sleep(10 * time.Minute)
		assert.Equal(t, lists+1, w.count("LIST"), "once for each leap, and never for a clock set back")
	})
}

// A warm session is looked up before it is handed out, however fresh it seemed before the leap.
func TestAPoolLooksAtASessionThatItSawBeforeALeap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		p, err := NewPool(w.client, PoolOptions{IDPrefix: "demo-", Warm: 1, Max: 2, clock: w.clock()})
		require.NoError(t, err)
		defer func() { _ = p.Close(context.Background()) }()
		time.Sleep(time.Second)
		require.Equal(t, 1, p.Stats().Idle)
		w.suspend(time.Hour)
		l, err := p.Acquire(t.Context())
		require.NoError(t, err)
		assert.NotZero(t, w.left(l.Session().ID), "not the one that has expired")
		atLeast, _ := l.Remaining()
		assert.LessOrEqual(t, atLeast, w.left(l.Session().ID))
	})
}
