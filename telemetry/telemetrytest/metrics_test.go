// SPDX-License-Identifier: MIT

package telemetrytest_test

import (
	"context"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator"
	"github.com/arr-go/azremoterendering/lease"
)

// family returns a metric, or nil.
func (f *fixture) family(name string) *dto.MetricFamily {
	f.t.Helper()
	families, err := f.registry.Gather()
	require.NoError(f.t, err)
	for _, family := range families {
		if family.GetName() == name {
			return family
		}
	}
	return nil
}

// sum adds up the series of a metric whose labels include those given, in pairs. For a histogram it
// is how many values there are.
func (f *fixture) sum(name string, labels ...string) (sum float64) {
	f.t.Helper()
	family := f.family(name)
	require.NotNil(f.t, family, name)
	for _, series := range family.GetMetric() {
		has := make(map[string]string)
		for _, label := range series.GetLabel() {
			has[label.GetName()] = label.GetValue()
		}
		matches := true
		for pair := range slices.Chunk(labels, 2) {
			matches = matches && has[pair[0]] == pair[1]
		}
		if matches {
			sum += series.GetCounter().GetValue() + series.GetGauge().GetValue() +
				float64(series.GetHistogram().GetSampleCount())
		}
	}
	return sum
}

// eventful is the life of a pool in which everything happens that is counted.
func eventful(t *testing.T, f *fixture) {
	t.Helper()
	inject := func(fault emulator.Fault) (remove func()) {
		remove, err := f.emulator.Inject(fault)
		require.NoError(t, err)
		return remove
	}
	settings := arr.CreateSessionSettings{
		Size: arr.SessionSizeStandard, MaxLeaseTime: time.Hour,
	}
	inject(emulator.Fault{Operation: "token", Status: 401, Count: 1})
	_, err := f.client.BeginCreate(t.Context(), "show-left-over", settings, nil)
	require.ErrorIs(t, err, arr.ErrUnauthorized)
	left, err := f.client.BeginCreate(t.Context(), "show-left-over", settings, nil)
	require.NoError(t, err)
	_, err = left.PollUntilDone(t.Context(), nil)
	require.NoError(t, err)
	inject(emulator.Fault{Operation: "create", Status: 429, Count: 1})
	inject(emulator.Fault{Start: emulator.StartFails, Count: 1})
	pool, err := lease.NewPool(f.client, lease.PoolOptions{
		IDPrefix: "show-", Max: 1, ClaimTime: time.Second, Observe: f.metrics.Observe,
	})
	require.NoError(t, err)
	unregister, err := f.metrics.Pool("show-", pool)
	require.NoError(t, err)
	l, err := pool.Acquire(t.Context())
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	_, err = pool.Acquire(ctx)
	require.Error(t, err)
	time.Sleep(15 * time.Minute)
	remove := inject(emulator.Fault{Operation: "update", Status: 503})
	time.Sleep(10 * time.Minute)
	remove()
	time.Sleep(10 * time.Minute)
	require.NoError(t, pool.Return(l))

	waiting, giveUp := context.WithCancel(t.Context())
	held, err := pool.Acquire(t.Context())
	require.NoError(t, err)
	go func() { _, _ = pool.Acquire(waiting) }()
	synctest.Wait()
	assert.Equal(t, 1.0, f.sum("arr_pool_sessions", "arr_session_state", "handed_out"))
	assert.Equal(t, 0.0, f.sum("arr_pool_sessions", "arr_session_state", "idle"))
	assert.Equal(t, 1.0, f.sum("arr_pool_waiting"))
	giveUp()
	synctest.Wait()
	held.Detach()
	adopted, err := lease.Acquire(t.Context(), f.client, lease.AcquireOptions{
		SessionID: held.Session().ID, Observe: f.metrics.Observe,
	})
	require.NoError(t, err)
	require.NoError(t, adopted.Release(t.Context()))
	require.NoError(t, pool.Close(t.Context()))
	t.Cleanup(func() { assert.NoError(t, unregister()) })
}

// The golden file has the names, types and labels that dashboards and alerts rely on.
func TestNamesOfMetrics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t, emulator.Options{StartupTime: emulator.FixedStartup(time.Minute)})
		eventful(t, f)
		golden(t, "metrics.golden", f.names())
	})
}

// names returns a line for each metric: its name, type and labels.
func (f *fixture) names() string {
	f.t.Helper()
	families, err := f.registry.Gather()
	require.NoError(f.t, err)
	var lines strings.Builder
	for _, family := range families {
		labels := make(map[string]bool)
		for _, series := range family.GetMetric() {
			for _, label := range series.GetLabel() {
				labels[label.GetName()] = true
			}
		}
		fmt.Fprintf(&lines, "%s %s %s\n", family.GetName(),
			strings.ToLower(family.GetType().String()),
			strings.Join(slices.Sorted(maps.Keys(labels)), ","))
	}
	return lines.String()
}

