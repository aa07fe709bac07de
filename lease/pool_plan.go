// SPDX-License-Identifier: MIT

package lease

import "time"

// inventory is what a pool has and what it must respect, in numbers.
type inventory struct {
	warm           int           // sessions to keep ready: PoolOptions.Warm
	max            int           // the limit for total: PoolOptions.Max
	createInterval time.Duration // the time between two creations

	calls       int // calls of Acquire that need a session
	ready       int // warm sessions that will do for a while
	ageing      int // warm sessions that will soon be too old
	quarantined int
	starting    int // sessions expected to become Ready
	total       int // all sessions, those being stopped included
	lost        int // of total, those that cannot be stopped and are charged already

	affordable int           // how many more leases the budget allows
	probing    bool          // after a lack of capacity: one creation at a time
	pause      time.Duration // until the next creation is allowed; negative if it is overdue
	recount    time.Duration // until time alone changes these numbers
}

// plan is what a pool does next.
type plan struct {
	create            int           // start so many creations
	createPause       time.Duration // and no other for so long
	dropStarting      int           // give up so many starting sessions, the newest first
	retireWarm        int           // stop so many warm sessions, the oldest first
	retireQuarantined bool          // stop all quarantined sessions
	overBudget        bool          // a session is wanted that the budget does not allow
	failCalls         bool          // and no session can come back, so end the calls that wait
	again             time.Duration
}

// decide returns what to do next. again is when to decide again, unless something changes before.
func decide(n inventory) plan {
	next := plan{again: n.recount}
	wanted := n.warm + n.calls
	// Ageing sessions stay until enough others are ready.
	next.retireWarm = min(n.ageing, max(0, n.ready+n.ageing-wanted))
	// Quarantined sessions are kept only while there are too few others.
	next.retireQuarantined = n.quarantined > 0 && n.ready >= wanted

	missing := wanted - n.ready - n.starting
	switch {
	case missing < 0:
		// A starting session is not billed yet, and a warm one is useful now.
		next.dropStarting = min(-missing, n.starting)
		next.retireWarm += -missing - next.dropStarting
	case missing == 0 || n.total >= n.max:
	case n.affordable == 0:
		next.overBudget = true
		next.failCalls = n.total == n.lost
	case n.probing && n.starting > 0:
	case n.pause > 0:
		next.again = min(next.again, n.pause)
	default:
		next.create, next.createPause = n.due()
		next.again = min(next.again, next.createPause)
		next.create = min(next.create, missing, n.max-n.total, n.affordable)
		if n.probing {
			next.create = min(next.create, 1)
		}
	}
	return next
}

// mostOverdue limits the creations that a step catches up on. It is longer than steps are apart, so
// that a pool of very many sessions keeps its pace, and short, so that a pool that needed none for
// hours starts no burst.
const mostOverdue = 2 * mostBetweenSteps

// due returns how many creations the pace allows now that the first is due, and the time until it
// allows the next.
func (n inventory) due() (creations int, pause time.Duration) {
	overdue := -max(n.pause, -mostOverdue)
	creations = 1 + int(overdue/n.createInterval)
	return creations, time.Duration(creations)*n.createInterval - overdue
}
