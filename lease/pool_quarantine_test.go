// SPDX-License-Identifier: MIT

package lease_test

import (
	"context"
	"io"
	"net/http"
	"strings"
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

// showAs makes the service show a session in a state that nobody knows, until show is false.
func (s *service) showAs(id, status string, show *atomic.Bool) {
	show.Store(true)
	s.handle(
		func(req *http.Request, forward testkit.Forward) (*http.Response, error) {
			if req.Method != http.MethodGet || !show.Load() {
				return forward()
			}
			return changeAnswers(req, forward, func(m map[string]any) {
				sessions, _ := m["sessions"].([]any)
				for _, x := range append(sessions, m) {
					if session := x.(map[string]any); session["id"] == id {
						session["status"] = status
					}
				}
			})
		},
	)
}

// A session that cannot be looked at does not keep the others from being handed out.
func TestPoolPassesOverASessionThatCannotBeLookedAt(t *testing.T) {
	for name, fault := range map[string]emulator.Fault{
		"refused": {Operation: "get", Status: 503},
		"hangs":   {Operation: "get", Delay: 24 * time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newPoolService(t)
				// With room for a third session, a list read for its creation might show the sick
				// one at the very moment of the check, which then needs no look.
				p := s.newWarmPool(lease.PoolOptions{IDPrefix: "pool-", Warm: 2, Max: 2})
				time.Sleep(10 * time.Second)
				l := s.acquireAtOnce(p) // the one that is looked at first
				require.NoError(t, p.Return(l))
				fault.Session = l.Session().ID
				s.fault(fault)
				time.Sleep(10 * time.Second)
				began := time.Now()
				other, err := p.Acquire(t.Context())
				require.NoError(t, err)
				assert.NotEqual(t, l.Session().ID, other.Session().ID)
				assert.Less(
					t,
					time.Since(began),
					30*time.Second,
					"a healthy session was idle all the time",
				)
			})
		})
	}
}

// The same holds when callers give up before the check of that session ends.
func TestPoolPassesOverASessionThatOutlastsTheCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newPoolService(t)
		p := s.newWarmPool(poolOptions)
		time.Sleep(10 * time.Second)
		l := s.acquireAtOnce(p)
		require.NoError(t, p.Return(l))
		s.fault(emulator.Fault{Operation: "get", Session: l.Session().ID, Delay: 24 * time.Hour})
		time.Sleep(10 * time.Second)
		served := 0
		for range 3 {
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			if _, err := p.Acquire(ctx); err == nil {
				served++
			}
			cancel()
		}
		assert.GreaterOrEqual(t, served, 1)
	})
}

// While a session is in quarantine another is created, and Max holds.
func TestPoolReplacesASessionInAStateThatNobodyKnows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newPoolService(t)
		p := s.newWarmPool(lease.PoolOptions{IDPrefix: "pool-", Warm: 1, Max: 2})
		time.Sleep(10 * time.Second)
		sick := s.running()[0]
		var show atomic.Bool
		s.showAs(sick, "Hibernating", &show)
		began := time.Now()
		assert.NotEqual(t, sick, s.acquire(p).Session().ID)
		assert.LessOrEqual(t, time.Since(began), 3*time.Minute)
		assert.Len(t, s.running(), 2)
	})
}

// With room for one session only, one that stays in quarantine is stopped in the end, so that
// another can be created.
func TestPoolStopsASessionThatStaysInQuarantine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newPoolService(t)
		p := s.newWarmPool(lease.PoolOptions{IDPrefix: "pool-", Warm: 1, Max: 1})
		time.Sleep(10 * time.Second)
		sick := s.running()[0]
		var show atomic.Bool
		s.showAs(sick, "Hibernating", &show)
		served := s.acquireLater(t.Context(), p)
		time.Sleep(4 * time.Minute)
		assert.Equal(t, []string{sick}, s.running())
		time.Sleep(4 * time.Minute)
		assert.Equal(t, arr.SessionStatusStopped, s.get(sick).Status)
		assert.NotEqual(t, sick, (<-served).Session().ID)
	})
}

