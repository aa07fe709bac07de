// SPDX-License-Identifier: MIT

package lease

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// Every state meets every event. A dot is an event that the state ignores.
func TestPoolTransitions(t *testing.T) {
	states := map[poolState]string{
		stateIntended: "intended", stateStarting: "starting", stateUnclaimed: "unclaimed",
		stateWarm: "warm", stateChecking: "checking", stateOut: "out",
		stateQuarantined: "quarantined", stateStopping: "stopping", stateEnded: "ended",
	}
	events := []poolEvent{
		eventCreate, eventOffer, eventTake, eventPass, eventFail, eventClaim, eventRetire, eventGone,
	}
	for from, want := range map[poolState][]string{
		//                create, offer, take, pass, fail, claim, retire, gone
		stateIntended:    {"starting", ".", ".", ".", ".", ".", "stopping", "ended"},
		stateStarting:    {"starting", "warm", ".", ".", ".", ".", "stopping", "ended"},
		stateUnclaimed:   {".", "warm", ".", ".", ".", "out", "stopping", "."},
		stateWarm:        {".", ".", "checking", ".", ".", "out", "stopping", "."},
		stateChecking:    {".", "warm", ".", "out", "quarantined", ".", "stopping", "."},
		stateOut:         {".", "warm", ".", ".", ".", ".", "stopping", "."},
		stateQuarantined: {".", "warm", ".", ".", ".", "out", "stopping", "."},
		stateStopping:    {".", ".", ".", ".", ".", ".", ".", "ended"},
		stateEnded:       {".", ".", ".", ".", ".", ".", ".", "."},
	} {
		for i, event := range events {
			e := &entry{state: from}
			got := "."
			if e.move(event) {
				got = states[e.state]
			} else {
				assert.Equal(t, from, e.state, "an ignored event changes nothing")
			}
			assert.Equal(t, want[i], got, "%s, event %d", states[from], event)
		}
	}
	assert.Len(t, transitions, len(states))
}

// Whatever happens to a session, its way can still end.
func TestPoolStatesAllLeadToTheEnd(t *testing.T) {
	for state := range transitions {
		e := &entry{state: state}
		e.move(eventRetire)
		e.move(eventGone)
		assert.Equal(t, stateEnded, e.state, state)
	}
}
