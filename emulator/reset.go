// SPDX-License-Identifier: MIT

package emulator

import (
	"fmt"
	"strings"

	"github.com/arr-go/azremoterendering/service"
)

// Scope says what [Emulator.Reset] removes. The zero value means everything.
type Scope struct {
	// AccountID restricts the reset to one account.
	AccountID string

	// Prefix restricts the reset to sessions and conversions whose ids begin with it. Tests that
	// run at the same time can each use, and reset, ids with a prefix of their own.
	Prefix string
}

// Reset removes what earlier tests have left behind: sessions, with their servers; conversions,
// those that run in storage included; recorded requests; and faults. Their ids are free, and no
// list shows them, when it returns. Servers of a [Backend] have been told to stop, and the
// processes of package process have ended.
//
// What is removed depends on the scope:
//
//   - without one: everything; and the faults of [Options.Faults] are in force again, as at the
//     start;
//   - with an account: its sessions and conversions, the requests about it, and the faults with its
//     AccountID;
//   - with a prefix: the sessions and conversions whose ids begin with it, the requests about
//     these ids, and the faults whose Session or ConversionID begins with it;
//   - with both: what both say.
//
// Accounts, keys, access tokens and their lifetime, the clock, and the numbers of requests and
// faults stay as they are.
//
// It is an error if there is no such account, or if the [Options.StateFile] cannot be written. A
// method of a Backend must not call Reset, which may wait for it.
func (e *Emulator) Reset(scope Scope) error {
	if scope.AccountID != "" {
		id := e.accountID(scope.AccountID)
		if id == "" {
			return fmt.Errorf("emulator: there is no account %.64q", scope.AccountID)
		}
		scope.AccountID = id
	}
	e.resetFaults(scope)
	e.conversions.Reset(scope.includes)
	e.store.Reset(scope.includes)
	e.requests.remove(scope.includesRequest)
	e.settle() // waits for the processes of sessions
	return prefixed(e.journal.Flush())
}

// includes reports whether a session or conversion is to be removed.
func (s Scope) includes(in service.PartitionKey, id string) bool {
	return (s.AccountID == "" || s.AccountID == in.AccountID) && strings.HasPrefix(id, s.Prefix)
}

// includesRequest reports whether a request is to be forgotten.
func (s Scope) includesRequest(r RequestRecord) bool {
	return (s.AccountID == "" || s.AccountID == r.AccountID) &&
		(s.Prefix == "" || strings.HasPrefix(r.SessionID+r.ConversionID, s.Prefix))
}

// includesFault reports whether a fault is to be removed.
func (s Scope) includesFault(f *Fault) bool {
	return (s.AccountID == "" || strings.EqualFold(s.AccountID, f.AccountID)) &&
		(s.Prefix == "" || strings.HasPrefix(f.Session, s.Prefix) ||
			strings.HasPrefix(f.ConversionID, s.Prefix))
}

func (e *Emulator) resetFaults(scope Scope) {
	e.faults.removeAll(scope.includesFault)
	if scope != (Scope{}) {
		return
	}
	for _, f := range e.firstFaults {
		_, _ = e.inject(f, goForm) // they were valid before
	}
}