// A check that passes ends quarantine: the session is used again, and the one that was begun in its
// place is given up.
func TestPoolUsesASessionAgainAfterQuarantine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newPoolService(t)
		p := s.newWarmPool(lease.PoolOptions{IDPrefix: "pool-", Warm: 1, Max: 3})
		time.Sleep(10 * time.Second)
		sick := s.running()[0]
		var show atomic.Bool
		s.showAs(sick, "Hibernating", &show)
		served := s.acquireLater(t.Context(), p)
		time.Sleep(30 * time.Second)
		assert.Equal(t, 2, p.Stats().Starting)
		show.Store(false)
		time.Sleep(20 * time.Second)
		l := <-served
		assert.Equal(t, sick, l.Session().ID)
		assert.Equal(t, 1, p.Stats().Starting)
	})
}

// Once there are as many others as are wanted, a quarantined session is one too many.
func TestPoolStopsAQuarantinedSessionThatWasReplaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newPoolService(t)
		p := s.newWarmPool(lease.PoolOptions{IDPrefix: "pool-", Warm: 1, Max: 3})
		time.Sleep(10 * time.Second)
		sick := s.running()[0]
		var show atomic.Bool
		s.showAs(sick, "Hibernating", &show)
		s.acquire(p)
		time.Sleep(10 * time.Second)
		assert.NotContains(t, s.running(), sick)
		assert.Len(t, s.running(), 2)
	})
}

// During an outage of the whole service no session is given up, however long it lasts.
func TestPoolKeepsQuarantinedSessionsThroughAnOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newPoolService(t)
		p := s.newWarmPool(lease.PoolOptions{IDPrefix: "pool-", Warm: 1, Max: 1})
		time.Sleep(10 * time.Second)
		before := s.running()
		fix := s.fault(emulator.Fault{Status: 503})
		served := s.acquireLater(t.Context(), p)
		time.Sleep(9 * time.Minute)
		fix()
		assert.Equal(t, before[0], (<-served).Session().ID)
	})
}

// An answer that was minutes on its way shows what was before. The session is checked again.
func TestPoolDoesNotTrustAnAnswerThatTookItsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newPoolService(t)
		p := s.newWarmPool(lease.PoolOptions{IDPrefix: "pool-", Warm: 1, Max: 2})
		old := s.running()[0]
		arrived := make(chan struct{})
		var late atomic.Bool
		s.handle(
			func(req *http.Request, forward testkit.Forward) (*http.Response, error) {
				resp, err := forward()
				if testkit.Name(req) == "LIST" && late.CompareAndSwap(false, true) {
					assert.NoError(t, s.emulator.SetStatus(old, arr.SessionStatusError))
					time.Sleep(20 * time.Second)
					close(arrived)
				}
				return resp, err
			},
		)
		<-arrived
		synctest.Wait()
		assert.NotEqual(t, old, s.acquire(p).Session().ID)
	})
}

// A session that comes back at the moment in which the call that waits for it gives up is not lost.
func TestPoolReturnAtTheMomentOfGivingUp(t *testing.T) {
	for range 100 {
		synctest.Test(t, func(t *testing.T) {
			s := newPoolService(t)
			p := s.newWarmPool(lease.PoolOptions{IDPrefix: "pool-", Warm: 1, Max: 1})
			l := s.acquire(p)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			served := s.acquireLater(ctx, p)
			time.Sleep(time.Second)
			synctest.Wait()
			cancel()
			_ = p.Return(l)
			got := <-served
			synctest.Wait()
			if got != nil {
				assert.Equal(t, 1, p.Stats().HandedOut)
			} else {
				require.Equal(t, 1, p.Stats().Idle, "%+v", p.Stats())
			}
		})
	}
}

