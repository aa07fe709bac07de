// SPDX-License-Identifier: MIT

package service

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/arr-go/azremoterendering"
)

// createSession is PUT /accounts/{id}/sessions/{id}.
func (q *Request) createSession() Answer {
	members, refused := q.members()
	if refused != nil {
		return q.Refuse(refused)
	}
	lease, refused := leaseOf(members)
	if refused != nil {
		return q.Refuse(refused)
	}
	if refused := refuseFirstLease(lease, q.service.decisions); refused != nil {
		return q.Refuse(refused)
	}
	size, refused := sizeOf(members)
	if refused != nil {
		return q.Refuse(refused)
	}
	facts, created, err := q.service.store.Create(q.HTTP.Context(), q.partition(),
		NewSession{ID: q.SessionID, Size: size, Lease: lease})
	switch {
	case err != nil:
		return q.storeFailed(err)
	case created:
		return JSONAnswer(http.StatusCreated, q.wire(facts.starting()))
	}
	now := q.service.now()
	decisions := q.service.decisions
	if decisions.RefuseEndedID && facts.Ended(now) ||
		!decisions.SameSettings.same(&facts, size, lease) {
		return q.Refuse(conflict)
	}
	return JSONAnswer(http.StatusOK, q.wire(facts.Session(now)))
}

// getSession is GET /accounts/{id}/sessions/{id}.
func (q *Request) getSession() Answer {
	facts, err := q.service.store.Get(q.HTTP.Context(), q.partition(), q.SessionID)
	if err != nil {
		return q.storeFailed(err)
	}
	a := JSONAnswer(http.StatusOK, q.wire(facts.Session(q.service.now())))
	if q.service.decisions.AbsentValues == AbsentNull {
		return a // as recorded in January 2021, without the headers for caches
	}
	return uncached(a)
}

// updateSession is PATCH /accounts/{id}/sessions/{id}.
func (q *Request) updateSession() Answer {
	members, refused := q.members()
	var lease time.Duration
	if refused == nil {
		lease, refused = leaseOf(members)
	}
	if refused != nil {
		if refused.Code == codeBadRequest &&
			q.service.decisions.MalformedUpdateStatus == http.StatusUnprocessableEntity {
			refused = unprocessable(refused.Message)
		}
		return q.Refuse(refused)
	}
	facts, refused, err := q.extend(lease)
	switch {
	case err != nil:
		return q.storeFailed(err)
	case refused != nil:
		return q.Refuse(refused)
	}
	return JSONAnswer(http.StatusOK, q.wire(facts.Session(q.service.now())))
}

// maxExtendTries limits the tries of one update. Each that fails means that another request changed
// the session, so more than a few are a sign of a faulty store.
const maxExtendTries = 100

// extend changes the lease of the session, by compare-and-set: if the session has changed since it
// was checked, it is checked again.
func (q *Request) extend(lease time.Duration) (facts Facts, refused *Refusal, err error) {
	ctx, store := q.HTTP.Context(), q.service.store
	for range maxExtendTries {
		facts, err = store.Get(ctx, q.partition(), q.SessionID)
		if err != nil {
			return facts, nil, err
		}
		if refused := refuseLease(&facts, q.service.now(), lease, q.service.decisions); refused != nil {
			return facts, refused, nil
		}
		facts, err = store.Extend(ctx, q.partition(), q.SessionID, facts.Lease, lease)
		if !errors.Is(err, ErrChanged) {
			return facts, nil, err
		}
		if ctx.Err() != nil {
			return facts, nil, ctx.Err()
		}
	}
	return facts, nil, err
}

// refuseLease refuses a new lease that a session cannot get.
func refuseLease(f *Facts, now time.Time, lease time.Duration, decisions Decisions) *Refusal {
	current, limit := f.Lease, decisions.MaxLease
	switch {
	case f.Ended(now) && decisions.UpdateEndedStatus == http.StatusNotFound:
		return notFound
	case f.Ended(now):
		return unprocessable("The session has ended; its lease cannot be extended.")
	case lease > limit, lease == limit && !decisions.AcceptUpdateToMaxLease:
		return unprocessable(fmt.Sprintf(
			"The maxLeaseTimeMinutes value must be less than %d.", limit/time.Minute))
	case lease > current:
		return nil
	case !decisions.AcceptShorterLease:
		return unprocessable(fmt.Sprintf(
			"The maxLeaseTimeMinutes value must be larger than the current value %d.",
			current/time.Minute))
	case lease <= 0, f.WasReady(now) && !now.Before(f.ReadyAt.Add(lease)):
		// Otherwise the session would have ended in the past, and its elapsed time would decrease.
		return unprocessable("The maxLeaseTimeMinutes value must be larger than the time elapsed.")
	}
	return nil
}

// stopSession is POST /accounts/{id}/sessions/{id}/:stop. A body is ignored.
func (q *Request) stopSession() Answer {
	stopped, err := q.service.store.Stop(q.HTTP.Context(), q.partition(), q.SessionID)
	switch {
	case err != nil:
		return q.storeFailed(err)
	case !stopped && q.service.decisions.StopEndedStatus == http.StatusNotFound:
		return q.Refuse(notFound)
	}
	return EmptyAnswer(http.StatusNoContent)
}

// storeFailed returns the answer to a request on which the store returned an error.
func (q *Request) storeFailed(err error) Answer {
	switch {
	case errors.Is(err, ErrNotFound):
		return q.Refuse(notFound)
	case errors.Is(err, ErrBadCursor):
		return q.Refuse(badSkipToken)
	case errors.Is(err, context.Canceled):
		return q.Refuse(InternalServerError()) // the client has left
	}
	q.service.logger.LogAttrs(q.HTTP.Context(), slog.LevelError, "the store failed",
		slog.String("operation", q.Operation), q.loggedID(),
		slog.Any("error", err))
	return q.Refuse(InternalServerError())
}

// wire returns a session as the answer spells it.
func (q *Request) wire(s azremoterendering.Session) any {
	s.Status = cmp.Or(q.ShowStatus, s.Status)
	s.Size = cmp.Or(q.ShowSize, s.Size)
	return q.service.WireSession(s)
}

// WireSession returns a value whose JSON is the session in the spelling of the protocol.
func (s *Service) WireSession(session azremoterendering.Session) any {
	return wireSessionOf(session, s.decisions.AbsentValues)
}
