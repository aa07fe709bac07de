// SPDX-License-Identifier: MIT

package emulator

import (
	"slices"
	"strings"

	"github.com/arr-go/azremoterendering"
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
