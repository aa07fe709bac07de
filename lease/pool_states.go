// SPDX-License-Identifier: MIT

package lease

import (
	"context"
	"time"

	arr "github.com/arr-go/azremoterendering"
)

// poolState says what a session of a pool is doing, and so who may use or stop it. Each state is
// reached before the effect that it announces: a session is stateOut before a caller gets its
// lease, and stateStopping before a request to stop it is sent.
type poolState int

const (
	// stateIntended: a session is to be created. No request for it has been sent.
	stateIntended poolState = iota
	// stateStarting: the session is being created, or an earlier run has created it; it was not
	// Ready yet.
	stateStarting
	// stateUnclaimed: an earlier run may have handed the session out. It waits for [Pool.Claim].
	stateUnclaimed
	// stateWarm: the session is ready to be handed out.
	stateWarm
	// stateChecking: a call of [Pool.Acquire] checks the session before it gets the lease.
	stateChecking
	// stateOut: a caller holds the lease.
	stateOut
	// stateQuarantined: a check failed. The session is checked again and again, and handed out to
	// nobody until a check passes: others may be healthy.
	stateQuarantined
	// stateStopping: the session is being stopped. It counts toward [PoolOptions.Max].
	stateStopping
	// stateEnded: the session is gone, and the pool has forgotten it.
	stateEnded
)

// poolEvent is something that happens to a session of a pool.
type poolEvent int

const (
	// eventCreate: a request to create the session is about to be sent. A creation that falls back
	// to another size repeats it.
	eventCreate poolEvent = iota
	// eventOffer: the session can serve any caller. It became Ready, passed a recheck, was
	// returned, or was not needed by the call that checked it.
	eventOffer
	// eventTake: a call of Acquire has the session, and checks it.
	eventTake
	// eventPass: the check passed.
	eventPass
	// eventFail: the check failed in a way that may pass.
	eventFail
	// eventClaim: the holder from an earlier run has named the session.
	eventClaim
	// eventRetire: the session is not needed, cannot be used, or is no longer kept alive.
	eventRetire
	// eventGone: nothing is left to stop.
	eventGone
)

// transitions is the only place that says which event leads where. Events that a state does not
// list are ignored in it.
var transitions = map[poolState]map[poolEvent]poolState{
	stateIntended: {
		eventCreate: stateStarting,
		eventRetire: stateStopping,
		eventGone:   stateEnded,
	},
	stateStarting: {
		eventCreate: stateStarting,
		eventOffer:  stateWarm,
		eventRetire: stateStopping,
		eventGone:   stateEnded,
	},
	stateUnclaimed: {
		eventOffer:  stateWarm,
		eventClaim:  stateOut,
		eventRetire: stateStopping,
	},
	stateWarm: {
		eventTake:   stateChecking,
		eventClaim:  stateOut,
		eventRetire: stateStopping,
	},
	stateChecking: {
		eventPass:   stateOut,
		eventFail:   stateQuarantined,
		eventOffer:  stateWarm,
		eventRetire: stateStopping,
	},
	stateOut: {
		eventOffer:  stateWarm,
		eventRetire: stateStopping,
	},
	stateQuarantined: {
		eventOffer:  stateWarm,
		eventClaim:  stateOut,
		eventRetire: stateStopping,
	},
	stateStopping: {
		eventGone: stateEnded,
	},
	stateEnded: {},
}

// entry is one session of a pool, from the decision to create it until it is gone. The pool's lock
// guards all of it; managed does not change once it is set.
type entry struct {
	id     string              // empty until the creation begins
	client *arr.SessionsClient // that of its region; nil until the creation begins
	state  poolState
	began  time.Time // when the creation, or the take-over, began

	cancel  context.CancelCauseFunc // ends the creation; nil if an earlier run created the session
	managed *managedSession         // nil while the pool creates the session
	lost    bool                    // the creation failed, and so did stopping the session

	own        bool      // created by this pool, so its size is one of those wanted
	leftOver   bool      // an earlier run may have handed it out, and this one has not
	since      time.Time // the earliest time of Ready, as known when it entered the pool
	failures   int       // how often a check has failed
	listedWarm bool      // in the list of warm sessions, perhaps no longer warm
	lease      *Lease    // in stateOut
}

// move applies an event, and reports whether the state of the session allows it.
func (e *entry) move(event poolEvent) bool {
	next, ok := transitions[e.state][event]
	if ok {
		e.state = next
	}
	return ok
}

// alive reports whether the session is kept alive.
func (e *entry) alive() bool { return e.managed != nil && e.managed.ctx.Err() == nil }

// pending reports whether the session is expected to become Ready.
func (e *entry) pending() bool { return e.state == stateIntended || e.state == stateStarting }
