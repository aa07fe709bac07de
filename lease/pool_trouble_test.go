// SPDX-License-Identifier: MIT

package lease_test

import (
	"context"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
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

// A lack of capacity leads to growing pauses and one creation at a time. Once there are servers
// again, the pool fills.
func TestPoolBacksOffForWantOfCapacity(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var servers atomic.Int64
		s := newService(t, emulator.Options{
			StartupTime: emulator.FixedStartup(10 * time.Second),
			Capacity:    func(arr.Region, arr.SessionSize) int { return int(servers.Load()) },
		})
		began := time.Now()
		var creations []time.Duration
		var mu sync.Mutex
		s.handle(
			func(req *http.Request, forward testkit.Forward) (*http.Response, error) {
				if req.Method == http.MethodPut {
					mu.Lock()
					defer mu.Unlock()
					creations = append(creations, time.Since(began))
				}
				return forward()
			},
		)
		p := s.newPool(lease.PoolOptions{IDPrefix: "pool-", Warm: 4, Max: 4})
		served := s.acquireLater(t.Context(), p)
		time.Sleep(time.Hour)
		mu.Lock()
		require.Greater(t, len(creations), 12)
		require.Less(t, len(creations), 35)
		first, last := creations[5]-creations[4], creations[len(creations)-1]-creations[len(creations)-2]
		assert.LessOrEqual(
			t,
			first,
			40*time.Second,
			"the first pauses are short, however many failed at once",
		)
		assert.GreaterOrEqual(t, last, 2*time.Minute+30*time.Second, "later ones are long")
		assert.LessOrEqual(t, last, 6*time.Minute)
		mu.Unlock()
		var ended *arr.SessionEndedError
		assert.ErrorAs(t, p.Stats().LastError, &ended)

		servers.Store(100)
		<-served
		time.Sleep(time.Minute)
		assert.Equal(t, 3, p.Stats().Idle, "Max is reached")
	})
}

// Somebody who gives up while there is no capacity learns of it.
func TestPoolAcquireSaysWhyThereWasNoSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t, emulator.Options{Capacity: emulator.FixedCapacity(0)})
		p := s.newPool(lease.PoolOptions{IDPrefix: "pool-", Max: 1})
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
		defer cancel()
		_, err := p.Acquire(ctx)
		assert.ErrorIs(t, err, context.DeadlineExceeded)
		var ended *arr.SessionEndedError
		require.ErrorAs(t, err, &ended)
		assert.Equal(t, "CapacityExceeded", ended.Session.Error.Code)
	})
}

// What went wrong hours ago, and has gone well since, is no reason.
func TestPoolAcquireSaysNothingOfTroubleThatIsOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newPoolService(t)
		s.fault(emulator.Fault{Operation: "create", Start: emulator.StartFails, Count: 1})
		p := s.newPool(lease.PoolOptions{IDPrefix: "pool-", Max: 1})
		s.acquire(p)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		_, err := p.Acquire(ctx)
		assert.ErrorIs(t, err, context.DeadlineExceeded)
		var ended *arr.SessionEndedError
		assert.NotErrorAs(t, err, &ended)
		assert.ErrorAs(t, p.Stats().LastError, &ended, "though it is remembered")
	})
}

// A refusal that does not pass ends the waiting with its error; nothing is hurried meanwhile.
func TestPoolRefusalEndsTheWaiting(t *testing.T) {
	for _, operation := range []string{"create", "list", "token"} {
		t.Run(operation, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newPoolService(t)
				fix := s.fault(emulator.Fault{Operation: operation, Status: http.StatusForbidden})
				p := s.newPool(lease.PoolOptions{IDPrefix: "pool-", Max: 1})
				for range 3 {
					began := time.Now()
					_, err := p.Acquire(t.Context())
					assert.ErrorIs(t, err, arr.ErrForbidden)
					assert.LessOrEqual(t, time.Since(began), time.Minute+time.Second)
				}
				time.Sleep(time.Hour)
				assert.Less(t, len(s.requests()), 200)
				fix()
				s.acquire(p)
			})
		})
	}
}

// The service or its token service may be away for a while: warm sessions live, a caller that waits
// is served afterwards.
func TestPoolOutlastsAnOutage(t *testing.T) {
	for name, hit := range map[string]func(req *http.Request) bool{
		"service":       func(req *http.Request) bool { return !strings.HasSuffix(req.URL.Path, "/token") },
		"token service": func(req *http.Request) bool { return strings.HasSuffix(req.URL.Path, "/token") },
		"both":          func(*http.Request) bool { return true },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newPoolService(t)
				p := s.newWarmPool(lease.PoolOptions{IDPrefix: "pool-", Warm: 1, Max: 3})
				held := s.acquireAtOnce(p)
				time.Sleep(5 * time.Minute)
				s.handle(
					func(req *http.Request, forward testkit.Forward) (*http.Response, error) {
						if hit(req) {
							return nil, testkit.ErrLost
						}
						return forward()
					},
				)
				require.NoError(t, s.emulator.RevokeTokens(s.emulator.Account().ID))
				first, second := s.acquireLater(t.Context(), p), s.acquireLater(t.Context(), p)
				sent := len(s.requests())
				time.Sleep(8 * time.Minute)
				assert.Less(
					t,
					len(s.requests())-sent,
					400,
					"the outage is not answered with a storm",
				)
				s.handle(nil)
				fixed := time.Now()
				a, b := <-first, <-second
				assert.LessOrEqual(t, time.Since(fixed), 5*time.Minute)
				assert.NotEqual(t, a.Session().ID, b.Session().ID)
				assert.NoError(t, held.Context().Err(), "the lease has outlasted it")
				assert.Equal(t, arr.SessionStatusReady, s.get(a.Session().ID).Status)
			})
		})
	}
}

