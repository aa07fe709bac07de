// SPDX-License-Identifier: MIT

package lease_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator"
	"github.com/arr-go/azremoterendering/lease"
)

// acquire acquires a session that takes a minute to start.
func acquire(t *testing.T, s *service, options lease.AcquireOptions) *lease.Lease {
	t.Helper()
	l, err := lease.Acquire(t.Context(), s.client, options)
	require.NoError(t, err)
	return l
}

// The context of a lease ends with the session, soon, and says why.
func TestLeaseSaysWhyItEnded(t *testing.T) {
	for name, test := range map[string]struct {
		end  func(s *service, l *lease.Lease)
		want error
	}{
		"released": {
			func(s *service, l *lease.Lease) { s.must(l.Release(context.Background())) },
			lease.ErrReleased,
		},
		"detached":          {func(_ *service, l *lease.Lease) { l.Detach() }, lease.ErrDetached},
		"stopped by others": {func(s *service, l *lease.Lease) { s.stop(l.Session().ID) }, lease.ErrStopped},
		"expired": {func(s *service, l *lease.Lease) {
			s.must(s.emulator.SetStatus(l.Session().ID, arr.SessionStatusExpired))
		}, lease.ErrExpired},
		"forgotten": {func(s *service, l *lease.Lease) { s.forget(l.Session().ID) }, arr.ErrNotFound},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newService(
					t,
					emulator.Options{StartupTime: emulator.FixedStartup(time.Minute)},
				)
				l := acquire(t, s, lease.AcquireOptions{})
				time.Sleep(42 * time.Minute)
				require.NoError(t, l.Context().Err())
				test.end(s, l)
				ended := time.Now()
				<-l.Context().Done()
				limit := time.Minute + time.Second
				if errors.Is(test.want, arr.ErrNotFound) {
					limit += 3 * time.Second // at most two pauses between three 404
				}
				assert.LessOrEqual(t, time.Since(ended), limit, "it looks once a minute")
				assert.ErrorIs(t, context.Cause(l.Context()), test.want)
				l.Detach()
			})
		})
	}
}

func TestLeaseEndsWithTheErrorOfTheSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(
			t,
			emulator.Options{
				Faults: []emulator.Fault{{Start: emulator.StartDies, DieAfter: time.Hour}},
			},
		)
		l := acquire(t, s, lease.AcquireOptions{})
		<-l.Context().Done()
		var ended *arr.SessionEndedError
		require.ErrorAs(t, context.Cause(l.Context()), &ended)
		assert.Equal(t, arr.SessionStatusError, ended.Session.Status)
		assert.Equal(t, arr.SessionStatusError, l.Session().Status)
		require.NoError(t, l.Release(t.Context()))
		assert.Equal(t, 1, s.count("POST"), "once is sure")
	})
}

// The context that a lease was acquired with bounds it; the session waits to be released.
func TestLeaseEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t, emulator.Options{})
		ctx, cancel := context.WithCancelCause(t.Context())
		l, err := lease.Acquire(ctx, s.client, lease.AcquireOptions{})
		require.NoError(t, err)
		cancel(assert.AnError)
		<-l.Context().Done()
		assert.ErrorIs(t, context.Cause(l.Context()), assert.AnError)
		assert.Len(t, s.running(), 1)
		require.NoError(
			t,
			l.Release(ctx),
			"the end of its context does not keep Release from stopping the session",
		)
		assert.Empty(t, s.running())
	})
}

// After a crash, when nothing extends the lease any more, a session is billed for half an hour at
// most.
func TestPriceOfACrash(t *testing.T) {
	for after := range 10 {
		synctest.Test(t, func(t *testing.T) {
			s := newService(t, emulator.Options{})
			ctx, crash := context.WithCancel(t.Context())
			_, err := lease.Acquire(ctx, s.client, lease.AcquireOptions{})
			require.NoError(t, err)
			time.Sleep(time.Duration(after) * 7 * time.Minute)
			crash()
			crashed := time.Now()
			time.Sleep(24 * time.Hour)
			assert.Empty(t, s.running())
			assert.LessOrEqual(t, s.lives()[0].EndedAt.Sub(crashed), 30*time.Minute)
		})
	}
}

func TestReleaseThatFailsCanBeRepeated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t, emulator.Options{})
		l := acquire(t, s, lease.AcquireOptions{})
		fix := s.fault(emulator.Fault{Operation: "stop", Status: 503})
		began := time.Now()
		err := l.Release(t.Context())
		var notStopped *lease.NotStoppedError
		require.ErrorAs(t, err, &notStopped)
		assert.Equal(t, l.Session().ID, notStopped.SessionID)
		assert.LessOrEqual(t, time.Since(began), 30*time.Second)
		fix()
		require.NoError(t, l.Release(t.Context()))
		assert.Empty(t, s.running())
	})
}

func TestDetachLeavesTheSessionToOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t, emulator.Options{})
		l := acquire(t, s, lease.AcquireOptions{})
		time.Sleep(5 * time.Minute)
		l.Detach()
		sent := len(s.requests())
		require.NoError(t, l.Release(t.Context()), "a deferred Release does nothing")
		time.Sleep(20 * time.Minute)
		assert.Len(t, s.requests(), sent, "it is not extended any more")
		assert.Len(t, s.running(), 1)

		again, err := lease.Acquire(t.Context(), s.client, lease.AcquireOptions{SessionID: l.Session().ID})
		require.NoError(t, err)
		assert.Equal(t, l.Session().ID, again.Session().ID)
		require.NoError(t, again.Release(t.Context()))
	})
}

