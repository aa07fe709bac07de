// SPDX-License-Identifier: MIT

package memory

import (
	"fmt"
	"time"

	"github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/service"
)

// SetStatus changes the state of a session now: of the one in the preferred partition, otherwise of
// the only one with the id. It returns the group of the journal that has the change. It is an error
// if the session is unknown or has ended, if the id is ambiguous, if status is empty, or if a
// session that was Ready would be Starting again.
func (m *Store) SetStatus(
	preferred service.PartitionKey, id string, status azremoterendering.SessionStatus,
) (group uint64, err error) {
	m.ask(func(r *record) bool { return r.ID == id })
	now := m.lock()
	defer m.unlock()
	r, err := m.named(preferred, id)
	if err != nil {
		return 0, err
	}
	if r.Ended(now) {
		return 0, fmt.Errorf(
			"emulator: session %q has ended as %s: its state cannot change any more",
			id,
			r.EndedAs,
		)
	}
	if !status.Ended() {
		if err := r.show(now, status); err != nil {
			return 0, err
		}
		m.changed(r, now)
		return r.group, nil
	}
	if status == azremoterendering.SessionStatusError {
		r.Failure = failureOf(r.WasReady(now))
	}
	m.finish(r, now, status)
	return r.group, nil
}

// named returns the session with an id: the one in the preferred partition, otherwise the only one.
func (m *Store) named(preferred service.PartitionKey, id string) (*record, error) {
	if r := m.find(preferred, id); r != nil {
		return r, nil
	}
	var only *record
	for h := range m.partitions {
		r := m.find(h, id)
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

// show changes the facts so that the session, which has not ended, is in a state from now on that
// is not an end.
func (r *record) show(now time.Time, status azremoterendering.SessionStatus) error {
	switch status {
	case "":
		return fmt.Errorf("emulator: session %q: the status to set is empty", r.ID)
	case azremoterendering.SessionStatusReady:
		r.Shown = ""
		if !r.WasReady(now) {
			r.endStartup(now)
		}
	case azremoterendering.SessionStatusStarting:
		if r.WasReady(now) {
			return fmt.Errorf(
				"emulator: session %q was Ready: it cannot be Starting again",
				r.ID,
			)
		}
		r.Shown = ""
	default:
		if r.Shown != status {
			r.Shown, r.shownSince = status, now
		}
	}
	return nil
}

// endStartup makes the session Ready now. A failure that was to come some time after Ready comes
// that much later than now.
func (r *record) endStartup(now time.Time) {
	if r.Failure != nil && !r.ReadyAt.IsZero() && r.FailedAt.After(r.ReadyAt) {
		r.FailedAt = now.Add(r.FailedAt.Sub(r.ReadyAt))
	}
	r.ReadyAt = now
}
