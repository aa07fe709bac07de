// SPDX-License-Identifier: MIT

package lease

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator"
	"github.com/arr-go/azremoterendering/internal/testkit"
)

// checkCrowd checks that each Wait ended as its session did, and returns the longest time from that
// to the end of the Wait.
func (r *watchRig) checkCrowd(c watchCrowd, outcomes []watchOutcome) (slowest time.Duration) {
	r.Helper()
	for _, o := range outcomes {
		if strings.HasPrefix(o.id, "fails-") {
			var ended *arr.SessionEndedError
			require.ErrorAs(r, o.err, &ended, o.id)
			require.Equal(r, arr.SessionStatusError, ended.Session.Status)
			require.NotEmpty(r, ended.CorrelationVector)
		} else {
			require.NoError(r, o.err, o.id)
			require.Equal(r, arr.SessionStatusReady, o.session.Status)
			require.Equal(r, o.id, o.session.ID)
		}
		noticed := o.at.Sub(c.settled[o.id])
		require.GreaterOrEqual(r, noticed, time.Duration(0), o.id)
		slowest = max(slowest, noticed)
	}
	return slowest
}

// A thousand sessions awaited at once cost as many requests as the list has pages, and one for each
// that ends; and each is noticed within one interval of becoming Ready.
func TestWatcherOfACrowd(t *testing.T) {
	for _, latency := range []time.Duration{0, 20 * time.Millisecond} {
		t.Run(fmt.Sprint("latency ", latency), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { watchACrowd(t, latency) })
		})
	}
}

func watchACrowd(t *testing.T, latency time.Duration) {
	startups := newWatchStartups()
	r := newWatchRig(
		t,
		emulator.Options{StartupTime: startups.take, Faults: []emulator.Fault{watchCrowdFault}},
		WatcherOptions{},
	)
	crowd := r.crowd(startups)
	r.wire.latency = latency
	begun := time.Now()
	slowest := r.checkCrowd(crowd, r.awaitAll(crowd))

	// The answers to the pages of one round, and that to the lookup, come one after the other.
	round := latency * time.Duration(crowd.pages(begun)+1)
	require.LessOrEqual(t, slowest, watchInterval+round)

	lists, gets := r.wire.times("list"), r.wire.times("get")
	require.Len(t, gets, len(crowd.ends), "one lookup for each session that ended")
	perInterval := make(map[int]int)
	for _, at := range lists {
		perInterval[int(at.Sub(begun)/watchInterval)]++
	}
	most := 0
	for i, requests := range perInterval {
		pages := crowd.pages(begun.Add(time.Duration(i) * watchInterval))
		require.LessOrEqual(t, requests, pages+2, "interval %d", i)
		most = max(most, requests)
	}
	t.Logf(
		"latency %v: %d list requests in %d intervals, at most %d in one; %d lookups; noticed after %v at most",
		latency,
		len(lists),
		len(perInterval),
		most,
		len(gets),
		slowest,
	)
}

// With one request in five failing, every Wait ends as its session does, only later.
func TestWatcherOfACrowdWithFaults(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		startups := newWatchStartups()
		r := newWatchRig(
			t,
			emulator.Options{
				StartupTime: startups.take,
				Seed:        4,
				Faults:      []emulator.Fault{watchCrowdFault},
			},
			WatcherOptions{},
		)
		crowd := r.crowd(startups)
		for _, operation := range []string{"list", "get"} {
			for _, fault := range []emulator.Fault{
				{Status: 429, RetryAfter: 5 * time.Second},
				{Status: 503},
				{Drop: emulator.DropBefore},
				{Drop: emulator.DropAfter},
				{Body: emulator.BodyTruncated},
				{Body: emulator.BodySlow, SlowFor: 3 * time.Second},
			} {
				fault.Operation, fault.Probability = operation, 0.2/6
				r.inject(fault)
			}
		}
		slowest := r.checkCrowd(crowd, r.awaitAll(crowd))
		t.Logf(
			"%d list requests, %d lookups, noticed after %v at most",
			r.wire.count("list"),
			r.wire.count("get"),
			slowest,
		)
		require.Less(t, slowest, 2*time.Minute)
	})
}

func TestWatcherSendsNothingWhileNobodyWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newWatchRig(
			t,
			emulator.Options{StartupTime: emulator.FixedStartup(8 * time.Second)},
			WatcherOptions{},
		)
		time.Sleep(time.Hour)
		require.Zero(t, r.wire.count("list"))

		r.create("demo")
		require.NoError(t, (<-r.wait("demo")).err)
		require.Len(t, r.wire.times("list"), 3, "at 0, 5 and 10 seconds")
		time.Sleep(time.Hour)
		require.Zero(t, r.wire.count("list"))
	})
}

// Rounds begin an interval apart, however long they take, and a hurry does not make them come
// closer.
func TestWatcherCadence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newWatchRig(t, emulator.Options{StartupTime: emulator.FixedStartup(time.Hour)}, WatcherOptions{})
		r.create("demo")
		r.wire.latency = 700 * time.Millisecond
		begun := time.Now()
		defer r.region.subscribe("demo", false, nil).close()

		waiting := r.region.subscribe("demo", true, nil)
		time.Sleep(21 * time.Second)
		waiting.close()
		time.Sleep(61 * time.Second) // 82
		waiting = r.region.subscribe("demo", true, nil)
		time.Sleep(10 * time.Second) // 92
		r.region.subscribe("demo", false, nil).close()
		time.Sleep(5 * time.Second) // 97
		waiting.close()
		time.Sleep(time.Minute)

		var seconds []float64
		for _, at := range r.wire.times("list") {
			seconds = append(seconds, at.Sub(begun).Seconds())
		}
		// Every 5 s; idle, every 30 s; at once when somebody waits again, and then every 5 s.
		require.Equal(t, []float64{0, 5, 10, 15, 20, 50, 80, 85, 90, 95, 125, 155}, seconds)
	})
}

// A round that takes longer than the interval is followed by the next at once, and not by those
// that were missed.
func TestWatcherDoesNotCatchUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newWatchRig(t, emulator.Options{StartupTime: emulator.FixedStartup(time.Hour)}, WatcherOptions{})
		r.create("demo")
		r.inject(emulator.Fault{Operation: "list", Count: 1, Delay: 12 * time.Second})
		begun := time.Now()
		f := r.region.subscribe("demo", true, nil)
		defer f.close()
		time.Sleep(23 * time.Second)
		var seconds []float64
		for _, at := range r.wire.times("list") {
			seconds = append(seconds, at.Sub(begun).Seconds())
		}
		require.Equal(t, []float64{0, 12, 17, 22}, seconds)
	})
}

// A list may lag, or never show a session: it is looked up, ever more rarely.
func TestWatcherLooksUpWhatTheListDoesNotShow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newWatchRig(
			t,
			emulator.Options{StartupTime: emulator.FixedStartup(10 * time.Hour)},
			WatcherOptions{},
		)
		r.create("demo")
		var lagging atomic.Bool
		lagging.Store(true)
		r.wire.handle(func(kind string, req *http.Request) (*http.Response, error) {
			if kind == "list" && lagging.Load() {
				return testkit.Answer(req, http.StatusOK, `{"sessions":[]}`), nil
			}
			return nil, nil
		})
		begun := time.Now()
		f := r.region.subscribe("demo", true, nil)
		defer f.close()
		time.Sleep(127*watchInterval + time.Second)
		var rounds []int
		for _, at := range r.wire.times("get") {
			rounds = append(rounds, int(at.Sub(begun)/watchInterval))
		}
		require.Equal(t, []int{0, 2, 6, 14, 30, 62, 94, 126}, rounds)
		_, failure := f.patience(time.Now())
		require.NoError(t, failure)

		// Once it was listed, it is missed again.
		lagging.Store(false)
		time.Sleep(watchInterval)
		lagging.Store(true)
		time.Sleep(watchInterval)
		require.Equal(t, 1, r.wire.count("get"))
	})
}

