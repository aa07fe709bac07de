// SPDX-License-Identifier: MIT

//go:build chaos

package chaos_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"time"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/lease"
)

// The kinds of problems.
const (
	kindDouble    = "a session in two hands"
	kindRuns      = "a session runs that nobody asked to keep"
	kindWaiting   = "a waiting call of Pool.Acquire ended by another session's failure"
	kindNotFound  = "not found, but the service never said so"
	kindStopped   = "stopped, but nobody stopped it"
	kindExpired   = "expired, but the lease was not over"
	kindIdle      = "idle, but there were heartbeats"
	kindError     = "in state Error, but nothing failed"
	kindUnwritten = "outcome unknown, but nothing was written"
	kindCreated   = "refused or not sent, but the service created the session"
	kindReturn    = "a lease that is held cannot be returned"
	kindClaim     = "a device cannot claim the session that it holds"
	kindNotReady  = "handed out, but it was over"
	kindStarved   = "nobody got a session of the pool for 15 s though the service was there"
	kindNotStop   = "not stopped, though the service was there"
)

// knownToday names the problems that today's client has, with the reason. They are logged, and do
// not fail the run. Anyone who fixes the client removes the entry.
var knownToday = map[string]string{}

// quoted is how errors name a session.
var quoted = regexp.MustCompile(`session "([A-Za-z0-9_-]+)"`)

// subject returns the session that an error is about; the one given if it names none.
func subject(err error, id string) string {
	if refused, ok := errors.AsType[*arr.ServiceError](err); ok && refused.SessionID != "" {
		return refused.SessionID
	}
	if match := quoted.FindStringSubmatch(err.Error()); match != nil && id == "" {
		return match[1]
	}
	return id
}

// judgeError checks that what an error says of a session is true of the service.
func (h *history) judgeError(who, id string, err error) {
	if err == nil {
		return
	}
	id = subject(err, id)
	wrong := func(kind string) { h.problem(kind, fmt.Sprintf("%s, %s: %v", who, id, err)) }
	if errors.Is(err, arr.ErrNotFound) && !h.eventually(func() bool { return h.answered(id, 404) }) {
		wrong(kindNotFound)
	}
	stops := func() bool {
		return h.endedAs(id) == arr.SessionStatusStopped || h.answered(id, 204, "StopSession")
	}
	if errors.Is(err, lease.ErrStopped) && !h.eventually(stops) {
		wrong(kindStopped)
	}
	ended, isEnd := errors.AsType[*arr.SessionEndedError](err)
	if isEnd && ended.Session.Status == arr.SessionStatusError &&
		h.endedAs(ended.Session.ID) != arr.SessionStatusError {
		wrong(kindError)
	}
	if errors.Is(err, arr.ErrOutcomeUnknown) && !h.wroteChange(id) {
		wrong(kindUnwritten)
	}
}

// judgeCreate checks an error of BeginCreate.
func (h *history) judgeCreate(id string, err error) {
	h.judgeError("create", id, err)
	if err != nil && !errors.Is(err, arr.ErrOutcomeUnknown) &&
		h.answered(id, http.StatusCreated, "CreateSession") {
		h.problem(kindCreated, fmt.Sprintf("%s: %v", id, err))
	}
}

// judgeWaiting checks an error of Pool.Acquire, which ends only with its context or the pool.
//   - since is when the waiting began
func (r *run) judgeWaiting(ctx context.Context, since time.Time, err error) {
	ended := ctx.Err() != nil && errors.Is(err, ctx.Err())
	last, refused := errors.AsType[*arr.ServiceError](err)
	// The service has lost sessions that were created moments ago. For 30 seconds that looks like a
	// read that lags.
	lags := refused && errors.Is(last, arr.ErrNotFound) && arr.IsTransient(last)
	switch {
	case !ended && !errors.Is(err, lease.ErrPoolClosed):
		r.problem(kindWaiting, err.Error())
	case ended && !lags && time.Since(since) > starvation && r.service.upSince().Before(since) &&
		time.UnixMilli(r.handedOut.Load()).Before(since):
		r.problem(kindStarved, err.Error())
	}
}

// judgeEnd checks why a lease ended.
//   - since is when its session was created at the latest
//   - touched is when there was the last heartbeat
func (h *history) judgeEnd(who string, l *lease.Lease, since, touched time.Time) {
	id, cause := l.Session().ID, context.Cause(l.Context())
	h.judgeError(who, id, cause)
	if errors.Is(cause, lease.ErrExpired) && time.Since(since) < leaseTime/2 {
		h.problem(kindExpired, fmt.Sprintf("%s, %s: %v", who, id, cause))
	}
	if errors.Is(cause, lease.ErrIdle) && time.Since(touched) < idleTimeout-time.Second {
		h.problem(kindIdle, fmt.Sprintf("%s, %s: %v", who, id, cause))
	}
}

func (h *history) wroteChange(id string) bool {
	for _, method := range []string{http.MethodPut, http.MethodPatch, http.MethodPost} {
		if h.wasWritten(id, method) {
			return true
		}
	}
	return false
}

// eventually waits for the log of the service, which is a moment behind its answers.
func (h *history) eventually(condition func() bool) bool {
	for range 50 {
		if condition() {
			return true
		}
		time.Sleep(20 * time.Millisecond)
	}
	return false
}
