// SPDX-License-Identifier: MIT

package lease_test

import (
	"context"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering/lease"
)

// acquireSoak is sessions acquired and released one by one.
type acquireSoak struct {
	*soak
	watcher *lease.Watcher

	mu       sync.Mutex
	handOuts []*handOut
	failed   int
}

// Many sessions, a thousand in the full soak, are acquired and released while one request in five
// fails; every other one with a Watcher. Nothing may be handed out that will not do, nothing may
// keep running, and next to nothing may be billed that was not asked for.
//
// The least that can be billed for a session is the time from the moment in which it became Ready,
// by the emulator, to the call of Release. Billed is what the emulator counts for all sessions that
// there ever were, those included that were created and nobody got, each from Ready to its end.
func TestSoakAcquire(t *testing.T) {
	t.Parallel()
	workers, each := 20, 10
	if fullSoak() {
		workers, each = 40, 25
	}
	began := time.Now()
	synctest.Test(t, func(t *testing.T) {
		a := &acquireSoak{soak: newSoak(t)}
		var err error
		a.watcher, err = lease.NewWatcher(
			a.client,
			lease.WatcherOptions{Interval: 15 * time.Second},
		)
		require.NoError(t, err)
		defer a.watcher.Close()
		ctx, cancel := context.WithCancel(t.Context())
		var all, revoking sync.WaitGroup
		revoking.Go(func() { a.revokeTokens(ctx) })
		for i := range workers {
			random := rand.New(rand.NewPCG(soakSeed, uint64(i+1)))
			options := lease.AcquireOptions{IDPrefix: "soak-", MinRemaining: 12 * time.Minute}
			if i%2 == 0 {
				options.Watcher = a.watcher
			}
			all.Go(func() {
				for range each {
					a.live(random, options)
				}
			})
		}
		all.Wait()
		cancel()
		revoking.Wait()
		a.check(workers * each)
	})
	t.Logf("took %v", time.Since(began).Round(time.Millisecond))
}

// live acquires a session, holds it, and releases it.
func (a *acquireSoak) live(random *rand.Rand, options lease.AcquireOptions) {
	time.Sleep(time.Duration(random.Int64N(int64(10 * time.Minute))))
	l, err := lease.Acquire(a.t.Context(), a.client, options)
	for err != nil { // the tries of the client are used up at times
		a.mu.Lock()
		a.failed++
		a.mu.Unlock()
		time.Sleep(10 * time.Second)
		l, err = lease.Acquire(a.t.Context(), a.client, options)
	}
	h := a.taken(l)
	time.Sleep(10*time.Minute + time.Duration(random.Int64N(int64(50*time.Minute))))
	assert.NoError(a.t, l.Context().Err(), "the lease was kept: %v", context.Cause(l.Context()))
	h.over = time.Now()
	assert.NoError(a.t, l.Release(a.t.Context()))
	a.mu.Lock()
	defer a.mu.Unlock()
	a.handOuts = append(a.handOuts, h)
}

// check compares what happened with what was promised, and what was billed with what was asked for.
func (a *acquireSoak) check(want int) {
	t, lives := a.t, a.livesByID()
	a.checkHandOuts(a.handOuts, 12*time.Minute)
	assert.Len(t, a.handOuts, want)
	var least, billed time.Duration
	for _, h := range a.handOuts {
		least += h.over.Sub(lives[h.id].ReadyAt)
	}
	for id, l := range lives {
		assert.False(t, l.running(), "%s runs", id)
		billed += l.billed(time.Now())
	}
	t.Logf(
		"seed %d: %d hand-outs, %d sessions, %d calls of Acquire that failed",
		soakSeed,
		len(a.handOuts),
		len(lives),
		a.failed,
	)
	t.Logf("%d requests, %.1f faults for 100", a.requests.Load(), 100*a.failedShare())
	t.Logf(
		"billed %.0f minutes; the least is %.0f: %+.2f %%",
		billed.Minutes(),
		least.Minutes(),
		100*(billed.Minutes()/least.Minutes()-1),
	)
	assert.LessOrEqual(t, billed.Minutes(), 1.05*least.Minutes())
}
