// SPDX-License-Identifier: MIT

package emulator

import (
	"fmt"

	"github.com/arr-go/azremoterendering"
)

// SetStatus moves a session into a state now, for what the service does by itself and a test cannot
// wait for:
//
//   - Ready ends the start-up, and the lease begins; a [Backend] is not told, and a start-up that
//     is to fail fails at its time all the same;
//   - Expired and Stopped end the session;
//   - Error ends it with an [azremoterendering.ErrorDetail];
//   - Starting only takes back a state that this package does not know;
//   - any other value is shown as it is, without host and ports, until the session ends or the next
//     SetStatus; the start-up and the lease go on beneath.
//
// Several accounts and regions may have sessions with the same id: then it means the one of the
// first account in [Options.Region], and if there is none there, the id must be the only one.
//
// It is an error if the session is unknown or has ended, if status is empty, or if a session that
// was Ready is to be Starting again: nothing leads back.
func (e *Emulator) SetStatus(sessionID string, status azremoterendering.SessionStatus) error {
	return e.fleet.setStatus(home{e.accounts[0], e.geography.home}, sessionID, status)
}

func (f *fleet) setStatus(preferred home, id string, status sessionStatus) error {
	f.ask(func(r *record) bool { return r.id == id })
	now := f.lock()
	defer f.unlock()
	r, err := f.named(preferred, id)
	if err != nil {
		return err
	}
	if r.ended(now) {
		return fmt.Errorf(
			"emulator: session %q has ended as %s: nothing leads out of that",
			id,
			r.endedAs,
		)
	}
	if !status.Ended() {
		if err := r.show(now, status); err != nil {
			return err
		}
		f.changed(r, now)
		return nil
	}
	if status == azremoterendering.SessionStatusError {
		r.failure = failureOf(r.wasReady(now))
	}
	f.finish(r, now, status)
	return nil
}

// named returns the session with an id: the one that lives in the preferred place, otherwise the
// only one.
func (f *fleet) named(preferred home, id string) (*record, error) {
	if r := f.find(preferred, id); r != nil {
		return r, nil
	}
	var only *record
	for h := range f.shelves {
		r := f.find(h, id)
		if r != nil && only != nil {
			return nil, fmt.Errorf(
				"emulator: there are several sessions %q, in other accounts or regions than the first",
				id,
			)
		}
		if r != nil {
			only = r
		}
	}
	if only == nil {
		return nil, fmt.Errorf("emulator: session %q is unknown", id)
	}
	return only, nil
}
