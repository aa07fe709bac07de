// SPDX-License-Identifier: MIT

package lease_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/arr-go/azremoterendering/emulator"
	"github.com/arr-go/azremoterendering/lease"
)

// A pool creates a session as soon as the budget allows it, whatever has freed it. An end from
// outside is noticed within half a minute.
func TestPoolUsesBudgetAsSoonAsItIsFree(t *testing.T) {
	for name, test := range map[string]struct {
		free   func(s *service, l *lease.Lease)
		within time.Duration
	}{
		"a session was released": {
			func(s *service, l *lease.Lease) { s.must(l.Release(s.t.Context())) }, time.Second,
		},
		"somebody stopped a session": {
			func(s *service, l *lease.Lease) { s.stop(l.Session().ID) }, 31 * time.Second,
		},
		"the service has lost a session": {
			func(s *service, l *lease.Lease) {
				s.stop(l.Session().ID)
				s.forget(l.Session().ID)
			}, 50 * time.Second,
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newService(t, emulator.Options{
					StartupTime: emulator.FixedStartup(10 * time.Second),
				})
				p := s.newPool(lease.PoolOptions{
					IDPrefix: "pool-", Max: 9, Budget: 100 * time.Minute,
				})
				l := s.acquire(p)
				s.acquire(p)
				s.acquire(p)
				served := s.acquireLater(t.Context(), p)
				time.Sleep(3 * time.Minute)
				assert.ErrorIs(t, p.Stats().LastError, lease.ErrBudget)
				assert.Equal(t, 3, s.count("PUT"))
				test.free(s, l)
				time.Sleep(test.within)
				synctest.Wait()
				assert.Equal(t, 4, s.count("PUT"))
				assert.NotNil(t, <-served)
			})
		})
	}
}

// A creation that fails gives its budget to the next.
func TestPoolUsesTheBudgetOfAFailedCreation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t, emulator.Options{StartupTime: emulator.FixedStartup(10 * time.Second)})
		s.fault(emulator.Fault{Operation: "create", Start: emulator.StartFails, Count: 1})
		p := s.newPool(lease.PoolOptions{IDPrefix: "pool-", Max: 9, Budget: 35 * time.Minute})
		began := time.Now()
		s.acquire(p)
		assert.Less(t, time.Since(began), time.Minute)
	})
}

// A new session must have MinRemaining left when it is handed out. If the budget does not allow
// that, sessions would be created, and billed, that nobody can use.
func TestPoolBudgetIncludesTheTimeThatMustRemain(t *testing.T) {
	for minRemaining, most := range map[time.Duration]int{
		8 * time.Minute:  1, // less than LeaseTime
		20 * time.Minute: 1, // the lease is extended before the session is handed out
		24 * time.Minute: 1, // some seconds pass before that, and leases are whole minutes
		25 * time.Minute: 0,
		40 * time.Minute: 0,
	} {
		t.Run(minRemaining.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newService(t, emulator.Options{
					StartupTime: emulator.FixedStartup(10 * time.Second),
				})
				p := s.newPool(lease.PoolOptions{
					IDPrefix: "pool-", Max: 1, Budget: 25 * time.Minute,
					LeaseTime: 10 * time.Minute, MinRemaining: minRemaining,
				})
				_, err := p.Acquire(t.Context())
				if most == 0 {
					assert.ErrorIs(t, err, lease.ErrBudget)
				} else {
					assert.NoError(t, err)
				}
				time.Sleep(time.Hour)
				assert.Equal(t, most, s.count("PUT"))
			})
		})
	}
}
