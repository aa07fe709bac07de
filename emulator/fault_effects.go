// SPDX-License-Identifier: MIT

package emulator

import (
	"bytes"
	"cmp"
	"context"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/arr-go/azremoterendering"
)

// effects is what all faults together do to one request.
type effects struct {
	names      []string
	delay      time.Duration
	answering  *Fault // which has the Status, or nil
	drop       Drop
	truncated  bool
	body       BodyFault // BodyInvalid, BodyEmpty or ""
	slowFor    time.Duration
	showStatus sessionStatus
	showSize   sessionSize
	nextLink   NextLinkFault
	start      StartFault
	dieAfter   time.Duration
}

// add adds the effects of a fault that affects the request.
func (e *effects) add(f *Fault) {
	e.names = append(e.names, f.Name)
	e.delay += f.Delay
	e.drop = f.Drop
	if f.Status != 0 {
		e.answering = f
	}
	switch {
	case f.Body == BodySlow:
		e.slowFor += f.SlowFor
	case e.truncated || e.body != "": // the first counts
	case f.Body == BodyTruncated:
		e.truncated = true
	default:
		e.body = f.Body
	}
	e.showStatus = cmp.Or(e.showStatus, f.ShowStatus)
	e.showSize = cmp.Or(e.showSize, f.ShowSize)
	e.nextLink = cmp.Or(e.nextLink, f.NextLink)
	if e.start == "" {
		e.start, e.dieAfter = f.Start, f.DieAfter
	}
}

// suffer waits as the faults say, and performs the request unless they prevent it.
func (x *exchange) suffer() delivery {
	f := &x.faults
	lost := delivery{answer: answer{header: make(http.Header)}, faults: f.names, dropped: true}
	if f.delay > 0 || f.slowFor > 0 {
		x.linger(f.delay + f.slowFor)
		x.readAhead()
	}
	if f.delay > 0 && !wait(x.request.Context(), f.delay, nil) || f.drop == DropBefore {
		return lost
	}
	var a answer
	if f.answering == nil || f.answering.AfterEffect {
		a = x.guarded((*exchange).perform)
	}
	if f.drop == DropAfter {
		return lost
	}
	if f.answering != nil {
		a = x.faultAnswer(f.answering)
	}
	return delivery{answer: f.spoil(a), faults: f.names, truncated: f.truncated, slowFor: f.slowFor}
}

// readAhead reads the body of the request, as far as it may be read: a server of net/http notices
// only then that its client leaves.
func (x *exchange) readAhead() {
	if x.request.Body == nil {
		return
	}
	data, err := io.ReadAll(io.LimitReader(x.request.Body, maxBody+1))
	var rest io.Reader = bytes.NewReader(data)
	if err != nil {
		rest = io.MultiReader(rest, failingReader{err})
	}
	x.request.Body = io.NopCloser(rest)
}

type failingReader struct{ err error }

func (r failingReader) Read([]byte) (int, error) { return 0, r.err }

// wait returns after d, or with false as soon as the context or closed ends.
func wait(ctx context.Context, d time.Duration, closed <-chan struct{}) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
	case <-closed:
	}
	return false
}

// faultAnswer returns the answer with the Status of a fault.
func (x *exchange) faultAnswer(f *Fault) answer {
	refused := &refusal{status: f.Status}
	malformedExchange := f.Status == http.StatusBadRequest && x.target.kind == tokenOf
	switch {
	case malformedExchange:
		// The token service has no error objects; its specification shows a challenge instead.
		if x.emulator.challenge != "" {
			refused.header = http.Header{"Www-Authenticate": {x.emulator.challenge}}
		}
	case f.Status == http.StatusInternalServerError:
		refused = internalServerError
	case f.Status < 400, f.Status == http.StatusUnauthorized, f.Status == http.StatusForbidden,
		f.Status == http.StatusNotFound, f.Status == http.StatusTooManyRequests:
		// As those of the service, without a body.
	default:
		refused.code = cmp.Or(strings.ReplaceAll(http.StatusText(f.Status), " ", ""), "Fault")
		refused.message = "A fault of the emulator answered this request."
	}
	a := x.emulator.refuse(refused)
	if !mayHaveBody(f.Status) {
		a.header.Del("Content-Length")
	}
	if f.RetryAfter > 0 {
		a.header.Set("Retry-After", strconv.Itoa(int(f.RetryAfter/time.Second)))
	}
	switch f.Challenge {
	case "":
	case noChallenge:
		a.header.Del("WWW-Authenticate")
	default:
		a.header.Set("WWW-Authenticate", f.Challenge)
	}
	return a
}

