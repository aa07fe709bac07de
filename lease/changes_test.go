// SPDX-License-Identifier: MIT

package lease

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator"
)

// watchLog is what a consumer of changes was told, in words: "demo: Starting → Ready, 30m0s".
type watchLog struct {
	mu    sync.Mutex
	lines []string
	last  []Change // all of them
	err   error
	ended chan struct{}
}

// consume ranges over the changes until they end. slow, unless nil, is called between receiving one
// and asking for the next.
func (r *watchRig) consume(ctx context.Context, slow func()) *watchLog {
	log := &watchLog{ended: make(chan struct{})}
	go func() {
		defer close(log.ended)
		for change, err := range r.watcher.Changes(ctx) {
			log.mu.Lock()
			if err != nil {
				log.err = err
			} else {
				log.last = append(log.last, change)
				log.lines = append(log.lines, fmt.Sprintf(
					"%s: %s → %s, %v",
					change.After.ID,
					change.Before.Status,
					change.After.Status,
					change.After.MaxLeaseTime,
				))
			}
			log.mu.Unlock()
			if slow != nil {
				slow()
			}
		}
	}()
	return log
}

// take returns what was told since the last time.
func (l *watchLog) take() []string {
	synctest.Wait()
	l.mu.Lock()
	defer l.mu.Unlock()
	lines := l.lines
	l.lines = nil
	return lines
}

// change returns the i-th change that was told.
func (l *watchLog) change(i int) Change {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.last[i]
}

func TestChangesOfOneSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newWatchRig(
			t,
			emulator.Options{StartupTime: emulator.FixedStartup(50 * time.Second)},
			WatcherOptions{},
		)
		log := r.consume(t.Context(), nil)
		time.Sleep(time.Second)
		require.Empty(t, log.take())

		r.create("demo")
		time.Sleep(30 * time.Second) // rounds are at 0, 30, 60, … seconds
		require.Equal(t, []string{"demo:  → Starting, 30m0s"}, log.take())
		time.Sleep(30 * time.Second)
		require.Equal(t, []string{"demo: Starting → Ready, 30m0s"}, log.take())

		time.Sleep(10 * time.Minute)
		require.Empty(t, log.take(), "elapsed minutes are no change")
		_, err := r.client.Update(
			t.Context(),
			"demo",
			arr.UpdateSessionSettings{MaxLeaseTime: 50 * time.Minute},
			nil,
		)
		require.NoError(t, err)
		time.Sleep(30 * time.Second)
		require.Equal(t, []string{"demo: Ready → Ready, 50m0s"}, log.take())
		require.Equal(t, 30*time.Minute, log.change(2).Before.MaxLeaseTime)

		_, err = r.client.Stop(t.Context(), "demo", nil)
		require.NoError(t, err)
		time.Sleep(30 * time.Second)
		require.Equal(t, []string{"demo: Ready → Stopped, 50m0s"}, log.take())
		require.Equal(t, 1, r.wire.count("get"))
		time.Sleep(time.Hour)
		require.Empty(t, log.take())
		require.Equal(t, 1, r.wire.count("get"))
	})
}

func TestChangesWhenSessionsEndByThemselves(t *testing.T) {
	for _, listed := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			r := newWatchRig(t, emulator.Options{
				Decisions: emulator.Decisions{ListEnded: listed},
				Faults: []emulator.Fault{
					{
						Operation: "create",
						Session:   "dies",
						Start:     emulator.StartDies,
						DieAfter:  time.Minute,
					},
				},
			}, WatcherOptions{})
			r.create("long")
			r.setStatus("long", arr.SessionStatusStopped)
			r.create("dies")
			r.create("expires")
			log := r.consume(t.Context(), nil)
			require.Equal(
				t,
				[]string{"dies:  → Ready, 30m0s", "expires:  → Ready, 30m0s"},
				log.take(),
				"what had ended before is not told",
			)
			time.Sleep(61 * time.Second)
			require.Equal(t, []string{"dies: Ready → Error, 30m0s"}, log.take())
			require.NotNil(t, log.change(2).After.Error)
			time.Sleep(30 * time.Minute)
			require.Equal(t, []string{"expires: Ready → Expired, 30m0s"}, log.take())
			require.Equal(t, map[bool]int{true: 0, false: 2}[listed], r.wire.count("get"))
		})
	}
}

// A session that the service has forgotten before its end could be seen is shown without a state.
func TestChangesWhenASessionIsForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newWatchRig(t, emulator.Options{Retention: time.Second}, WatcherOptions{})
		r.create("demo")
		log := r.consume(t.Context(), nil)
		require.Equal(t, []string{"demo:  → Ready, 30m0s"}, log.take())
		r.setStatus("demo", arr.SessionStatusStopped)
		time.Sleep(31 * time.Second)
		require.Equal(t, []string{"demo: Ready → , 0s"}, log.take())
		require.Equal(t, arr.Session{ID: "demo"}, log.change(1).After)
		require.Equal(t, arr.SessionStatusReady, log.change(1).Before.Status)

		// Its id is free, and the next session of that name is another.
		r.create("demo")
		time.Sleep(30 * time.Second)
		require.Equal(t, []string{"demo:  → Ready, 30m0s"}, log.take())
	})
}