// A session whose device has left is stopped.
func TestIdleLeaseIsStopped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t, emulator.Options{})
		l := acquire(t, s, lease.AcquireOptions{IdleTimeout: 2 * time.Minute})
		for range 30 {
			time.Sleep(119 * time.Second)
			require.NoError(t, l.Context().Err())
			l.Touch()
		}
		last := time.Now()
		<-l.Context().Done()
		assert.ErrorIs(t, context.Cause(l.Context()), lease.ErrIdle)
		assert.Equal(t, 2*time.Minute, time.Since(last))
		synctest.Wait()
		assert.Empty(t, s.running())
		l.Touch() // too late, and harmless
		require.NoError(t, l.Release(t.Context()))
	})
}

// A session that is to be stopped while the service is out of order is stopped as soon as it
// answers.
func TestIdleLeaseIsStoppedAfterAnOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t, emulator.Options{})
		l := acquire(t, s, lease.AcquireOptions{IdleTimeout: 2 * time.Minute})
		fix := s.fault(emulator.Fault{Operation: "stop", Drop: emulator.DropBefore})
		<-l.Context().Done()
		time.Sleep(5 * time.Minute)
		assert.Len(t, s.running(), 1)
		fix()
		time.Sleep(2 * time.Minute)
		assert.Empty(t, s.running())
	})
}

// A Release that fails is the last try.
func TestReleaseTakesOverFromTheIdleLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t, emulator.Options{})
		l := acquire(t, s, lease.AcquireOptions{IdleTimeout: 2 * time.Minute})
		s.fault(emulator.Fault{Operation: "stop", Drop: emulator.DropBefore})
		<-l.Context().Done()
		time.Sleep(90 * time.Second)
		require.Error(t, l.Release(t.Context()))
		tries := s.count("POST")
		time.Sleep(10 * time.Minute)
		assert.Equal(t, tries, s.count("POST"))
		assert.False(t, l.Touch())
	})
}

// What Remaining says is true, and as narrow as can be: within the time between two looks for a
// session that was seen to become Ready, and within a minute for one that was adopted.
func TestRemainingIsHonest(t *testing.T) {
	for name, test := range map[string]struct {
		options lease.AcquireOptions
		width   time.Duration
	}{
		"created": {lease.AcquireOptions{}, 5 * time.Second},
		"adopted": {lease.AcquireOptions{SessionID: "saved"}, time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newService(
					t,
					emulator.Options{StartupTime: emulator.FixedStartup(77 * time.Second)},
				)
				s.ready("saved", 30*time.Minute)
				time.Sleep(3*time.Minute + 17*time.Second)
				l := acquire(t, s, test.options)
				var truth life
				for _, x := range s.lives() {
					if x.ID == l.Session().ID {
						truth = x
					}
				}
				for range 200 {
					time.Sleep(37 * time.Second)
					left := time.Until(truth.ReadyAt.Add(l.Session().MaxLeaseTime))
					atLeast, atMost := l.Remaining()
					assert.LessOrEqual(t, atLeast, left)
					assert.LessOrEqual(t, left, atMost)
					assert.LessOrEqual(t, atMost-atLeast, test.width)
				}
				require.NoError(t, l.Release(t.Context()))
				atLeast, atMost := l.Remaining()
				assert.Zero(t, atLeast)
				assert.Zero(t, atMost)
			})
		})
	}
}

// With a Watcher, leases send no looks of their own.
func TestLeasesShareAWatcher(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t, emulator.Options{StartupTime: emulator.FixedStartup(time.Minute)})
		w, err := lease.NewWatcher(s.client, lease.WatcherOptions{})
		require.NoError(t, err)
		defer w.Close()
		one, two := acquire(
			t,
			s,
			lease.AcquireOptions{Watcher: w},
		), acquire(
			t,
			s,
			lease.AcquireOptions{Watcher: w},
		)
		time.Sleep(10 * time.Minute)
		assert.Zero(t, s.count("GET"))

		s.stop(one.Session().ID)
		stopped := time.Now()
		<-one.Context().Done()
		assert.ErrorIs(t, context.Cause(one.Context()), lease.ErrStopped)
		assert.LessOrEqual(t, time.Since(stopped), 30*time.Second)
		assert.Equal(t, 1, s.count("GET"), "the end is looked up")

		require.NoError(t, two.Context().Err())
		require.NoError(t, two.Release(t.Context()))
	})
}

// A lease outlives its watcher.
func TestLeaseLooksForItselfAfterItsWatcherIsClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t, emulator.Options{})
		w, err := lease.NewWatcher(s.client, lease.WatcherOptions{})
		require.NoError(t, err)
		l := acquire(t, s, lease.AcquireOptions{Watcher: w})
		w.Close()
		time.Sleep(3 * time.Hour)
		require.NoError(t, l.Context().Err())
		s.stop(l.Session().ID)
		<-l.Context().Done()
		assert.ErrorIs(t, context.Cause(l.Context()), lease.ErrStopped)
	})
}
