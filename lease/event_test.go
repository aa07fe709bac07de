// SPDX-License-Identifier: MIT

package lease_test

import (
	"context"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator"
	"github.com/arr-go/azremoterendering/lease"
)

// events records events.
type events struct {
	mu  sync.Mutex
	all []lease.Event
}

func (e *events) observe(event lease.Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.all = append(e.all, event)
}

// kinds returns the kinds of the events so far, and forgets them.
func (e *events) kinds() (kinds []lease.EventKind) {
	for _, event := range e.take() {
		kinds = append(kinds, event.Kind)
	}
	return kinds
}

func (e *events) take() []lease.Event {
	e.mu.Lock()
	defer e.mu.Unlock()
	taken := e.all
	e.all = nil
	return taken
}

// of returns the events of one kind.
func of(kind lease.EventKind, all []lease.Event) (found []lease.Event) {
	for _, event := range all {
		if event.Kind == kind {
			found = append(found, event)
		}
	}
	return found
}

func TestEventsOfALease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t, emulator.Options{StartupTime: emulator.FixedStartup(time.Minute)})
		var seen events
		l, err := lease.Acquire(t.Context(), s.client, lease.AcquireOptions{Observe: seen.observe})
		require.NoError(t, err)
		all := seen.take()
		require.Len(t, all, 2)
		assert.Equal(t, lease.EventCreated, all[0].Kind)
		assert.Equal(t, lease.EventReady, all[1].Kind)
		assert.Equal(t, l.Session().ID, all[1].SessionID)
		assert.Equal(t, arr.SessionSizeStandard, all[1].Size)
		assert.Same(t, s.client, all[1].Client)
		assert.InDelta(t, time.Minute, all[1].Duration, float64(3*time.Second))

		time.Sleep(25 * time.Minute)
		assert.Equal(t, []lease.EventKind{lease.EventExtended}, seen.kinds())
		remove := s.fault(emulator.Fault{Operation: "stop", Status: 403})
		require.Error(t, l.Release(t.Context()))
		assert.Equal(t, []lease.EventKind{lease.EventFailed}, seen.kinds(), "Release may be called again")
		remove()
		time.Sleep(time.Minute)
		require.NoError(t, l.Release(t.Context()))
		require.NoError(t, l.Release(t.Context()))
		all = seen.take()
		require.Len(t, all, 1)
		assert.Equal(t, lease.EventEnded, all[0].Kind)
		assert.ErrorIs(t, all[0].Err, lease.ErrReleased)
		billed := s.lives()[0].billed(time.Now())
		assert.GreaterOrEqual(t, all[0].Duration, billed)
		const interval = 2200 * time.Millisecond // between two polls, at most
		assert.LessOrEqual(t, all[0].Duration, billed+2*interval)
	})
}

// However a session ends, that is told once.
func TestEventsOfTheEndOfALease(t *testing.T) {
	for name, test := range map[string]struct {
		end  func(*service, *lease.Lease)
		want error
	}{
		"released": {func(s *service, l *lease.Lease) { s.must(l.Release(s.t.Context())) }, lease.ErrReleased},
		"detached": {func(_ *service, l *lease.Lease) { l.Detach() }, lease.ErrDetached},
		"stopped by another": {
			func(s *service, l *lease.Lease) { s.stop(l.Session().ID); time.Sleep(2 * time.Minute) },
			lease.ErrStopped,
		},
		"expired": {func(*service, *lease.Lease) { time.Sleep(time.Hour) }, lease.ErrExpired},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newService(t, emulator.Options{})
				var seen events
				l, err := lease.Acquire(t.Context(), s.client, lease.AcquireOptions{
					MaxLeaseTime: 40 * time.Minute,
					Observe:      seen.observe,
				})
				require.NoError(t, err)
				time.Sleep(5 * time.Minute)
				test.end(s, l)
				_ = l.Release(t.Context())
				ends := of(lease.EventEnded, seen.take())
				require.Len(t, ends, 1)
				assert.ErrorIs(t, ends[0].Err, test.want)
				assert.Positive(t, ends[0].Duration)
			})
		})
	}
}

// What an adopted session was billed before belongs to the books of the run before.
func TestEventsOfAnAdoptedSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t, emulator.Options{})
		s.ready("saved", time.Hour)
		time.Sleep(20 * time.Minute)
		var seen events
		l, err := lease.Acquire(t.Context(), s.client, lease.AcquireOptions{
			SessionID: "saved",
			Observe:   seen.observe,
		})
		require.NoError(t, err)
		assert.Equal(t, []lease.EventKind{lease.EventAdopted}, seen.kinds())
		time.Sleep(5 * time.Minute)
		require.NoError(t, l.Release(t.Context()))
		assert.Equal(t, 5*time.Minute, of(lease.EventEnded, seen.take())[0].Duration)
	})
}

func TestEventsOfACreationThatFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t, emulator.Options{Faults: []emulator.Fault{{Start: emulator.StartNever}}})
		var seen events
		_, err := lease.Acquire(t.Context(), s.client, lease.AcquireOptions{
			Sizes:        arr.PossibleSessionSizeValues(),
			StartTimeout: time.Minute,
			Observe:      seen.observe,
		})
		require.Error(t, err)
		all := seen.take()
		for _, kind := range []lease.EventKind{
			lease.EventCreated, lease.EventCreateFailed, lease.EventEnded,
		} {
			assert.Len(t, of(kind, all), 2, kind)
		}
		failed := of(lease.EventCreateFailed, all)[0]
		assert.ErrorContains(t, failed.Err, "not Ready in time")
		assert.Equal(t, time.Minute, failed.Duration)
		assert.Zero(t, of(lease.EventEnded, all)[0].Duration, "it was never billed")
	})
}

func TestEventsOfAPool(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newPoolService(t)
		var seen events
		p := s.newPool(lease.PoolOptions{IDPrefix: "pool-", Max: 1, Observe: seen.observe})
		l := s.acquire(p)
		all := seen.take()
		require.Len(t, all, 3)
		assert.Equal(t, lease.EventCreated, all[0].Kind)
		assert.Equal(t, lease.EventReady, all[1].Kind)
		assert.Equal(t, lease.EventHandedOut, all[2].Kind)
		assert.Equal(t, l.Session().ID, all[2].SessionID)
		assert.GreaterOrEqual(t, all[2].Duration, 2*time.Minute)

		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		_, err := p.Acquire(ctx)
		require.Error(t, err)
		all = append(all, seen.take()...)
		require.Len(t, all, 4)
		assert.Equal(t, lease.EventNotHandedOut, all[3].Kind)
		assert.Equal(t, 10*time.Second, all[3].Duration)
		assert.ErrorIs(t, all[3].Err, context.DeadlineExceeded)

		require.NoError(t, p.Return(l))
		require.NoError(t, p.Close(t.Context()))
		all = append(all, seen.take()...)
		require.Len(t, all, 5)
		assert.Equal(t, lease.EventEnded, all[4].Kind)
		assert.Equal(t, p.Stats().Spent, all[4].Duration)
		for _, event := range all {
			assert.Equal(t, "pool-", event.Pool)
		}
	})
}

// A list that the end of the pool interrupts has not failed.
func TestEventsOfAPoolThatIsClosedWhileItLists(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newPoolService(t)
		var seen events
		var log records
		p := s.newPool(lease.PoolOptions{
			IDPrefix: "pool-", Max: 1, Observe: seen.observe, Logger: slog.New(&log),
		})
		time.Sleep(time.Second)
		s.silent()
		time.Sleep(time.Minute + time.Second)
		require.NoError(t, p.Close(t.Context()))
		for _, event := range seen.take() {
			assert.NotErrorIs(t, event.Err, context.Canceled)
		}
		assert.Empty(t, log.of("context canceled"))
	})
}

// A session that is dropped while it starts is released, and has not failed.
func TestEventsOfASessionThatIsNoLongerNeeded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newPoolService(t)
		all := s.traced()
		var seen events
		p := s.newPool(lease.PoolOptions{IDPrefix: "pool-", Warm: 1, Max: 1, Observe: seen.observe})
		time.Sleep(time.Minute)
		require.NoError(t, p.Close(t.Context()))
		told := seen.take()
		require.Len(t, told, 2)
		assert.Equal(t, lease.EventCreated, told[0].Kind)
		assert.Equal(t, lease.EventEnded, told[1].Kind)
		assert.ErrorIs(t, told[1].Err, lease.ErrReleased)
		for _, span := range all.Ended() {
			if span.Name == "lease.Pool.Create" {
				assert.Empty(t, span.Status)
				assert.Equal(t, told[0].SessionID, span.Attributes["az.remoterendering.session_id"])
			}
		}
	})
}

func TestEventsOfATakeOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newPoolService(t)
		s.ready("pool-old", time.Hour)
		var seen events
		p := s.newPool(lease.PoolOptions{IDPrefix: "pool-", Max: 1, Observe: seen.observe})
		_, err := p.Claim(t.Context(), "pool-old")
		require.NoError(t, err)
		synctest.Wait()
		assert.Equal(t, []lease.EventKind{lease.EventAdopted}, seen.kinds())
		time.Sleep(10 * time.Minute)
		require.NoError(t, p.Close(t.Context()))
		end := of(lease.EventEnded, seen.take())[0]
		assert.ErrorIs(t, end.Err, lease.ErrDetached)
		assert.Equal(t, 10*time.Minute, end.Duration)
	})
}