// A session that can never be stopped takes up room until its lease has ended, and no longer.
func TestPoolHasRoomAgainWhenTheLeaseOfASessionHasEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newPoolService(t)
		p := s.newPool(lease.PoolOptions{IDPrefix: "pool-", Max: 1})
		l := s.acquire(p)
		s.fault(emulator.Fault{Operation: "stop", Session: l.Session().ID, Status: 503})
		require.NoError(t, p.Return(l))
		time.Sleep(20 * time.Minute)
		assert.Equal(t, 1, p.Stats().Stopping)
		time.Sleep(13 * time.Minute)
		assert.Zero(t, p.Stats().Stopping)
		assert.NotEqual(t, l.Session().ID, s.acquire(p).Session().ID)
	})
}

// What the pool created itself is of the size that it asked for, however the service spells that,
// and whether it tells it.
func TestPoolUsesItsOwnSessionsHoweverTheirSizeIsSpelt(t *testing.T) {
	for _, size := range []string{"standard", "Standard_v2", ""} {
		t.Run(size, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newPoolService(t)
				s.handle(
					func(req *http.Request, forward testkit.Forward) (*http.Response, error) {
						return changeAnswers(req, forward, func(m map[string]any) {
							sessions, _ := m["sessions"].([]any)
							for _, x := range append(sessions, m) {
								if x.(map[string]any)["size"] = size; size == "" {
									delete(x.(map[string]any), "size")
								}
							}
						})
					},
				)
				p := s.newPool(lease.PoolOptions{IDPrefix: "pool-", Warm: 1, Max: 1})
				time.Sleep(time.Hour)
				assert.Equal(t, 1, s.count("PUT"))
				s.acquireAtOnce(p)
			})
		})
	}
}

// Nothing is billed for a creation that was refused, so nothing is charged.
func TestPoolChargesNothingForCreationsThatWereRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newPoolService(t)
		fix := s.fault(
			emulator.Fault{Operation: "create", Status: 429, RetryAfter: 50 * time.Second},
		)
		p := s.newPool(lease.PoolOptions{IDPrefix: "pool-", Warm: 1, Max: 1, Budget: time.Hour})
		time.Sleep(3 * time.Hour)
		assert.Zero(t, p.Stats().Spent)
		fix()
		time.Sleep(10 * time.Minute)
		assert.Equal(t, 1, p.Stats().Idle)
	})
}

// The budget counts what the service grants, even if that is more than was requested.
func TestPoolCountsTheLeasesThatItWasGranted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newPoolService(t)
		s.handle(
			func(req *http.Request, forward testkit.Forward) (*http.Response, error) {
				if req.Method == http.MethodPut {
					body := `{"maxLeaseTimeMinutes":600,"size":"Standard"}`
					req.Body, req.ContentLength = io.NopCloser(
						strings.NewReader(body),
					), int64(
						len(body),
					)
				}
				return forward()
			},
		)
		p := s.newPool(lease.PoolOptions{IDPrefix: "pool-", Warm: 2, Max: 2, Budget: 2 * time.Hour})
		time.Sleep(10 * time.Minute)
		assert.Equal(t, 10*time.Hour*time.Duration(len(s.running())), p.Stats().Committed)
		assert.Len(t, s.running(), 1, "the first grant was more than the budget already")
	})
}

// What others add to a lease counts too.
func TestPoolCountsWhatOthersExtend(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newPoolService(t)
		p := s.newWarmPool(
			lease.PoolOptions{IDPrefix: "pool-", Warm: 1, Max: 2, Budget: 2 * time.Hour},
		)
		_, err := s.direct.Update(
			t.Context(),
			s.running()[0],
			arr.UpdateSessionSettings{MaxLeaseTime: 100 * time.Minute},
			nil,
		)
		require.NoError(t, err)
		time.Sleep(time.Minute)
		assert.Equal(t, 100*time.Minute, p.Stats().Committed)
	})
}
