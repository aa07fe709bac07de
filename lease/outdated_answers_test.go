// SPDX-License-Identifier: MIT

package lease_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator"
	"github.com/arr-go/azremoterendering/lease"
)

// Nothing leads from Ready back to Starting: such an answer is older than it seems.
func TestASessionIsNotShownStartingAfterReady(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t, emulator.Options{})
		l, err := lease.Acquire(t.Context(), s.client,
			lease.AcquireOptions{LookEvery: 5 * time.Second})
		require.NoError(t, err)
		require.Equal(t, arr.SessionStatusReady, l.Session().Status)
		s.fault(emulator.Fault{
			Operation: "get", Session: l.Session().ID, ShowStatus: arr.SessionStatusStarting,
		})
		sent := s.count("GET")
		time.Sleep(20 * time.Second)
		assert.Equal(t, arr.SessionStatusReady, l.Session().Status, "nothing leads back")
		assert.LessOrEqual(t, s.count("GET")-sent, 4, "such answers hurry nothing")
		require.NoError(t, l.Release(t.Context()))
	})
}

func TestKeepAliveProgressDoesNotGoBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t, emulator.Options{})
		s.ready("demo", 30*time.Minute)
		s.fault(emulator.Fault{
			Operation: "get", Skip: 2, Count: 3, ShowStatus: arr.SessionStatusStarting,
		})
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		_ = lease.KeepAlive(ctx, s.client, "demo", lease.KeepAliveOptions{
			LookEvery: 5 * time.Second,
			Progress: func(session arr.Session) {
				assert.Equal(t, arr.SessionStatusReady, session.Status)
			},
		})
	})
}

// A list that lags behind shows a session Starting that was Ready, and one that has ended.
func TestChangesDoNotGoBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t, emulator.Options{StartupTime: emulator.FixedStartup(20 * time.Second)})
		w, err := lease.NewWatcher(s.client, lease.WatcherOptions{})
		require.NoError(t, err)
		defer w.Close()
		s.create("demo", arr.SessionSizeStandard, 30*time.Minute)
		var seen []arr.SessionStatus
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
		defer cancel()
		go func() {
			time.Sleep(time.Minute)
			fix := s.fault(emulator.Fault{
				Operation: "list", ShowStatus: arr.SessionStatusStarting,
			})
			time.Sleep(2 * time.Minute)
			fix()
			// Lists say that the session has ended, and then show it alive: it is.
			fix = s.fault(emulator.Fault{
				Operation: "list", ShowStatus: arr.SessionStatusStopped, Count: 1,
			})
			time.Sleep(2 * time.Minute)
			fix()
		}()
		for change, err := range w.Changes(ctx) {
			if err == nil && change.After.ID == "demo" {
				seen = append(seen, change.After.Status)
			}
		}
		assert.Equal(t, []arr.SessionStatus{
			arr.SessionStatusStarting, arr.SessionStatusReady, arr.SessionStatusStopped,
		}, seen)
	})
}

// A pool hands out no session because of an answer from before it was Ready: it is not known to be
// alive.
func TestPoolDoesNotCountAnOutdatedAnswerAsASignOfLife(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newPoolService(t)
		p := s.newWarmPool(lease.PoolOptions{IDPrefix: "pool-", Warm: 1, Max: 1})
		time.Sleep(10 * time.Second)
		id := s.running()[0]
		fix := s.fault(emulator.Fault{
			Operation: "get", Session: id, ShowStatus: arr.SessionStatusStarting,
		})
		served := s.acquireLater(t.Context(), p)
		time.Sleep(time.Minute)
		assert.Equal(t, 1, p.Stats().Waiting)
		fix()
		assert.Equal(t, id, (<-served).Session().ID)
	})
}
