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
	shown, _ := e.store.state(e.accountOrder())
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
