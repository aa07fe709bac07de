// SPDX-License-Identifier: MIT

package lease

import "time"

// inventory is what a pool has and what it must respect, in numbers.
type inventory struct {
	warm           int           // sessions to keep ready: PoolOptions.Warm
	max            int           // the limit for total: PoolOptions.Max
	createInterval time.Duration // the least time between two creations

	calls       int // calls of Acquire that need a session
	ready       int // warm sessions that will do for a while
	ageing      int // warm sessions that will soon be too old
	quarantined int
	starting    int // sessions expected to become Ready
	total       int // all sessions, those being stopped included
	lost        int // of total, those that cannot be stopped and are charged already

	affordable bool          // the budget allows the lease of one more session
	probing    bool          // after a lack of capacity: one creation at a time
	pause      time.Duration // until the next creation is allowed
	recount    time.Duration // until time alone changes these numbers
}

// plan is what a pool does next.
type plan struct {
	create            bool // start one creation
	dropStarting      int  // give up so many starting sessions, the newest first
	retireWarm        int  // stop so many warm sessions, the oldest first
	retireQuarantined bool // stop all quarantined sessions
	overBudget        bool // a session is wanted that the budget does not allow
	failCalls         bool // and no session can come back, so end the calls that wait
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
	case !n.affordable:
		next.overBudget = true
		next.failCalls = n.total == n.lost
	case n.probing && n.starting > 0:
	case n.pause > 0:
		next.again = min(next.again, n.pause)
	default:
		next.create = true
		next.again = min(next.again, n.createInterval)
	}
	return next
}
