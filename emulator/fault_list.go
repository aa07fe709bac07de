// SPDX-License-Identifier: MIT

package emulator

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/arr-go/azremoterendering/emulator/internal/clock"
	"github.com/arr-go/azremoterendering/emulator/internal/faults"
	"github.com/arr-go/azremoterendering/service"
)

// maxFaults limits the faults in force, because every request asks all of them.
const maxFaults = 1000

// faultList holds the faults in force, in the order of their injection.
type faultList struct {
	seed  uint64
	clock *clock.Clock
	count atomic.Int64 // so that requests need no lock while there are none

	mu     sync.Mutex
	lastID int
	faults []*activeFault
}

// activeFault is a fault in force.
type activeFault struct {
	FaultState
	operations []string
	random     *rand.Rand
	until      time.Time // when it is removed; zero if nothing but a call does that
}

// Inject puts a fault in force until remove or [Emulator.ClearFaults] is called, or as long as its
// For says. remove may be called more than once.
//
// A request asks the faults in the order of their injection, and the effects of those that affect
// it add up: delays and the times of slow bodies are summed; of effects that exclude each other,
// such as two kinds of BodyFault, the first counts. A fault with a Status or a Drop is the last one
// asked: later faults do not count the request. So after a fault that answers twice, a later one
// that always answers takes over. Requests to the administrative path are never affected.
//
// It is an error if 1000 faults are in force. All other errors are
// [azremoterendering.InvalidArgumentError]s: an invalid field, fields that exclude each other, or
// an unknown account.
func (e *Emulator) Inject(f Fault) (remove func(), err error) {
	id, err := e.inject(f, faults.Go)
	if err != nil {
		return nil, err
	}
	return func() { e.faults.remove(id) }, nil
}

// inject puts a fault in force that was given in a form.
func (e *Emulator) inject(f Fault, form faults.Form) (id int, err error) {
	f, operations, refused := f.withDefaults()
	if refused == nil && f.AccountID != "" && e.accountID(f.AccountID) == "" {
		refused = faults.NewProblem("AccountID", f.AccountID,
			"is not one of the emulator's accounts; leave it out for all")
	}
	if refused != nil {
		return 0, refuse(form, refused)
	}
	return e.faults.add(f, operations)
}

// Faults returns the faults in force, in the order of their injection, including those whose Count
// is reached.
func (e *Emulator) Faults() []FaultState {
	l := &e.faults
	l.mu.Lock()
	defer l.mu.Unlock()
	l.removeOver()
	states := make([]FaultState, len(l.faults))
	for i, f := range l.faults {
		states[i] = f.FaultState
	}
	return states
}

// ClearFaults removes all faults. Requests in flight stay affected.
func (e *Emulator) ClearFaults() {
	l := &e.faults
	l.mu.Lock()
	defer l.mu.Unlock()
	l.faults = nil
	l.count.Store(0)
}

func (l *faultList) add(f Fault, operations []string) (id int, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.removeOver()
	if len(l.faults) == maxFaults {
		return 0, fmt.Errorf(
			"emulator: %d faults are in force, the limit: remove some",
			maxFaults,
		)
	}
	l.lastID++
	added := &activeFault{
		FaultState: FaultState{ID: l.lastID, Fault: f},
		operations: operations,
		// Each has its own draws, so that faults do not change each other's.
		random: rand.New(rand.NewPCG(l.seed, uint64(l.lastID))),
	}
	if f.For > 0 {
		added.until = l.clock.Now().Add(f.For)
	}
	l.faults = append(l.faults, added)
	l.count.Store(int64(len(l.faults)))
	return l.lastID, nil
}

// removeOver removes the faults whose time is over. Call it under the lock.
func (l *faultList) removeOver() {
	now := l.clock.Now()
	l.faults = slices.DeleteFunc(l.faults, func(f *activeFault) bool {
		return !f.until.IsZero() && !now.Before(f.until)
	})
	l.count.Store(int64(len(l.faults)))
}

// remove reports whether there was a fault with the id.
func (l *faultList) remove(id int) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.removeOver()
	before := len(l.faults)
	l.faults = slices.DeleteFunc(l.faults, func(f *activeFault) bool { return f.ID == id })
	l.count.Store(int64(len(l.faults)))
	return len(l.faults) < before
}

// removeAll removes the faults that match.
func (l *faultList) removeAll(match func(*Fault) bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.faults = slices.DeleteFunc(l.faults, func(f *activeFault) bool { return match(&f.Fault) })
	l.count.Store(int64(len(l.faults)))
}

// on returns what the faults do to a request.
func (l *faultList) on(q *service.Request) effects {
	var all effects
	if l.count.Load() == 0 {
		return all
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.removeOver()
	for _, f := range l.faults {
		if f.affects(q) {
			all.add(&f.Fault)
			if f.Status != 0 || f.Drop != "" {
				break
			}
		}
	}
	return all
}

// affects counts a matching request, and decides whether it is affected.
func (f *activeFault) affects(q *service.Request) bool {
	if !slices.Contains(f.operations, q.Operation) ||
		f.AccountID != "" && !strings.EqualFold(f.AccountID, q.PathAccountID) ||
		f.Session != "" && !faults.Match(f.Session, q.SessionID) ||
		f.ConversionID != "" && !faults.Match(f.ConversionID, q.ConversionID) {
		return false
	}
	f.Matched++
	switch {
	case f.Matched <= f.Skip,
		f.Count > 0 && f.Affected >= f.Count,
		f.Probability > 0 && f.random.Float64() >= f.Probability:
		return false
	}
	f.Affected++
	return true
}