// A session that cannot be checked during an outage is not stopped as one too many while somebody
// waits for it.
func TestPoolKeepsTheSessionThatACallCannotCheckYet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newPoolService(t)
		p := s.newPool(lease.PoolOptions{IDPrefix: "pool-", Max: 1})
		l := s.acquire(p)
		time.Sleep(10 * time.Second)
		served := s.acquireLater(t.Context(), p)
		impatient, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		s.acquireLater(impatient, p)
		synctest.Wait()
		fix := s.fault(emulator.Fault{Operation: "get", Status: 503})
		require.NoError(t, p.Return(l))
		time.Sleep(2 * time.Minute)
		fix()
		next := <-served
		assert.Equal(t, l.Session().ID, next.Session().ID)
		require.NoError(t, p.Return(next))
		synctest.Wait()
		assert.Empty(t, s.running(), "nobody waits any more")
	})
}

// A session that could not be stopped at first is stopped in the end.
func TestPoolStopsWhatCouldNotBeStoppedAtFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newPoolService(t)
		p := s.newPool(lease.PoolOptions{IDPrefix: "pool-", Max: 2})
		l, idle := s.acquire(p), s.acquire(p)
		fix := s.fault(emulator.Fault{Operation: "stop", Status: 503})
		var notStopped *lease.NotStoppedError
		require.ErrorAs(t, l.Release(t.Context()), &notStopped)
		require.NoError(t, p.Return(idle))
		time.Sleep(3 * time.Minute)
		assert.Equal(t, 2, p.Stats().Stopping)
		assert.Len(t, s.running(), 2)
		fix()
		time.Sleep(2 * time.Minute)
		assert.Empty(t, s.running())
		assert.Zero(t, p.Stats().Stopping)
	})
}

// Over days, with everything that can go wrong, no more is billed than the budget. It is used, too.
func TestPoolNeverExceedsItsBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const budget = 20 * time.Hour
		s := newService(
			t,
			emulator.Options{
				StartupTime: emulator.RangeStartup(8*time.Second, 3*time.Minute),
				Faults:      soakFaults(),
				Seed:        soakSeed,
			},
		)
		p := s.newPool(
			lease.PoolOptions{
				IDPrefix:    "pool-",
				Warm:        1,
				Max:         6,
				Budget:      budget,
				IdleTimeout: 10 * time.Minute,
			},
		)
		var devices sync.WaitGroup
		for i := range 5 {
			random := rand.New(rand.NewPCG(soakSeed, uint64(i)))
			devices.Go(func() {
				for {
					l, err := p.Acquire(t.Context())
					if err != nil {
						assert.ErrorIs(t, err, lease.ErrBudget)
						return
					}
					for range random.IntN(30) {
						time.Sleep(time.Minute)
						l.Touch()
					}
					switch random.IntN(4) {
					case 0:
						_ = l.Release(t.Context())
					case 1:
						l.Detach()
					case 2: // forgotten
					default:
						_ = p.Return(l)
					}
				}
			})
		}
		devices.Wait()
		stats := p.Stats()
		assert.LessOrEqual(t, stats.Committed, budget)
		time.Sleep(24 * time.Hour)
		assert.Empty(t, s.running(), "the last leases have ended")
		assert.LessOrEqual(t, s.billed(), budget)
		assert.LessOrEqual(t, s.billed(), p.Stats().Spent)
		assert.Greater(t, s.billed(), budget*3/4)
		_, err := p.Acquire(t.Context())
		assert.ErrorIs(t, err, lease.ErrBudget)
	})
}

// While another holds a session that may come back, a call waits for it, though the budget allows
// no other.
func TestPoolBudgetLetsCallsWaitForSessionsThatComeBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newPoolService(t)
		p := s.newPool(lease.PoolOptions{IDPrefix: "pool-", Max: 2, Budget: 45 * time.Minute})
		l := s.acquire(p)
		served := s.acquireLater(t.Context(), p)
		time.Sleep(5 * time.Minute)
		assert.ErrorIs(t, p.Stats().LastError, lease.ErrBudget)
		require.NoError(t, p.Return(l))
		next := <-served
		assert.Equal(t, l.Session().ID, next.Session().ID)
		<-next.Context().Done()
		assert.ErrorIs(
			t,
			context.Cause(next.Context()),
			lease.ErrExpired,
			"its lease cannot be extended",
		)
		assert.ErrorIs(t, context.Cause(next.Context()), lease.ErrBudget)
	})
}
