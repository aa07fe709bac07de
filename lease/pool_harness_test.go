// SPDX-License-Identifier: MIT

package lease_test

import (
	"context"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator"
	"github.com/arr-go/azremoterendering/internal/testkit"
	"github.com/arr-go/azremoterendering/lease"
)

// poolOptions are those of most tests: two warm sessions, four at most.
var poolOptions = lease.PoolOptions{IDPrefix: "pool-", Warm: 2, Max: 4}

// newPoolService starts an emulator whose sessions take two minutes to start.
func newPoolService(t testing.TB) *service {
	t.Helper()
	return newService(t, emulator.Options{StartupTime: emulator.FixedStartup(2 * time.Minute)})
}

// newPool starts a pool, which is closed at the end of the test.
func (s *service) newPool(options lease.PoolOptions) *lease.Pool {
	s.t.Helper()
	p, err := lease.NewPool(s.client, options)
	require.NoError(s.t, err)
	s.t.Cleanup(func() { _ = p.Close(context.WithoutCancel(s.t.Context())) })
	return p
}

// newWarmPool starts a pool and waits until its sessions are ready.
func (s *service) newWarmPool(options lease.PoolOptions) *lease.Pool {
	s.t.Helper()
	p := s.newPool(options)
	time.Sleep(3 * time.Minute)
	require.Equal(s.t, options.Warm, p.Stats().Idle)
	return p
}

// acquire waits for a session of a pool.
func (s *service) acquire(p *lease.Pool) *lease.Lease {
	s.t.Helper()
	l, err := p.Acquire(s.t.Context())
	require.NoError(s.t, err)
	session := s.get(l.Session().ID)
	require.Equal(s.t, arr.SessionStatusReady, session.Status)
	return l
}

// acquireAtOnce gets a session of a pool that has one ready.
func (s *service) acquireAtOnce(p *lease.Pool) *lease.Lease {
	s.t.Helper()
	began := time.Now()
	l := s.acquire(p)
	require.Zero(s.t, time.Since(began))
	return l
}

// acquireLater calls Acquire in the background, and returns where the lease will be; nil if there
// is none.
func (s *service) acquireLater(ctx context.Context, p *lease.Pool) <-chan *lease.Lease {
	served := make(chan *lease.Lease, 1)
	go func() {
		l, err := p.Acquire(ctx)
		if err != nil {
			assert.Nil(s.t, l)
		}
		served <- l
	}()
	return served
}

// life returns what the emulator knows of a session.
func (s *service) life(id string) life {
	s.t.Helper()
	for _, l := range s.lives() {
		if l.ID == id {
			return l
		}
	}
	s.t.Fatalf("there was never a session %q", id)
	return life{}
}

// billed returns what all sessions have been billed so far.
func (s *service) billed() (sum time.Duration) {
	s.t.Helper()
	for _, l := range s.lives() {
		sum += l.billed(time.Now())
	}
	return sum
}

// line is the network of one program, which can be cut: what the program does from then on
// reaches nobody, as after a crash.
type line struct {
	*service
	cut atomic.Bool
}

func (l *line) Do(req *http.Request) (*http.Response, error) {
	if l.cut.Load() {
		return nil, testkit.ErrLost
	}
	return l.service.Do(req)
}

// crash starts a pool, lets use do what it will with it, and cuts the pool off. It returns when the
// program could have been restarted.
func (s *service) crash(options lease.PoolOptions, use func(p *lease.Pool)) {
	s.t.Helper()
	network := &line{service: s}
	client := s.newClient("https://remoterendering.westeurope.mixedreality.azure.com", network)
	p, err := lease.NewPool(client, options)
	require.NoError(s.t, err)
	use(p)
	network.cut.Store(true)
	// What is left of the crashed program here has to end with the test. It reaches nothing.
	s.t.Cleanup(func() { _ = p.Close(context.WithoutCancel(s.t.Context())) })
}
