// SPDX-License-Identifier: MIT

package lease

import (
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator"
)

// A round wakes nobody whose session did not change: who waits is woken when the session is first
// seen, and when it is Ready.
func TestWatcherWakesOnlyWaitersOfChangedSessions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const sessions = 100
		startup := func(arr.SessionSize) time.Duration { return 3 * time.Minute }
		r := newWatchRig(t, emulator.Options{StartupTime: startup}, WatcherOptions{})
		for i := range sessions {
			r.create(fmt.Sprint(i))
		}
		var shown [sessions][]arr.SessionStatus
		var waits sync.WaitGroup
		for i := range sessions {
			waits.Go(func() {
				show := func(o observation) { shown[i] = append(shown[i], o.session.Status) }
				_, err := r.region.wait(t.Context(), fmt.Sprint(i), newStatus(), show)
				require.NoError(t, err)
			})
		}
		waits.Wait()
		require.GreaterOrEqual(t, r.wire.count("list"), 2*36, "two pages every 5 seconds")
		for i := range sessions {
			require.Equal(t,
				[]arr.SessionStatus{arr.SessionStatusStarting, arr.SessionStatusReady}, shown[i])
		}
	})
}

// Who keeps a session alive knows what each round shows, but is woken only by what may require to
// act earlier than planned.
func TestWatcherWakesKeepersOnlyForWhatChangesTheirPlan(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newWatchRig(t,
			emulator.Options{StartupTime: emulator.FixedStartup(time.Minute)}, WatcherOptions{})
		r.create("demo")
		options, err := KeepAliveOptions{Watcher: r.watcher}.withDefaults()
		require.NoError(t, err)
		keeper := newRenewer(r.client, "demo", options)
		require.NoError(t, keeper.look(t.Context()))

		keeper.beginPlan()
		s := r.region.subscribe("demo", false, keeper.needs())
		defer s.close()
		awoken := func(after time.Duration) bool {
			time.Sleep(after)
			require.True(t, keeper.seenAfter(time.Now().Add(-watchIdleInterval-time.Second)))
			select {
			case <-s.C():
				keeper.beginPlan()
				return true
			default:
				return false
			}
		}
		require.False(t, awoken(50*time.Second), "still Starting")
		require.True(t, awoken(watchIdleInterval), "Ready")
		require.False(t, awoken(10*time.Minute), "only minutes pass")

		_, err = r.client.Update(
			t.Context(), "demo", arr.UpdateSessionSettings{MaxLeaseTime: time.Hour}, nil)
		require.NoError(t, err)
		require.True(t, awoken(watchIdleInterval), "someone else has extended the lease")
		require.False(t, awoken(10*time.Minute))
		r.setStatus("demo", arr.SessionStatusStopped)
		require.True(t, awoken(watchIdleInterval), "stopped")
	})
}

// What another goroutine has learned before the watcher shows it still ends the keeping.
func TestKeeperIsWokenByWhatAnotherLookHasShown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newWatchRig(t, emulator.Options{}, WatcherOptions{})
		r.create("demo")
		options, err := KeepAliveOptions{Watcher: r.watcher}.withDefaults()
		require.NoError(t, err)
		keeper := newRenewer(r.client, "demo", options)
		require.NoError(t, keeper.look(t.Context()))
		ended := make(chan error, 1)
		go func() { ended <- keeper.run(t.Context()) }()
		time.Sleep(time.Minute)

		r.setStatus("demo", arr.SessionStatusStopped)
		require.NoError(t, keeper.look(t.Context()))
		stopped := time.Now()
		require.ErrorIs(t, <-ended, ErrStopped)
		require.LessOrEqual(t, time.Since(stopped), watchIdleInterval)
	})
}
