// SPDX-License-Identifier: MIT

package lease

import (
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
			plan{create: true, again: second},
		},
		"too few, others are starting": {
			func(n *inventory) { n.starting, n.total = 2, 2 },
			plan{again: hour},
		},
		"calls need sessions of their own": {
			func(n *inventory) { n.calls, n.starting, n.total = 1, 2, 2 },
			plan{create: true, again: second},
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
			plan{create: true, again: second},
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
			plan{create: true, again: second},
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
			plan{create: true, again: second},
		},
		"quarantined, and replaced": {
			func(n *inventory) { n.ready, n.quarantined, n.total = 2, 1, 3 },
			plan{retireQuarantined: true, again: hour},
		},
		"over budget, others may come back": {
			func(n *inventory) { n.calls, n.affordable, n.total = 1, false, 1 },
			plan{overBudget: true, again: hour},
		},
		"over budget, and nothing can come back": {
			func(n *inventory) { n.calls, n.affordable = 1, false },
			plan{overBudget: true, failCalls: true, again: hour},
		},
		"over budget, and only a lost session runs": {
			func(n *inventory) { n.calls, n.affordable, n.total, n.lost = 1, false, 1, 1 },
			plan{overBudget: true, failCalls: true, again: hour},
		},
		"over budget, and nothing is wanted": {
			func(n *inventory) { n.ready, n.total, n.affordable = 2, 2, false },
			plan{again: hour},
		},
		"over budget, and no room": {
			func(n *inventory) { n.calls, n.total, n.affordable = 1, 5, false },
			plan{again: hour},
		},
	} {
		t.Run(name, func(t *testing.T) {
			n := inventory{
				warm: 2, max: 5, createInterval: second, affordable: true, recount: hour,
			}
			test.given(&n)
			assert.Equal(t, test.want, decide(n))
		})
	}
}
