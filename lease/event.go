// SPDX-License-Identifier: MIT

package lease

import (
	"errors"
	"time"

	arr "github.com/arr-go/azremoterendering"
)

// EventKind says what has happened. Programs should ignore kinds that they do not know.
type EventKind string

// The kinds of events.
const (
	// EventCreated: the service accepted the creation of a session.
	EventCreated EventKind = "created"
	// EventReady: a session that was created is Ready. Duration is the time since its creation was
	// requested.
	EventReady EventKind = "ready"
	// EventCreateFailed: an attempt to create a session, in one region with one size, failed. Err
	// says why. Duration is the time since the creation was requested. There is no such event if
	// the caller has given up, or the pool no longer needs the session.
	EventCreateFailed EventKind = "create failed"
	// EventAdopted: [Acquire] has adopted a session, or a [Pool] has taken one over.
	EventAdopted EventKind = "adopted"
	// EventExtended: the lease of a session was extended. Duration is by how much.
	EventExtended EventKind = "extended"
	// EventFailed: a request about a session failed: a get, an extension, a stop, or the list of a
	// pool that takes sessions over. Err says why. A later event tells what happens to the session.
	EventFailed EventKind = "failed"
	// EventHandedOut: [Pool.Acquire] has returned a session. Duration is the time that it took.
	EventHandedOut EventKind = "handed out"
	// EventNotHandedOut: [Pool.Acquire] has returned an error, Err. Duration is the time that it
	// took.
	EventNotHandedOut EventKind = "not handed out"
	// EventEnded: nothing more happens to a session that was created or adopted. Err says why, as
	// the cause of [Lease.Context] does; a [*NotStoppedError] means that it may run on. Duration is
	// the time that it was billed while this program had it: from Ready, or its adoption, until it
	// was stopped, ended or detached. That is never too short, and too long by at most twice the
	// time between two looks at a session that starts: some seconds. For a session that could not
	// be stopped it is the whole lease. For one that was never seen Ready it is 0, although it may
	// have become Ready since the last look.
	EventEnded EventKind = "ended"
)

// Event is something that has happened to a session that this package creates, keeps alive or hands
// out. The options Observe receive events. They are for metrics: module telemetry counts them with
// OpenTelemetry. Errors in events contain no secret.
type Event struct {
	Kind EventKind
	// Pool is [PoolOptions.IDPrefix], or empty.
	Pool string
	// Client is the client for the region; nil if no region is concerned.
	Client *arr.SessionsClient
	// SessionID and Size are those of the session. They are empty if none is concerned, or if the
	// size is not known.
	SessionID string
	Size      arr.SessionSize
	// Duration depends on Kind.
	Duration time.Duration
	// Err depends on Kind.
	Err error
}

// observe tells of an event of the session.
func (r *renewer) observe(kind EventKind, duration time.Duration, err error) {
	if r.options.Observe == nil {
		return
	}
	r.options.Observe(Event{
		Kind:      kind,
		Client:    r.client,
		SessionID: r.id,
		Size:      r.session().Size,
		Duration:  duration,
		Err:       err,
	})
}

// ended tells once that the session has ended for this program. notStopped is why it may run on, or
// nil.
func (r *renewer) ended(cause, notStopped error) {
	r.endOnce.Do(func() {
		billed := r.billed(time.Now())
		if notStopped != nil {
			cause, billed = notStopped, r.total()
		}
		r.observe(EventEnded, billed, cause)
	})
}

// endedIfCreated is ended for a session that did not become Ready.
func (r *renewer) endedIfCreated(cause, notStopped error) {
	if errors.Is(cause, errNotNeeded) {
		cause = ErrReleased
	}
	if r.session().ID != "" || notStopped != nil {
		r.ended(cause, notStopped)
	}
}

// billed returns for how long the session was billed while this program had it, if it no longer
// runs.
func (r *renewer) billed(now time.Time) time.Duration {
	cost := min(r.cost(now), r.total())
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.bounds.latest.IsZero() && r.last.session.ElapsedTime == 0:
		return 0
	case !r.since.IsZero():
		return min(cost, now.Sub(r.since))
	default:
		return cost
	}
}

// observe returns what receives the events of the sessions of a pool; nil if nothing does.
func (o PoolOptions) observe() func(Event) {
	if o.Observe == nil {
		return nil
	}
	return func(e Event) {
		e.Pool = o.IDPrefix
		o.Observe(e)
	}
}
