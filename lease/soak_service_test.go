// SPDX-License-Identifier: MIT

package lease_test

import (
	"context"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering/emulator"
	"github.com/arr-go/azremoterendering/internal/testkit"
	"github.com/arr-go/azremoterendering/lease"
)

// soakSeed makes the draws of a soak repeatable. What goroutines do at the same moment of virtual
// time is not, so two runs differ a little.
const soakSeed = 20210101

// fullSoak reports whether the soaks run at full size, as they do in CI. That takes a minute of one
// core; by default they are small.
func fullSoak() bool { return os.Getenv("ARR_SOAK") != "" }

// soakFaults fail one request in five, whatever it asks for, tokens included. Each fault is met by
// one request in 36, and there are eight of them: 1 − (35/36)⁸ = 20.2 %.
func soakFaults() []emulator.Fault {
	const chance = 1.0 / 36
	return []emulator.Fault{
		{Probability: chance, Status: 429, RetryAfter: 3 * time.Second},
		{Probability: chance, Status: 500},
		{Probability: chance, Status: 503, AfterEffect: true},
		{Probability: chance, Drop: emulator.DropBefore},
		{Probability: chance, Drop: emulator.DropAfter},
		{Probability: chance, Delay: 4 * time.Second},
		{Probability: chance, Body: emulator.BodyTruncated},
		{Probability: chance, Body: emulator.BodySlow, SlowFor: 4 * time.Second},
	}
}

// soak is a service that fails, and the books that the test keeps about it: it stands behind the
// sessions as their servers, where no fault reaches, and so knows the lease of each at any moment.
type soak struct {
	*service
	requests atomic.Int64

	books   sync.Mutex
	random  *rand.Rand
	servers map[string]*bookedServer // by session id
}

func newSoak(t *testing.T) *soak {
	t.Helper()
	// A token exchange that nobody waits for any more may still be retrying when a soak is over. It
	// takes 30 seconds at most, and must not outlive the bubble.
	t.Cleanup(func() { time.Sleep(time.Minute) })
	b := &soak{random: rand.New(rand.NewPCG(soakSeed, 0)), servers: make(map[string]*bookedServer)}
	b.service = newService(t, emulator.Options{
		Backend:       b,
		TokenLifetime: 10 * time.Minute,
		Faults:        soakFaults(),
		Seed:          soakSeed,
	})
	b.handle(
		func(_ *http.Request, forward testkit.Forward) (*http.Response, error) {
			b.requests.Add(1)
			return forward()
		},
	)
	return b
}

// Start starts the server of a session, which takes as long as the service was seen to take.
func (b *soak) Start(spec emulator.ServerSpec) emulator.BackendServer {
	b.books.Lock()
	defer b.books.Unlock()
	startup := 8*time.Second + time.Duration(b.random.Int64N(int64(172*time.Second)))
	server := &bookedServer{readyAt: time.Now().Add(startup), lease: spec.Lease}
	b.servers[spec.SessionID] = server
	return server
}

// bookedServer is the server of one session.
type bookedServer struct {
	readyAt time.Time

	mu    sync.Mutex
	lease time.Duration
}

func (s *bookedServer) Status() emulator.ServerStatus {
	return emulator.ServerStatus{
		ReadyAt:          s.readyAt,
		Hostname:         "server.example",
		HandshakePort:    50000,
		ArrInspectorPort: 50001,
		Settled:          true,
	}
}

func (s *bookedServer) SetLease(lease time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lease = lease
}

func (*bookedServer) Stop() {}

func (b *soak) server(id string) *bookedServer {
	b.books.Lock()
	defer b.books.Unlock()
	return b.servers[id]
}

// handOut is a session in the hands of one device.
type handOut struct {
	id       string
	at, over time.Time     // over is when the device gave it back, or had it taken away
	left     time.Duration // of its lease when it was handed out, by the books
	kept     bool          // detached: the session was to go on until its lease ended
}

// taken notes that a device has just been handed a session.
func (b *soak) taken(l *lease.Lease) *handOut {
	server := b.server(l.Session().ID)
	server.mu.Lock()
	defer server.mu.Unlock()
	return &handOut{
		id:   l.Session().ID,
		at:   time.Now(),
		left: time.Until(server.readyAt.Add(server.lease)),
	}
}

// revokeTokens revokes all access tokens every now and then, until ctx ends.
func (b *soak) revokeTokens(ctx context.Context) {
	for {
		select {
		case <-time.After(47 * time.Minute):
			assert.NoError(b.t, b.emulator.RevokeTokens(b.emulator.Account().ID))
		case <-ctx.Done():
			return
		}
	}
}

// livesByID returns what the emulator knows of all sessions that there were.
func (b *soak) livesByID() map[string]life {
	lives := make(map[string]life)
	for _, l := range b.lives() {
		lives[l.ID] = l
	}
	return lives
}

// checkHandOuts compares all hand-outs with what the emulator knows: each session was Ready, had
// what was promised left of its lease, and was in the hands of nobody else.
func (b *soak) checkHandOuts(all []*handOut, promised time.Duration) {
	b.t.Helper()
	lives := b.livesByID()
	bySession := make(map[string][]*handOut)
	for _, h := range all {
		life, known := lives[h.id]
		require.True(b.t, known, h.id)
		assert.False(
			b.t,
			h.at.Before(life.ReadyAt),
			"%s was handed out %v before it was Ready",
			h.id,
			life.ReadyAt.Sub(h.at),
		)
		assert.True(
			b.t,
			life.EndedAt.IsZero() || h.at.Before(life.EndedAt),
			"%s was handed out %v after its end",
			h.id,
			h.at.Sub(life.EndedAt),
		)
		assert.GreaterOrEqual(b.t, h.left, promised, "what is left of the lease of %s", h.id)
		for _, other := range bySession[h.id] {
			assert.False(
				b.t,
				h.at.Before(other.over) && other.at.Before(h.over),
				"%s was in two hands",
				h.id,
			)
		}
		bySession[h.id] = append(bySession[h.id], h)
	}
}

// failedShare returns how many faults were met for each request. Delays and spoilt bodies can
// coincide, so it is a little more than the share of requests.
func (b *soak) failedShare() float64 {
	var hits int
	for _, f := range b.emulator.Faults() {
		hits += f.Affected
	}
	return float64(hits) / float64(b.requests.Load())
}

// surplus adds up for how long a count was above a bound, times by how much. changes say how the
// count changes and when.
func surplus(changes map[time.Time]int, bound int) (sum time.Duration) {
	count, last := 0, time.Time{}
	for _, at := range slices.SortedFunc(maps.Keys(changes), time.Time.Compare) {
		if count > bound {
			sum += time.Duration(count-bound) * at.Sub(last)
		}
		count += changes[at]
		last = at
	}
	return sum
}
