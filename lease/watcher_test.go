// SPDX-License-Identifier: MIT

package lease

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator"
	"github.com/arr-go/azremoterendering/internal/wait"
)

func TestNewWatcherRefusesWhatCannotBe(t *testing.T) {
	_, err := NewWatcher(nil, WatcherOptions{})
	require.ErrorIs(t, err, arr.ErrInvalidArgument)

	client := new(arr.SessionsClient)
	for _, options := range []WatcherOptions{{Interval: -1}, {IdleInterval: -1}} {
		_, err = NewWatcher(client, options)
		require.ErrorIs(t, err, arr.ErrInvalidArgument)
		require.ErrorContains(t, err, "-1ns is negative")
	}
}

func TestWatcherIntervals(t *testing.T) {
	for _, test := range []struct{ given, want WatcherOptions }{
		{WatcherOptions{}, WatcherOptions{Interval: 5 * time.Second, IdleInterval: 30 * time.Second}},
		{WatcherOptions{Interval: time.Second}, WatcherOptions{Interval: time.Second, IdleInterval: 30 * time.Second}},
		{WatcherOptions{Interval: time.Minute}, WatcherOptions{Interval: time.Minute, IdleInterval: time.Minute}},
		{
			WatcherOptions{IdleInterval: time.Second},
			WatcherOptions{Interval: 5 * time.Second, IdleInterval: 5 * time.Second},
		},
	} {
		w, err := NewWatcher(new(arr.SessionsClient), test.given)
		require.NoError(t, err)
		require.Equal(t, test.want, WatcherOptions{
			Interval:     w.regions[0].interval,
			IdleInterval: w.regions[0].idle,
		})
		w.Close()
	}
}

func TestWaitForReady(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newWatchRig(
			t,
			emulator.Options{StartupTime: emulator.FixedStartup(12 * time.Second)},
			WatcherOptions{},
		)
		r.create("demo")
		demo := <-r.wait("demo")
		require.NoError(t, demo.err)
		require.Equal(t, arr.SessionStatusReady, demo.session.Status)
		require.NotEmpty(t, demo.session.Hostname)
		require.Equal(t, 15*time.Second, r.since())

		// Who comes later is told by a new look, which keeps its distance from the last.
		require.NoError(t, (<-r.wait("demo")).err)
		require.Equal(t, 20*time.Second, r.since())
	})
}

func TestWaitForAnEndedSession(t *testing.T) {
	for _, test := range []struct {
		status arr.SessionStatus
		cause  error
	}{
		{arr.SessionStatusStopped, ErrStopped},
		{arr.SessionStatusExpired, ErrExpired},
		{arr.SessionStatusError, nil},
	} {
		for _, listed := range []bool{false, true} {
			synctest.Test(t, func(t *testing.T) {
				r := newWatchRig(
					t,
					emulator.Options{Decisions: emulator.Decisions{ListEnded: listed}},
					WatcherOptions{},
				)
				r.create("demo")
				r.setStatus("demo", test.status)
				demo := <-r.wait("demo")
				var ended *arr.SessionEndedError
				require.ErrorAs(t, demo.err, &ended)
				require.Equal(t, test.status, ended.Session.Status)
				require.Contains(t, demo.err.Error(), `"demo"`)
				require.NotEmpty(t, ended.CorrelationVector)
				if test.cause != nil {
					require.ErrorIs(t, demo.err, test.cause)
				}
				require.Zero(t, r.since())
				require.Equal(t, listed, r.wire.count("get") == 0)
			})
		}
	}
}

func TestWaitForAnUnknownSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newWatchRig(t, emulator.Options{}, WatcherOptions{})
		demo := <-r.wait("demo")
		require.ErrorIs(t, demo.err, arr.ErrNotFound)
		require.ErrorContains(t, demo.err, `waiting for session "demo"`)
		require.NotContains(t, demo.err.Error(), "billed")
		require.Equal(t, 1, r.wire.count("get"))

		// The watcher remembers nothing of it.
		time.Sleep(watchInterval)
		r.create("demo")
		require.NoError(t, (<-r.wait("demo")).err)
	})
}

func TestWaitForAnIDThatCannotBe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newWatchRig(t, emulator.Options{}, WatcherOptions{})
		require.ErrorIs(t, (<-r.wait("")).err, arr.ErrInvalidArgument)
		require.Zero(t, r.wire.count("list"))
		require.ErrorIs(t, (<-r.wait("../other")).err, arr.ErrInvalidArgument)
		require.Zero(t, r.wire.count("get"))
	})
}