// Devices come and go, some sessions are lost, and the program is restarted. What the metrics
// of all runs say was billed is what the emulator has billed, to the minute.
func TestBilledMinutesAddUpToWhatTheEmulatorBilled(t *testing.T) {
	const watch, devices, runs = 2 * time.Second, 8, 2
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t, emulator.Options{
			StartupTime: emulator.RangeStartup(20*time.Second, 2*time.Minute),
			Faults: []emulator.Fault{
				{Start: emulator.StartFails, Probability: 0.1},
				{Operation: "update", Status: 503, Probability: 0.1},
			},
			Seed: 11,
		})
		for run := range runs {
			pool, err := lease.NewPool(f.client, lease.PoolOptions{
				IDPrefix: "soak-",
				Warm:     2,
				Max:      devices,
				Watch:    lease.WatcherOptions{Interval: watch, IdleInterval: watch},
				Observe:  f.metrics.Observe,
			})
			require.NoError(t, err)
			var all sync.WaitGroup
			for i := range devices {
				random := rand.New(rand.NewPCG(uint64(run), uint64(i)))
				all.Go(func() { visit(t, pool, random) })
			}
			all.Wait()
			require.NoError(t, pool.Close(t.Context()))
		}
		stopped, err := lease.StopAll(t.Context(), f.client, lease.StopAllOptions{Prefix: "soak-"})
		require.NoError(t, err)
		require.Empty(t, stopped, "every device has left")

		var billed time.Duration
		ready, brief := 0, 0
		for _, life := range f.lives() {
			require.False(t, life.EndedAt.IsZero())
			if life.ReadyAt.IsZero() || !life.EndedAt.After(life.ReadyAt) {
				continue
			}
			lasted := life.EndedAt.Sub(life.ReadyAt)
			ready++
			billed += lasted
			if lasted < 2*watch {
				brief++
			}
		}
		counted := f.sum("arr_session_billed_seconds_total") / 60
		t.Logf("%d sessions, %d of them Ready; the emulator billed %.2f minutes, counted are %.2f",
			len(f.lives()), ready, billed.Minutes(), counted)
		// A pool that drops a starting session may not see that it became Ready since the last look.
		unseen := ready - int(f.sum("arr_session_startup_duration_seconds"))
		assert.GreaterOrEqual(t, unseen, 0)
		assert.LessOrEqual(t, unseen, brief, "only what the pool could not see")
		least := billed - time.Duration(unseen)*2*watch
		assert.GreaterOrEqual(t, counted, least.Minutes(), "what was seen is never too little")
		most := billed + time.Duration(ready)*2*watch
		assert.LessOrEqual(t, counted, most.Minutes(), "nor too much, by two looks a session")
	})
}

// Held for some whole minutes and a little, sessions are billed as many minutes as the service
// itself counts for them.
func TestBilledMinutesAreThoseThatTheServiceCounts(t *testing.T) {
	const sessions, watch = 8, time.Second
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t, emulator.Options{
			StartupTime: emulator.RangeStartup(20*time.Second, 2*time.Minute),
			Seed:        7,
		})
		pool, err := lease.NewPool(f.client, lease.PoolOptions{
			IDPrefix: "show-",
			Max:      sessions,
			Watch:    lease.WatcherOptions{Interval: watch},
			Observe:  f.metrics.Observe,
		})
		require.NoError(t, err)
		var all sync.WaitGroup
		for i := range sessions {
			all.Go(func() {
				l, err := pool.Acquire(t.Context())
				if !assert.NoError(t, err) {
					return
				}
				minutes := time.Duration(10+20*i) * time.Minute
				end := f.life(l.Session().ID).ReadyAt.Add(minutes + 4*time.Second)
				time.Sleep(time.Until(end))
				assert.NoError(t, l.Release(t.Context()))
			})
		}
		all.Wait()
		require.NoError(t, pool.Close(t.Context()))
		var elapsed time.Duration
		for _, life := range f.lives() {
			got, err := f.client.Get(t.Context(), life.ID, nil)
			require.NoError(t, err)
			elapsed += got.ElapsedTime
		}
		counted := f.sum("arr_session_billed_seconds_total") / 60
		t.Logf("the service counts %v minutes, the metric %.2f", elapsed.Minutes(), counted)
		assert.Equal(t, elapsed.Minutes(), math.Floor(counted))
	})
}

// visit is what one device does.
func visit(t *testing.T, pool *lease.Pool, random *rand.Rand) {
	pause := func(most time.Duration) { time.Sleep(time.Duration(random.Int64N(int64(most)))) }
	for range 2 {
		pause(30 * time.Minute)
		l, err := pool.Acquire(t.Context())
		if !assert.NoError(t, err) {
			return
		}
		pause(2 * time.Hour)
		if random.IntN(4) == 0 {
			assert.NoError(t, l.Release(t.Context()))
		} else {
			assert.NoError(t, pool.Return(l))
		}
	}
}
