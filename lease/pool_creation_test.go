// SPDX-License-Identifier: MIT

package lease_test

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
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

// results collects what concurrent calls of Pool.Acquire came to.
type results struct {
	mu     sync.Mutex
	leases []*lease.Lease
	errs   []error
	took   []time.Duration
	calls  sync.WaitGroup
}

// callers starts n calls of Acquire.
func callers(ctx context.Context, p *lease.Pool, n int) *results {
	r := &results{}
	began := time.Now()
	for range n {
		r.calls.Go(func() {
			l, err := p.Acquire(ctx)
			r.mu.Lock()
			defer r.mu.Unlock()
			r.took = append(r.took, time.Since(began))
			if err != nil {
				r.errs = append(r.errs, err)
			} else {
				r.leases = append(r.leases, l)
			}
		})
	}
	return r
}

// someSession returns a session of the service that has not ended.
func (s *service) someSession() string {
	for _, l := range s.lives() {
		if l.running() {
			return l.ID
		}
	}
	s.t.Fatal("no session runs")
	return ""
}

// 20 callers wait and 20 sessions start. What happens to one session concerns that session: every
// caller is served, no healthy session is stopped, and the replacement is created within seconds.
func TestPoolTheEndOfOneCreationConcernsThatCreation(t *testing.T) {
	for name, end := range map[string]func(s *service, id string){
		"an operator stops it": func(s *service, id string) { s.stop(id) },
		"a GET answers 404 for it, three times": func(s *service, id string) {
			s.fault(emulator.Fault{Operation: "get", Session: id, Status: 404, Count: 3})
			s.fault(emulator.Fault{Operation: "list", Status: 503, Count: 1})
		},
		"the service has lost it": func(s *service, id string) {
			s.stop(id)
			s.forget(id)
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newPoolService(t)
				p := s.newPool(lease.PoolOptions{
					IDPrefix: "pool-", Max: 20, CreateInterval: 100 * time.Millisecond,
				})
				r := callers(t.Context(), p, 20)
				time.Sleep(30 * time.Second)
				end(s, s.someSession())
				r.calls.Wait()
				assert.Empty(t, r.errs)
				assert.Len(t, r.leases, 20)
				stopped := 0
				for _, l := range s.lives() {
					if !l.running() {
						stopped++
					}
				}
				assert.LessOrEqual(t, stopped, 2, "healthy sessions were stopped")
				for _, took := range r.took {
					assert.Less(t, took, 5*time.Minute)
				}
			})
		})
	}
}

// A session that is stopped while it starts is replaced within seconds.
func TestPoolReplacesALostSessionAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t, emulator.Options{StartupTime: emulator.FixedStartup(10 * time.Second)})
		p := s.newPool(lease.PoolOptions{IDPrefix: "pool-", Max: 2})
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
		defer cancel()
		r := callers(ctx, p, 1)
		time.Sleep(5 * time.Second) // it is Starting
		s.stop(s.someSession())
		r.calls.Wait()
		require.Empty(t, r.errs)
		assert.Less(t, r.took[0], 45*time.Second)
	})
}

// While an operator, or a script, stops every session that starts, the pool tries again at growing
// intervals, and callers continue to wait.
func TestPoolBacksOffWhileEverySessionIsLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newPoolService(t)
		s.handle(func(req *http.Request, forward testkit.Forward) (*http.Response, error) {
			resp, err := forward()
			if req.Method == http.MethodPut && err == nil {
				time.AfterFunc(time.Second, func() { s.stop(sessionOf(req)) })
			}
			return resp, err
		})
		p := s.newPool(lease.PoolOptions{IDPrefix: "pool-", Max: 3})
		r := callers(t.Context(), p, 3)
		time.Sleep(time.Hour)
		created := s.count("PUT")
		assert.Greater(t, created, 60, "it goes on")
		assert.Less(t, created, 400, "at a calm pace")
		assert.Equal(t, 3, p.Stats().Waiting)
		s.handle(nil)
		r.calls.Wait()
		assert.Empty(t, r.errs)
	})
}

// sessionOf returns the session of a request.
func sessionOf(req *http.Request) string {
	return req.URL.Path[strings.LastIndex(req.URL.Path, "/")+1:]
}