// A slow consumer gets the sum of what it missed, and does not delay others.
func TestChangesForASlowConsumer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newWatchRig(
			t,
			emulator.Options{StartupTime: emulator.FixedStartup(10 * time.Minute)},
			WatcherOptions{},
		)
		r.create("one")
		r.create("two")
		r.create("three")
		r.create("four")
		gate := make(chan struct{})
		fast, slow := r.consume(t.Context(), nil), r.consume(t.Context(), func() { <-gate })
		time.Sleep(watchInterval) // the second may have come too late for the first round
		require.Len(t, fast.take(), 4)
		require.Equal(t, []string{"one:  → Starting, 30m0s"}, slow.take())

		r.setStatus("one", "Pausing")
		r.setStatus("two", "Pausing")
		r.setStatus("three", "Pausing")
		time.Sleep(31 * time.Second)
		require.Len(t, fast.take(), 3)
		r.setStatus("one", arr.SessionStatusReady)
		r.setStatus("two", arr.SessionStatusStarting)
		r.setStatus("three", arr.SessionStatusStopped)
		time.Sleep(30 * time.Second)
		require.ElementsMatch(t, []string{
			"one: Pausing → Ready, 30m0s",
			"two: Pausing → Starting, 30m0s",
			"three: Pausing → Stopped, 30m0s",
		}, fast.take())

		close(gate)
		require.Equal(t, []string{
			"two:  → Starting, 30m0s",
			"three:  → Stopped, 30m0s",
			"four:  → Starting, 30m0s",
			"one: Starting → Ready, 30m0s",
		}, slow.take())
		time.Sleep(time.Minute)
		require.Empty(t, slow.take())
	})
}

// What is kept for a consumer is bounded by the number of sessions.
func TestChangesAreKeptOncePerSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newWatchRig(t, emulator.Options{}, WatcherOptions{})
		for i := range 20 {
			r.create(fmt.Sprint("demo-", i))
		}
		o := r.region.openFeed(make(chan struct{}, 1))
		for i := range 30 {
			for j := range 20 {
				r.setStatus(fmt.Sprint("demo-", j), arr.SessionStatus(fmt.Sprint("State", i)))
			}
			time.Sleep(watchIdleInterval)
		}
		r.region.mu.Lock()
		defer r.region.mu.Unlock()
		require.Len(t, o.order, 20)
		require.Len(t, o.waiting, 20)
	})
}

// What changed and changed back before a consumer looked is not told.
func TestChangesThatCameToNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newWatchRig(t, emulator.Options{}, WatcherOptions{})
		r.create("one")
		r.create("two")
		gate := make(chan struct{}, 10)
		log := r.consume(t.Context(), func() { <-gate })
		gate <- struct{}{}
		require.Len(t, log.take(), 2)
		r.setStatus("one", "Pausing")
		time.Sleep(31 * time.Second)
		r.setStatus("one", arr.SessionStatusReady)
		time.Sleep(30 * time.Second)
		close(gate)
		require.Empty(t, log.take())
	})
}

func TestChangesWhileOthersWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newWatchRig(
			t,
			emulator.Options{StartupTime: emulator.FixedStartup(8 * time.Second)},
			WatcherOptions{},
		)
		r.create("one")
		log := r.consume(t.Context(), nil)
		require.NoError(t, (<-r.wait("one")).err)
		require.Equal(t, 10*time.Second, r.since())
		require.Equal(
			t,
			[]string{"one:  → Starting, 30m0s", "one: Starting → Ready, 30m0s"},
			log.take(),
		)
		// Followed, unknown: nothing to tell.
		require.Error(t, (<-r.wait("unknown")).err)
		require.Empty(t, log.take())
		// Followed, and given up before it was looked up: nothing to ask.
		r.wire.times("get")
		r.region.subscribe("fleeting", true, nil).close()
		time.Sleep(2 * time.Minute)
		require.Zero(t, r.wire.count("get"))
	})
}

func TestChangesEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newWatchRig(t, emulator.Options{}, WatcherOptions{})
		r.create("demo")

		// Early, by the consumer.
		for change, err := range r.watcher.Changes(t.Context()) {
			require.NoError(t, err)
			require.Equal(t, "demo", change.After.ID)
			break
		}
		r.requireForgotten()
		r.wire.times("list")
		time.Sleep(10 * time.Minute)
		require.Zero(t, r.wire.count("list"))

		// By the context.
		ctx, cancel := context.WithCancel(t.Context())
		log := r.consume(ctx, nil)
		time.Sleep(time.Second)
		cancel()
		<-log.ended
		require.ErrorIs(t, log.err, context.Canceled)
		require.Len(t, log.take(), 1)

		// By a failure that does not pass, after what was to be told before it.
		gate := make(chan struct{})
		log = r.consume(t.Context(), func() { <-gate })
		time.Sleep(watchInterval)
		r.create("second")
		time.Sleep(watchIdleInterval)
		remove := r.inject(emulator.Fault{Operation: "list", Status: 403})
		time.Sleep(watchIdleInterval)
		close(gate)
		<-log.ended
		require.ErrorIs(t, log.err, arr.ErrForbidden)
		require.Equal(t, []string{"demo:  → Ready, 30m0s", "second:  → Ready, 30m0s"}, log.take())
		remove()

		// By the consumer's closing the watcher.
		for _, err := range r.watcher.Changes(t.Context()) {
			if err != nil {
				require.ErrorIs(t, err, ErrWatcherClosed)
				break
			}
			r.watcher.Close()
		}
	})
}

// An outage delays what is told and ends nothing.
func TestChangesThroughAnOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newWatchRig(t, emulator.Options{StartupTime: emulator.FixedStartup(time.Minute)}, WatcherOptions{})
		r.create("demo")
		log := r.consume(t.Context(), nil)
		require.Len(t, log.take(), 1)
		remove := r.inject(emulator.Fault{Status: 503})
		time.Sleep(20 * time.Minute)
		require.Empty(t, log.take())
		remove()
		time.Sleep(time.Minute + time.Second)
		require.Equal(t, []string{"demo: Starting → Ready, 30m0s"}, log.take())
	})
}
