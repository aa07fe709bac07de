// SPDX-License-Identifier: MIT

package emulator

import (
	"fmt"
	"slices"
	"strings"

	"github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator/internal/faults"
	"github.com/arr-go/azremoterendering/emulator/internal/page"
	"github.com/arr-go/azremoterendering/service"
)

// SessionState is a session with its account and region.
type SessionState struct {
	AccountID string
	Region    azremoterendering.Region
	azremoterendering.Session
}

// Sessions returns all sessions that can be read, by account, in the order of [Options.Accounts],
// then by region, then oldest first. Sessions that have ended are among them: see
// [Options.Retention].
func (e *Emulator) Sessions() []SessionState {
	shown, _ := e.store.All(e.accountOrder())
	sessions := make([]SessionState, len(shown))
	for i, s := range shown {
		sessions[i] = SessionState{AccountID: s.Account, Region: s.Region, Session: s.Session}
	}
	return sessions
}

// RunningSessions returns the sessions that have not ended, in the order of [Emulator.Sessions].
// At a real service each of them would cost money, so a test can end with
//
//	assert.Empty(t, e.RunningSessions())
func (e *Emulator) RunningSessions() []SessionState {
	return slices.DeleteFunc(e.Sessions(), func(s SessionState) bool { return s.Status.Ended() })
}

// Requests returns the requests that the emulator has answered, in the order of their answers: all,
// or those for some operations. Operations are named as in [Fault]: "create" or "CreateSession". An
// operation that is unknown matches nothing.
//
// The last 2000 requests are kept. Requests for the page and for the administrative path are not
// among them.
func (e *Emulator) Requests(operations ...string) []RequestRecord {
	all := e.requests.all()
	if len(operations) == 0 {
		return all
	}
	return slices.DeleteFunc(all, func(r RequestRecord) bool {
		return !slices.ContainsFunc(operations, func(name string) bool {
			return strings.EqualFold(r.Operation, operationNamed(name))
		})
	})
}

// operationNamed returns the full name of an operation with a short one.
func operationNamed(name string) string {
	for _, o := range faultOperations {
		if name == o.short {
			return o.name
		}
	}
	return name
}

// SetStatus changes the state of a session now, for tests that cannot wait for the service to do
// so:
//
//   - Ready ends the start-up, and the lease begins; a [Backend] is not told, and a start-up that
//     is going to fail still does so at its time;
//   - Expired and Stopped end the session;
//   - Error ends it with an [azremoterendering.ErrorDetail];
//   - Starting only removes a state set before that this package does not know;
//   - any other value is shown as it is, without host and ports, until the session ends or the next
//     SetStatus; start-up and lease continue in the background.
//
// If several accounts or regions have a session with this id, it changes the one of the first
// account in [Options.Region].
//
// It is an error if the session is unknown or has ended, if the id is ambiguous, if status is
// empty, or if a session that was Ready would be Starting again.
func (e *Emulator) SetStatus(sessionID string, status azremoterendering.SessionStatus) error {
	group, err := e.store.SetStatus(e.home, sessionID, status)
	if err != nil {
		return err
	}
	return prefixed(e.journal.Wait(group))
}

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
		_, _ = e.inject(f, faults.Go) // they were valid before
	}
}

// state returns accounts, sessions and conversions at one moment.
func (e *Emulator) state() page.State {
	s := page.State{Accounts: slices.Clone(e.accounts)}
	order := e.accountOrder()
	s.Conversions = e.conversions.All(order)
	s.Sessions, s.Time = e.store.All(order)
	return s
}

// accountOrder returns the place of each account in the options.
func (e *Emulator) accountOrder() map[string]int {
	order := make(map[string]int)
	for i, a := range e.accounts {
		order[a.ID] = i
	}
	return order
}