// A refusal by something else, such as a gateway that received half of a request, is retried. A
// refusal by the service would be repeated for every creation, and ends the waiting.
func TestPoolRetriesARefusalThatIsNotTheServices(t *testing.T) {
	for _, method := range []string{http.MethodPut, http.MethodGet} {
		t.Run(method, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newPoolService(t)
				refused := 0
				s.handle(func(req *http.Request, forward testkit.Forward) (*http.Response, error) {
					if req.Method == method && strings.Contains(req.URL.Path, "/sessions") &&
						refused < 3 {
						refused++
						return answer(req, http.StatusBadRequest), nil
					}
					return forward()
				})
				began := time.Now()
				s.acquire(s.newPool(lease.PoolOptions{IDPrefix: "pool-", Max: 1}))
				assert.Less(t, time.Since(began), 3*time.Minute)
				assert.Equal(t, 3, refused)
			})
		})
	}
	t.Run("one of the service", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := newPoolService(t)
			s.fault(emulator.Fault{Operation: "create", Status: http.StatusBadRequest})
			p := s.newPool(lease.PoolOptions{IDPrefix: "pool-", Max: 1})
			_, err := p.Acquire(t.Context())
			var refused *arr.ServiceError
			require.ErrorAs(t, err, &refused)
			assert.Equal(t, http.StatusBadRequest, refused.StatusCode)
		})
	})
}

// A host name that does not exist ends the waiting, unless the service has answered before: then
// this machine has lost its network.
func TestPoolUnknownHostEndsTheWaiting(t *testing.T) {
	unknown := func(*http.Request, testkit.Forward) (*http.Response, error) {
		return nil, &net.DNSError{Err: "no such host", Name: "example", IsNotFound: true}
	}
	t.Run("from the start", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := newPoolService(t)
			s.handle(unknown)
			_, err := s.newPool(lease.PoolOptions{IDPrefix: "pool-", Max: 1}).Acquire(t.Context())
			var dns *net.DNSError
			assert.ErrorAs(t, err, &dns)
		})
	})
	t.Run("later", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := newPoolService(t)
			p := s.newPool(lease.PoolOptions{IDPrefix: "pool-", Max: 1})
			time.Sleep(time.Second)
			s.handle(unknown)
			served := s.acquireLater(t.Context(), p)
			time.Sleep(10 * time.Minute)
			s.handle(nil)
			assert.NotNil(t, <-served)
		})
	})
}

// A warm session whose lookup is refused for its own sake costs one caller a retry, not its call.
func TestPoolReplacesASessionThatTheServiceRefusesToShow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newPoolService(t)
		p := s.newWarmPool(lease.PoolOptions{IDPrefix: "pool-", Warm: 1, Max: 1})
		odd := s.running()[0]
		time.Sleep(10 * time.Second)
		s.fault(emulator.Fault{Operation: "get", Session: odd, Status: http.StatusBadRequest})
		ctx, cancel := context.WithTimeout(t.Context(), 15*time.Minute)
		defer cancel()
		l, err := p.Acquire(ctx)
		require.NoError(t, err)
		assert.NotEqual(t, odd, l.Session().ID)
	})
}

// A pool of 2,000 is warm in minutes. At one creation a second, it would take 33 minutes and the
// time that the last needs to start.
func TestPoolOfThousandsIsWarmInMinutes(t *testing.T) {
	if testkit.RaceDetector {
		t.Skip("it shows a time, and takes many times as long with the race detector")
	}
	synctest.Test(t, func(t *testing.T) {
		s := newPoolService(t) // sessions start in two minutes
		began := time.Now()
		p := s.newPool(lease.PoolOptions{IDPrefix: "pool-", Warm: 2000, Max: 2000})
		for p.Stats().Idle < 2000 && time.Since(began) < time.Hour {
			time.Sleep(5 * time.Second)
		}
		t.Logf("2,000 sessions were warm after %v", time.Since(began))
		assert.LessOrEqual(t, time.Since(began), 5*time.Minute)
		assert.Equal(t, 2000, s.count("PUT"))
	})
}

// Sessions that are due together are all within the budget: none is tried and refused.
func TestPoolCreatesSeveralAtOnceWithinItsBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log records
		s := newPoolService(t)
		p := s.newPool(lease.PoolOptions{
			IDPrefix: "pool-", Warm: 10, Max: 10, CreateInterval: time.Millisecond,
			LeaseTime: time.Hour, MaxLeaseTime: time.Hour, Budget: 4*time.Hour + time.Minute,
			Logger: slog.New(&log),
		})
		time.Sleep(10 * time.Minute)
		assert.Equal(t, 4, s.count("PUT"))
		assert.Equal(t, 4, p.Stats().Idle)
		assert.Empty(t, log.of("WARN pool could not create a session"))
	})
}

// Sessions that are created together and fail together say one thing: the pool waits once.
func TestPoolTakesTheFailuresOfOneMomentForOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newPoolService(t)
		s.fault(emulator.Fault{Operation: "create", Status: 503, Count: 10})
		p := s.newPool(lease.PoolOptions{
			IDPrefix: "pool-", Warm: 10, Max: 10, CreateInterval: 10 * time.Millisecond,
		})
		synctest.Wait()
		assert.Equal(t, 10, s.count("PUT"), "at once")
		time.Sleep(2500 * time.Millisecond)
		assert.Equal(t, 20, s.count("PUT"), "after one pause")
		time.Sleep(3 * time.Minute)
		assert.Equal(t, 10, p.Stats().Idle)
	})
}