// What a list says without naming session or state is as good as not said.
func TestWatcherOverlooksHalfSessions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newWatchRig(t, emulator.Options{}, WatcherOptions{})
		r.create("demo")
		r.wire.handle(func(kind string, req *http.Request) (*http.Response, error) {
			if kind == "list" {
				return testkit.Answer(
					req,
					http.StatusOK,
					`{"sessions":[{"status":"Ready"},{"id":"demo"}]}`,
				), nil
			}
			return nil, nil
		})
		require.NoError(t, (<-r.wait("demo")).err)
		require.Equal(t, 1, r.wire.count("get"))
	})
}

// A session that comes to be wanted while a round is under way may be younger than its page: that
// it is missing says nothing.
func TestWatcherDoesNotMissWhatIsYoungerThanTheRound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newWatchRig(
			t,
			emulator.Options{StartupTime: emulator.FixedStartup(20 * time.Second)},
			WatcherOptions{},
		)
		r.create("old")
		first := r.wait("old")
		synctest.Wait() // the first round is over
		// In the next, the answer is slow: it shows the sessions as they were before the new one.
		r.inject(
			emulator.Fault{
				Operation: "list",
				Count:     1,
				Body:      emulator.BodySlow,
				SlowFor:   3 * time.Second,
			},
		)
		time.Sleep(6 * time.Second)
		r.create("new")
		second := r.wait("new")
		require.NoError(t, (<-first).err)
		require.NoError(t, (<-second).err)
		require.Zero(t, r.wire.count("get"))
	})
}

// When all that is wanted has been found, the rest of the list is not read.
func TestWatcherReadsNoMorePagesThanItNeeds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newWatchRig(t, emulator.Options{Decisions: emulator.Decisions{PageSize: 2}}, WatcherOptions{})
		for i := range 9 {
			r.create(fmt.Sprint(i))
		}
		require.NoError(t, (<-r.wait("3")).err)
		require.Equal(t, 2, r.wire.count("list"))
	})
}

// At most 8 lookups run at once, and none delays the list.
func TestWatcherBoundsLookups(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newWatchRig(
			t,
			emulator.Options{StartupTime: emulator.FixedStartup(12 * time.Second)},
			WatcherOptions{},
		)
		r.create("demo")
		r.inject(emulator.Fault{Operation: "get", Delay: 7 * time.Second})
		begun := time.Now()
		waiting := r.wait("demo")
		synctest.Wait() // the first round is over
		for i := range 20 {
			f := r.region.subscribe(fmt.Sprint("unknown-", i), false, nil)
			defer f.close()
		}
		demo := <-waiting
		require.NoError(t, demo.err)
		require.Equal(t, 15*time.Second, demo.at.Sub(begun))
		time.Sleep(time.Minute)
		perSecond := make(map[time.Duration]int)
		for _, at := range r.wire.times("get") {
			perSecond[at.Sub(begun)]++
		}
		require.Equal(
			t,
			map[time.Duration]int{5 * time.Second: 8, 12 * time.Second: 8, 19 * time.Second: 4},
			perSecond,
		)
	})
}

// What nobody wants any more when its turn comes is not looked up.
func TestWatcherForgetsLookupsThatNobodyWants(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newWatchRig(t, emulator.Options{}, WatcherOptions{})
		r.inject(emulator.Fault{Operation: "get", Delay: 20 * time.Second})
		ctx, cancel := context.WithTimeout(t.Context(), 12*time.Second)
		defer cancel()
		ended := make(chan error)
		for i := range 20 {
			go func() {
				_, err := r.watcher.Wait(ctx, fmt.Sprint("unknown-", i))
				ended <- err
			}()
		}
		for range 20 {
			require.ErrorIs(t, <-ended, context.DeadlineExceeded)
		}
		time.Sleep(time.Minute)
		require.Equal(t, 8, r.wire.count("get"))
		r.requireForgotten()
	})
}