// A state that this package does not know means waiting on.
func TestWaitThroughAnUnknownState(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newWatchRig(t, emulator.Options{}, WatcherOptions{})
		r.create("demo")
		r.setStatus("demo", "Pausing")
		demo := r.wait("demo")
		time.Sleep(time.Minute + time.Second)
		r.setStatus("demo", arr.SessionStatusReady)
		require.NoError(t, (<-demo).err)
		require.Equal(t, 65*time.Second, r.since())
	})
}

func TestWaitThatIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newWatchRig(t, emulator.Options{StartupTime: emulator.FixedStartup(time.Hour)}, WatcherOptions{})
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := r.watcher.Wait(ctx, "demo")
		require.ErrorIs(t, err, context.Canceled)
		require.ErrorContains(t, err, `session "demo", last seen never`)
		synctest.Wait()
		require.Zero(t, r.wire.count("list"))

		r.create("demo")
		ctx, cancel = context.WithTimeout(t.Context(), 12*time.Second)
		defer cancel()
		_, err = r.watcher.Wait(ctx, "demo")
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorContains(t, err, `session "demo", last seen "Starting"`)
		require.ErrorContains(t, err, "the session goes on, and is billed")
		require.Equal(t, 12*time.Second, r.since())
		r.requireForgotten()
	})
}

func TestWaitThatIsGivenUpWhileTheListHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newWatchRig(t, emulator.Options{}, WatcherOptions{})
		r.create("demo")
		r.inject(emulator.Fault{Operation: "list", Delay: time.Hour})
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		_, err := r.watcher.Wait(ctx, "demo")
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, 3*time.Second, r.since())
	})
}

func TestWatcherClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newWatchRig(t, emulator.Options{}, WatcherOptions{})
		r.create("demo")
		r.inject(emulator.Fault{Operation: "list", Delay: time.Hour})
		demo := r.wait("demo")
		changes := make(chan error)
		go func() {
			for _, err := range r.watcher.Changes(t.Context()) {
				changes <- err
			}
		}()
		time.Sleep(time.Second)

		r.watcher.Close()
		require.Equal(t, time.Second, r.since(), "the list that hangs is given up")
		err := (<-demo).err
		require.ErrorIs(t, err, ErrWatcherClosed)
		require.ErrorContains(t, err, "the session goes on")
		require.ErrorIs(t, <-changes, ErrWatcherClosed)

		sent := r.wire.count("list")
		r.watcher.Close()
		require.ErrorIs(t, (<-r.wait("demo")).err, ErrWatcherClosed)
		for _, err := range r.watcher.Changes(t.Context()) {
			require.ErrorIs(t, err, ErrWatcherClosed)
		}
		f := r.region.subscribe("demo", true, nil)
		require.ErrorIs(t, f.err(), ErrWatcherClosed)
		<-f.C()
		f.close()
		time.Sleep(time.Hour)
		require.Equal(t, sent, r.wire.count("list"))
	})
}

func TestWatcherCloseDuringLookups(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newWatchRig(t, emulator.Options{}, WatcherOptions{})
		r.inject(emulator.Fault{Operation: "get", Delay: time.Hour})
		for _, id := range []string{"1", "2", "3", "4", "5", "6", "7", "8", "9", "10"} {
			r.region.subscribe(id, true, nil)
		}
		time.Sleep(6 * time.Second)
		require.Equal(t, 8, r.wire.count("get"))
		r.watcher.Close()
		require.Equal(t, 6*time.Second, r.since())
		require.Equal(t, 8, r.wire.count("get"))
	})
}

// Close waits for requests that take their time to be given up.
func TestWatcherCloseLeavesNothingBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newWatchRig(t, emulator.Options{}, WatcherOptions{})
		r.wire.handle(func(kind string, req *http.Request) (*http.Response, error) {
			if kind != "get" {
				return nil, nil
			}
			<-req.Context().Done()
			time.Sleep(2 * time.Second)
			return nil, req.Context().Err()
		})
		unknown := r.wait("unknown")
		time.Sleep(time.Second)
		r.watcher.Close()
		require.Equal(t, 3*time.Second, r.since())
		require.Equal(t, time.Second, (<-unknown).at.Sub(r.begun))
	})
}

