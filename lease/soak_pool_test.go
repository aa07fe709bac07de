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

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/lease"
)

// poolSoak is a pool in use by many devices.
type poolSoak struct {
	*soak
	pool     *lease.Pool
	deadline time.Time // when devices stop to arrive
	warm     int

	mu       sync.Mutex
	handOuts []*handOut
	leavings map[leaving]int
	gaveUp   int
}

// leaving is how a device leaves.
type leaving string

const (
	returns  leaving = "return"
	releases leaving = "release"
	forgets  leaving = "forget"
	detaches leaving = "detach"
	dies     leaving = "session died"
)

// Devices come and go for hours, for a day in the full soak, while one request in five fails.
// Nothing may be handed out that will not do, nothing may keep running, and next to nothing may be
// billed that was not asked for.
//
// Asked for, and so the least that can be billed, are
//   - for each hand-out, the time from the hand-out until the device returned or released its
//     session. A device that forgot about it held it until IdleTimeout ended its lease, and one
//     whose session died until it died. A session that was detached was asked to go on until the
//     end of its lease.
//   - the warm sessions, for the whole time from the start of the pool to its close.
//
// Billed is what the emulator counts for all sessions that there ever were, each from Ready to its
// end.
//
// While sessions start, fewer than the warm ones are there, and what is saved then could hide
// waste. So a second figure adds up, moment for moment, the sessions that ran beyond those handed
// out and Warm, with nothing to offset.
func TestSoakPool(t *testing.T) {
	t.Parallel()
	span, devices := 8*time.Hour, 100
	if fullSoak() {
		span, devices = 24*time.Hour, 200
	}
	const warm = 6
	began := time.Now()
	synctest.Test(t, func(t *testing.T) {
		p := &poolSoak{
			soak:     newSoak(t),
			warm:     warm,
			deadline: time.Now().Add(span),
			leavings: make(map[leaving]int),
		}
		var err error
		p.pool, err = lease.NewPool(p.client, lease.PoolOptions{
			IDPrefix:     "pool-",
			Warm:         warm,
			Max:          devices + warm,
			IdleTimeout:  10 * time.Minute,
			MinRemaining: 12 * time.Minute,
			Watch:        lease.WatcherOptions{Interval: 15 * time.Second},
		})
		require.NoError(t, err)
		start := time.Now()
		p.use(devices)
		closing := time.Now()
		require.NoError(t, p.pool.Close(t.Context()))
		p.check(start, closing)
	})
	t.Logf("took %v", time.Since(began).Round(time.Millisecond))
}

// use lets the devices come and go until the deadline, and the last of them leave.
func (p *poolSoak) use(devices int) {
	ctx, cancel := context.WithCancel(p.t.Context())
	var all, revoking sync.WaitGroup
	revoking.Go(func() { p.revokeTokens(ctx) })
	for i := range devices {
		random := rand.New(rand.NewPCG(soakSeed, uint64(i+1)))
		all.Go(func() { p.device(random) })
	}
	all.Wait()
	cancel()
	revoking.Wait()
}

// device is one device: away for a while, then in use, and so on.
func (p *poolSoak) device(random *rand.Rand) {
	between := func(from, to time.Duration) time.Duration { return from + time.Duration(random.Int64N(int64(to-from))) }
	away := func() { time.Sleep(between(10*time.Minute, 4*time.Hour)) }
	for time.Sleep(between(0, 4*time.Hour)); time.Now().Before(p.deadline); away() {
		if random.IntN(8) == 0 { // a lesson begins on the hour, and many come at once
			time.Sleep(time.Until(time.Now().Truncate(time.Hour).Add(time.Hour)))
		}
		ctx, cancel := context.WithTimeout(p.t.Context(), between(30*time.Second, 10*time.Minute))
		l, err := p.pool.Acquire(ctx)
		cancel()
		if err != nil {
			assert.ErrorIs(p.t, err, context.DeadlineExceeded)
			p.mu.Lock()
			p.gaveUp++
			p.mu.Unlock()
			continue
		}
		h := p.taken(l)
		how := leave(random)
		p.hold(l, between(10*time.Minute, time.Hour))
		p.leave(l, h, how)
	}
}

