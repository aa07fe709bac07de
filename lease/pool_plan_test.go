// SPDX-License-Identifier: MIT

package lease

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestPoolPlan(t *testing.T) {
	const hour, second = time.Hour, time.Second
	for name, test := range map[string]struct {
		given func(n *inventory)
		want  plan
	}{
		"enough": {
			func(n *inventory) { n.ready, n.total = 2, 2 },
			plan{again: hour},
		},
		"too few": {
			func(n *inventory) { n.ready, n.total = 1, 1 },
			plan{create: 1, createPause: second, again: second},
		},
		"too few, others are starting": {
			func(n *inventory) { n.starting, n.total = 2, 2 },
			plan{again: hour},
		},
		"calls need sessions of their own": {
			func(n *inventory) { n.calls, n.starting, n.total = 1, 2, 2 },
			plan{create: 1, createPause: second, again: second},
		},
		"Max counts those being stopped": {
			func(n *inventory) { n.calls, n.total = 1, 5 },
			plan{again: hour},
		},
		"more than Max, from an earlier run": {
			func(n *inventory) { n.calls, n.total = 1, 7 },
			plan{again: hour},
		},
		"the next creation has to wait": {
			func(n *inventory) { n.pause = time.Minute },
			plan{again: time.Minute},
		},
		"the numbers change before": {
			func(n *inventory) { n.pause, n.recount = time.Minute, second },
			plan{again: second},
		},
		"lack of capacity, one is tried already": {
			func(n *inventory) { n.probing, n.starting, n.total = true, 1, 1 },
			plan{again: hour},
		},
		"lack of capacity, none is tried": {
			func(n *inventory) { n.probing = true },
			plan{create: 1, createPause: second, again: second},
		},
		"surplus that is starting": {
			func(n *inventory) { n.ready, n.starting, n.total = 2, 1, 3 },
			plan{dropStarting: 1, again: hour},
		},
		"surplus that is warm": {
			func(n *inventory) { n.ready, n.total = 4, 4 },
			plan{retireWarm: 2, again: hour},
		},
		"surplus of both": {
			func(n *inventory) { n.ready, n.starting, n.total = 3, 1, 4 },
			plan{dropStarting: 1, retireWarm: 1, again: hour},
		},
		"ageing, with no replacement yet": {
			func(n *inventory) { n.ready, n.ageing, n.total = 1, 1, 2 },
			plan{create: 1, createPause: second, again: second},
		},
		"ageing, and replaced": {
			func(n *inventory) { n.ready, n.ageing, n.total = 2, 1, 3 },
			plan{retireWarm: 1, again: hour},
		},
		"ageing, and Max reached": {
			func(n *inventory) { n.max, n.ageing, n.total = 2, 2, 2 },
			plan{again: hour},
		},
		"ageing beside surplus": {
			func(n *inventory) { n.ready, n.ageing, n.total = 3, 1, 4 },
			plan{retireWarm: 2, again: hour},
		},
		"quarantined, with no replacement yet": {
			func(n *inventory) { n.ready, n.quarantined, n.total = 1, 1, 2 },
			plan{create: 1, createPause: second, again: second},
		},
		"quarantined, and replaced": {
			func(n *inventory) { n.ready, n.quarantined, n.total = 2, 1, 3 },
			plan{retireQuarantined: true, again: hour},
		},
		"over budget, others may come back": {
			func(n *inventory) { n.calls, n.affordable, n.total = 1, 0, 1 },
			plan{overBudget: true, again: hour},
		},
		"over budget, and nothing can come back": {
			func(n *inventory) { n.calls, n.affordable = 1, 0 },
			plan{overBudget: true, failCalls: true, again: hour},
		},
		"over budget, and only a lost session runs": {
			func(n *inventory) { n.calls, n.affordable, n.total, n.lost = 1, 0, 1, 1 },
			plan{overBudget: true, failCalls: true, again: hour},
		},
		"over budget, and nothing is wanted": {
			func(n *inventory) { n.ready, n.total, n.affordable = 2, 2, 0 },
			plan{again: hour},
		},
		"over budget, and no room": {
			func(n *inventory) { n.calls, n.total, n.affordable = 1, 5, 0 },
			plan{again: hour},
		},
	} {
		t.Run(name, func(t *testing.T) {
			n := inventory{
				warm: 2, max: 5, createInterval: second, affordable: math.MaxInt, recount: hour,
			}
			test.given(&n)
			assert.Equal(t, test.want, decide(n))
		})
	}
}

// A step that comes late makes the creations that were due meanwhile, up to a fifth of a second.
func TestPoolPlanCatchesUp(t *testing.T) {
	const hour, ms = time.Hour, time.Millisecond
	for name, test := range map[string]struct {
		given func(n *inventory)
		want  plan
	}{
		"in time": {
			func(n *inventory) { n.pause = 0 },
			plan{create: 1, createPause: 20 * ms, again: 20 * ms},
		},
		"less than an interval late": {
			func(n *inventory) { n.pause = -5 * ms },
			plan{create: 1, createPause: 15 * ms, again: 15 * ms},
		},
		"five intervals and a half late": {
			func(n *inventory) { n.pause = -110 * ms },
			plan{create: 6, createPause: 10 * ms, again: 10 * ms},
		},
		"after hours in which none was needed": {
			func(n *inventory) { n.pause = -5 * hour },
			plan{create: 11, createPause: 20 * ms, again: 20 * ms},
		},
		"the very first": {
			func(n *inventory) { n.pause = time.Until(time.Time{}) },
			plan{create: 11, createPause: 20 * ms, again: 20 * ms},
		},
		"no more than are missing": {
			func(n *inventory) { n.pause, n.starting, n.total = -110*ms, 97, 97 },
			plan{create: 3, createPause: 10 * ms, again: 10 * ms},
		},
		"no more than Max": {
			func(n *inventory) { n.pause, n.max, n.ready, n.total = -110*ms, 100, 50, 98 },
			plan{create: 2, createPause: 10 * ms, again: 10 * ms},
		},
		"no more than the budget allows": {
			func(n *inventory) { n.pause, n.affordable = -110*ms, 4 },
			plan{create: 4, createPause: 10 * ms, again: 10 * ms},
		},
		"lack of capacity": {
			func(n *inventory) { n.pause, n.probing = -110*ms, true },
			plan{create: 1, createPause: 10 * ms, again: 10 * ms},
		},
	} {
		t.Run(name, func(t *testing.T) {
			n := inventory{
				warm: 100, max: 200, createInterval: 20 * ms, affordable: math.MaxInt, recount: hour,
			}
			test.given(&n)
			assert.Equal(t, test.want, decide(n))
		})
	}
}

// However far steps are apart, as they are with very many sessions, a pool keeps its pace.
func TestPoolPlanKeepsItsPace(t *testing.T) {
	const interval = time.Second / 64
	for _, step := range []time.Duration{
		interval / 3, interval, 40 * time.Millisecond, mostBetweenSteps, 11 * mostBetweenSteps / 10,
	} {
		t.Run(step.String(), func(t *testing.T) {
			created := 0
			var allowed time.Duration // when the next creation is
			for now := time.Duration(0); now < time.Minute; now += step {
				next := decide(inventory{
					warm: 10_000, max: 10_000, createInterval: interval, affordable: math.MaxInt,
					starting: created, total: created, pause: allowed - now, recount: time.Hour,
				})
				created += next.create
				allowed = max(allowed, now+next.createPause)
			}
			assert.InDelta(t, 64*60, created, 64, "creations in a minute")
		})
	}
}
