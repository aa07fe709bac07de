// SPDX-License-Identifier: MIT

package lease

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator"
)

// BenchmarkWatcher compares how many requests it takes to wait for 1,000 sessions that were created
// at once and start in 8 to 180 seconds: with a watcher ("requests/session"), with a poller for
// each session that looks as often ("polls/session"), and with a poller for each as it is by
// default ("default-polls/session"). "polls/request" is the second by the first. "s/late" is the
// longest time from Ready to the moment in which the waiter knows. All run in virtual time against
// the emulator.
//
// What it costs to poll a session does not depend on the others, so pollers wait for the first
// hundred only, which saves seconds. Virtual time needs a *testing.T, which only a test has, so
// this runs one.
func BenchmarkWatcher(b *testing.B) {
	const sample = 100
	var watched, polled, polledByDefault watchCost
	for b.Loop() {
		watched = inVirtualTime(
			b,
			func(r *watchRig, c watchCrowd) []watchOutcome { return r.awaitAll(c) },
		)
		polled = inVirtualTime(
			b,
			func(r *watchRig, c watchCrowd) []watchOutcome { return r.pollAll(c.ids[:sample], watchInterval) },
		)
		polledByDefault = inVirtualTime(
			b,
			func(r *watchRig, c watchCrowd) []watchOutcome { return r.pollAll(c.ids[:sample], 0) },
		)
	}
	b.ReportMetric(watched.requests, "requests/session")
	b.ReportMetric(polled.requests, "polls/session")
	b.ReportMetric(polledByDefault.requests, "default-polls/session")
	b.ReportMetric(polled.requests/watched.requests, "polls/request")
	b.ReportMetric(watched.late.Seconds(), "s/late")
	b.ReportMetric(polled.late.Seconds(), "polled-s/late")
}

// watchCost is what waiting for a crowd took.
type watchCost struct {
	requests float64 // for each session
	late     time.Duration
}

// inVirtualTime waits for a crowd in virtual time and returns what it took.
func inVirtualTime(
	b *testing.B,
	await func(*watchRig, watchCrowd) []watchOutcome,
) (cost watchCost) {
	b.Helper()
	run := testing.InternalTest{Name: b.Name(), F: func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			startups := newWatchStartups()
			r := newWatchRig(
				t,
				emulator.Options{
					StartupTime: startups.take,
					Faults:      []emulator.Fault{watchCrowdFault},
				},
				WatcherOptions{},
			)
			crowd := r.crowd(startups)
			outcomes := await(r, crowd)
			cost.late = r.checkCrowd(crowd, outcomes)
			cost.requests = float64(
				r.wire.count("list")+r.wire.count("get"),
			) / float64(
				len(outcomes),
			)
		})
	}}
	always := func(string, string) (bool, error) { return true, nil }
	require.True(b, testing.RunTests(always, []testing.InternalTest{run}))
	if cost.requests == 0 {
		b.Skip("-skip leaves out the test that this runs")
	}
	return cost
}

// pollAll waits for sessions, with a poller for each. A frequency of 0 is the default.
func (r *watchRig) pollAll(ids []string, frequency time.Duration) (outcomes []watchOutcome) {
	outcome := make(chan watchOutcome)
	for _, id := range ids {
		go func() {
			poller, err := r.client.BeginWait(r.Context(), id, nil)
			var polled arr.CreateSessionResponse
			if err == nil {
				polled, err = poller.PollUntilDone(
					r.Context(),
					&arr.PollUntilDoneOptions{Frequency: frequency},
				)
			}
			outcome <- watchOutcome{id, arr.RegionSession{Session: polled.Session}, err, time.Now()}
		}()
	}
	for range ids {
		outcomes = append(outcomes, <-outcome)
	}
	return outcomes
}