// leave draws how a device leaves.
func leave(random *rand.Rand) leaving {
	switch n := random.IntN(100); {
	case n < 80:
		return returns
	case n < 90:
		return releases
	case n < 95:
		return forgets
	case n < 98:
		return dies
	default:
		return detaches
	}
}

// hold is a device in use, which sends heartbeats.
func (p *poolSoak) hold(l *lease.Lease, d time.Duration) {
	until := time.Now().Add(d)
	for time.Now().Before(until) {
		time.Sleep(min(2*time.Minute, time.Until(until)))
		l.Touch()
	}
	assert.NoError(p.t, l.Context().Err(), "the lease was kept: %v", context.Cause(l.Context()))
}

// leave ends the use of a session. It notes the end before the pool learns of it, for the next
// device may have the session at once.
func (p *poolSoak) leave(l *lease.Lease, h *handOut, how leaving) {
	h.over = time.Now()
	switch how {
	case returns:
		assert.NoError(p.t, p.pool.Return(l))
	case releases:
		assert.NoError(p.t, l.Release(p.t.Context()))
	case detaches:
		h.kept = true
		l.Detach()
	case forgets:
		<-l.Context().Done()
		h.over = time.Now()
		assert.ErrorIs(p.t, context.Cause(l.Context()), lease.ErrIdle)
	case dies:
		assert.NoError(p.t, p.emulator.SetStatus(h.id, arr.SessionStatusError))
		<-l.Context().Done()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.handOuts = append(p.handOuts, h)
	p.leavings[how]++
}

// check compares what happened with what was promised, and what was billed with what was asked for.
func (p *poolSoak) check(start, closing time.Time) {
	t, now, lives := p.t, time.Now(), p.livesByID()
	var least, billed time.Duration
	kept := make(map[string]bool)
	for _, h := range p.handOuts {
		if h.kept {
			kept[h.id] = true
			h.over = now
			if end := lives[h.id].EndedAt; !end.IsZero() {
				h.over = end
			}
		}
		least += h.over.Sub(h.at)
	}
	p.checkHandOuts(p.handOuts, 12*time.Minute)
	least += time.Duration(p.warm) * closing.Sub(start)
	for id, l := range lives {
		assert.True(t, !l.running() || kept[id], "%s runs, and nobody asked for it", id)
		billed += l.billed(now)
	}
	beyond := p.beyond(lives, now)
	t.Logf(
		"seed %d: %d hand-outs of %d sessions to devices that left so: %v; %d times a device gave up waiting",
		soakSeed,
		len(p.handOuts),
		len(lives),
		p.leavings,
		p.gaveUp,
	)
	t.Logf("%d requests, %.1f faults for 100", p.requests.Load(), 100*p.failedShare())
	t.Logf(
		"billed %.0f minutes; the least is %.0f: %+.2f %%",
		billed.Minutes(),
		least.Minutes(),
		100*(billed.Minutes()/least.Minutes()-1),
	)
	t.Logf(
		"beyond what was handed out and warm at the same moment: %.0f minutes, %.2f %%",
		beyond.Minutes(),
		100*beyond.Minutes()/least.Minutes(),
	)
	assert.LessOrEqual(t, billed.Minutes(), 1.05*least.Minutes())
	assert.LessOrEqual(t, beyond.Minutes(), 0.05*least.Minutes())
}

// beyond adds up, over time, how many sessions ran beyond those in the hands of devices and the
// warm ones.
func (p *poolSoak) beyond(lives map[string]life, now time.Time) (sum time.Duration) {
	changes := make(map[time.Time]int)
	for _, l := range lives {
		if l.billed(now) > 0 {
			changes[l.ReadyAt]++
			changes[l.ReadyAt.Add(l.billed(now))]--
		}
	}
	for _, h := range p.handOuts {
		changes[h.at]--
		changes[h.over]++
	}
	return surplus(changes, p.warm)
}