// spoil returns an answer with another body.
func (f *effects) spoil(a answer) answer {
	const page = "<!DOCTYPE html>\n<html><head><title>Bad Gateway</title></head><body><h1>Bad Gateway</h1></body></html>\n"
	if f.body == "" || !mayHaveBody(a.status) {
		return a
	}
	a.body = nil
	if f.body == BodyInvalid {
		a.body = []byte(page)
		a.header.Set("Content-Type", "application/json; charset=utf-8")
	}
	a.header.Set("Content-Length", strconv.Itoa(len(a.body)))
	return a
}

func mayHaveBody(status int) bool {
	return status != http.StatusNoContent && status != http.StatusNotModified
}

// wire returns a session as the request's answer spells it.
func (x *exchange) wire(s session) any {
	s.Status = cmp.Or(x.faults.showStatus, s.Status)
	s.Size = cmp.Or(x.faults.showSize, s.Size)
	return wireSessionOf(s, x.emulator.absent)
}

// spoiltLink returns the link that a page of the list has instead of link, which is empty on the
// last page.
func (x *exchange) spoiltLink(link string) string {
	if x.faults.nextLink == "" {
		return link
	}
	parsed, err := url.Parse(link)
	if err != nil {
		return link // never: it was made here
	}
	switch {
	case x.faults.nextLink == NextLinkForeign:
		if link == "" {
			parsed = &url.URL{Path: x.request.URL.Path, RawQuery: x.request.URL.RawQuery}
		}
		parsed.Scheme, parsed.Host = "https", "foreign.invalid"
		return parsed.String()
	case x.faults.nextLink == NextLinkRelative && link != "":
		parsed.Scheme, parsed.Host = "", ""
		return parsed.String()
	case x.faults.nextLink == NextLinkLoop:
		here := url.URL{
			Scheme:   scheme(x.request),
			Host:     x.request.Host,
			Path:     x.request.URL.Path,
			RawQuery: x.request.URL.RawQuery,
		}
		return here.String()
	}
	return link
}

// startServer starts the server of a session that the request creates.
func (x *exchange) startServer(spec ServerSpec) BackendServer {
	startup := func() time.Duration { return max(0, x.emulator.fleet.startupTime(spec.Size)) }
	switch x.faults.start {
	case StartFails:
		failure := failureOf(false)
		return doomedServer(time.Now().Add(startup()), failure.Code, failure.Message)
	case StartNever:
		return settledServer{}
	case StartNoCapacity:
		return pool{spec.Region, spec.Size}.exhausted(startup())
	case StartDies:
		if server := x.emulator.backend.Start(spec); server != nil {
			return mortalServer{server, x.faults.dieAfter, failureOf(true)}
		}
		return nil
	}
	return x.emulator.backend.Start(spec)
}

// mortalServer is a server that fails some time after it is ready, if it has not failed before.
type mortalServer struct {
	BackendServer
	dieAfter time.Duration
	failure  *azremoterendering.ErrorDetail
}

// Status is part of [BackendServer].
func (s mortalServer) Status() ServerStatus {
	status := s.BackendServer.Status()
	if status.Failure == nil && !status.ReadyAt.IsZero() {
		status.Failure, status.FailedAt = s.failure, status.ReadyAt.Add(s.dieAfter)
	}
	return status
}