func TestSubscription(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newWatchRig(
			t,
			emulator.Options{StartupTime: emulator.FixedStartup(8 * time.Second)},
			WatcherOptions{},
		)
		r.create("demo")
		// A round for somebody else comes first, so that the next begins an interval later, for
		// both subscriptions: at once, it could begin between the two.
		early := r.region.subscribe("demo", true, nil)
		synctest.Wait()
		early.close()
		one, two := r.region.subscribe("demo", false, nil), r.region.subscribe("demo", true, nil)
		for _, f := range []*subscription{one, two} {
			<-f.C()
			s, seen := f.latest()
			require.True(t, seen)
			require.Equal(t, arr.SessionStatusStarting, s.session.Status)
			require.False(t, s.sent.After(s.received))
			require.NotEmpty(t, s.vector)
			require.NoError(t, f.err())
		}
		two.close()
		two.close()

		// A later subscription is shown nothing old, and gets the next round early.
		time.Sleep(7 * time.Second)
		checked := make(chan struct{})
		r.wire.handle(func(string, *http.Request) (*http.Response, error) {
			<-checked // no answer comes before the subscription was seen to be empty
			return nil, nil
		})
		late := r.region.subscribe("demo", false, nil)
		_, seen := late.latest()
		require.False(t, seen)
		close(checked)
		<-late.C()
		s, _ := late.latest()
		require.Equal(t, arr.SessionStatusReady, s.session.Status)
		require.Equal(t, 12*time.Second, r.since())

		// An end is an observation, and the last.
		r.setStatus("demo", arr.SessionStatusStopped)
		time.Sleep(watchIdleInterval + time.Second)
		s, _ = one.latest()
		require.Equal(t, arr.SessionStatusStopped, s.session.Status)
		require.NoError(t, one.err())
		require.Equal(t, 1, r.wire.count("get"))
		one.close()
		late.close()
		r.requireForgotten()
		r.wire.times("list")
		time.Sleep(time.Hour)
		require.Zero(t, r.wire.count("list"))
	})
}

// However subscriptions, waiters and consumers come and go, nothing is left of them.
func TestWatcherChurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newWatchRig(
			t,
			emulator.Options{
				StartupTime: emulator.RangeStartup(0, time.Minute),
				Decisions:   emulator.Decisions{PageSize: 3},
			},
			WatcherOptions{},
		)
		r.inject(emulator.Fault{Operation: "list", Probability: 0.2, Delay: 3 * time.Second})
		for i := range 10 {
			r.create(fmt.Sprint(i))
		}
		var visitors sync.WaitGroup
		for i := range 200 {
			visitors.Go(func() {
				time.Sleep(rand.N(2 * time.Minute))
				ctx, cancel := context.WithTimeout(t.Context(), rand.N(time.Minute))
				defer cancel()
				switch id := fmt.Sprint(i % 12); i % 3 { // two of which do not exist
				case 0:
					r.watcher.Wait(ctx, id)
				case 1:
					for range r.watcher.Changes(ctx) {
						if rand.N(10) == 0 {
							break
						}
					}
				case 2:
					f := r.region.subscribe(id, rand.N(2) == 0, nil)
					wait.Sleep(ctx, time.Hour)
					f.close()
				}
			})
		}
		time.Sleep(time.Minute)
		r.setStatus("3", arr.SessionStatusStopped)
		visitors.Wait()
		r.requireForgotten()
		time.Sleep(time.Minute) // a list may be under way
		r.wire.times("list")
		time.Sleep(time.Hour)
		require.Zero(t, r.wire.count("list"))
	})
}

// A list whose answer takes long says less than a lookup that was sent after it.
func TestSubscriptionIgnoresOvertakenAnswers(t *testing.T) {
	w, err := NewWatcher(new(arr.SessionsClient), WatcherOptions{})
	require.NoError(t, err)
	w.Close()
	region := w.regions[0]
	f := &subscription{watcher: region, signal: make(chan struct{}, 1)}
	entry := region.want("demo")
	entry.subscriptions[f], f.entry = struct{}{}, entry
	now := time.Now()
	show := func(status arr.SessionStatus, sent time.Time) {
		region.show(
			entry,
			observation{session: arr.Session{ID: "demo", Status: status}, sent: sent, received: now},
		)
	}
	show(arr.SessionStatusReady, now)
	show(arr.SessionStatusStarting, now.Add(-time.Second))
	require.Equal(t, arr.SessionStatusReady, f.last.session.Status)
	show(arr.SessionStatusStopped, now.Add(-time.Second))
	require.Equal(t, arr.SessionStatusStopped, f.last.session.Status, "an end is an end")
	require.Nil(t, f.entry)
}
