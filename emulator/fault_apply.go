// SPDX-License-Identifier: MIT

package emulator

import (
	"bytes"
	"cmp"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator/internal/conversions"
	"github.com/arr-go/azremoterendering/emulator/internal/faults"
	"github.com/arr-go/azremoterendering/emulator/internal/memory"
	"github.com/arr-go/azremoterendering/service"
)

// effects is what all faults do together to one request.
type effects struct {
	names      []string
	delay      time.Duration
	answering  *Fault // which has the Status, or nil
	drop       Drop
	truncated  bool
	body       BodyFault // BodyInvalid, BodyEmpty or ""
	slowFor    time.Duration
	showStatus azremoterendering.SessionStatus
	showSize   azremoterendering.SessionSize
	nextLink   NextLinkFault
	start      memory.Fault
	conversion ConversionFault
	spellings  []string // names
}

// add adds the effects of a fault that affects the request.
func (f *effects) add(fault *Fault) {
	f.names = append(f.names, fault.Name)
	f.delay += fault.Delay
	f.drop = fault.Drop
	if fault.Status != 0 {
		f.answering = fault
	}
	switch {
	case fault.Body == BodySlow:
		f.slowFor += fault.SlowFor
	case f.truncated || f.body != "": // the first counts
	case fault.Body == BodyTruncated:
		f.truncated = true
	default:
		f.body = fault.Body
	}
	f.showStatus = cmp.Or(f.showStatus, fault.ShowStatus)
	f.showSize = cmp.Or(f.showSize, fault.ShowSize)
	f.nextLink = cmp.Or(f.nextLink, fault.NextLink)
	if f.start.Start == "" {
		f.start.Start, f.start.DieAfter = string(fault.Start), fault.DieAfter
	}
	f.conversion = cmp.Or(f.conversion, fault.Conversion)
	f.start.ReadLag = max(f.start.ReadLag, fault.ReadLag)
	if fault.Spelling != "" {
		f.spellings = append(f.spellings, string(fault.Spelling))
	}
}

// applyFaults delays the request as its faults say, then performs it unless a fault suppresses it,
// and changes the answer. It is the [service.Interceptor] of the emulator.
func (x *exchange) applyFaults(q *service.Request, perform func() service.Answer) service.Answer {
	x.faults = x.emulator.faults.on(q)
	f := &x.faults
	if len(f.names) == 0 {
		return x.perform(q, perform)
	}
	q.LogAttrs = append(q.LogAttrs, slog.Any("faults", f.names))
	if f.delay > 0 || f.slowFor > 0 {
		x.extendDeadline(f.delay + f.slowFor)
		readAhead(q.HTTP)
	}
	var none service.Answer // breaks the connection
	if f.delay > 0 && !x.sleep(q, f.delay) || f.drop == DropBefore {
		return none
	}
	f.prepare(q)
	var a service.Answer
	if f.answering == nil || f.answering.AfterEffect {
		a = x.perform(q, perform)
	}
	if f.drop == DropAfter {
		return none
	}
	if f.answering != nil {
		a = x.emulator.faultAnswer(q, f.answering)
	}
	return f.corrupt(a)
}

// sleep waits for a delay on the clock. It reports false if the client left before.
func (x *exchange) sleep(q *service.Request, d time.Duration) bool {
	clock := x.emulator.clock
	return clock.SleepUntil(q.HTTP.Context(), clock.Now().Add(d), nil)
}

// perform performs the request. A get does not find a session that a fault still hides.
func (x *exchange) perform(q *service.Request, perform func() service.Answer) service.Answer {
	a := perform()
	x.emulator.hintAtKey(q, a)
	if q.Operation == service.GetSession && a.Status == http.StatusOK &&
		x.emulator.store.Hides(service.PartitionKey{AccountID: q.AccountID, Region: q.Region}, q.SessionID) {
		return x.emulator.service.Refuse(&service.Refusal{Status: http.StatusNotFound})
	}
	return a
}

// prepare tells the service and the store what faults do while the request is performed.
func (f *effects) prepare(q *service.Request) {
	q.ShowStatus, q.ShowSize = f.showStatus, f.showSize
	if f.nextLink != "" {
		q.EditNextLink = func(link string) string { return f.nextLink.edit(q.HTTP, link) }
	}
	if f.start != (memory.Fault{}) {
		q.HTTP = q.HTTP.WithContext(memory.WithFault(q.HTTP.Context(), f.start))
	}
	if f.conversion != "" {
		ctx := conversions.WithFault(q.HTTP.Context(), conversions.Fault(f.conversion))
		q.HTTP = q.HTTP.WithContext(ctx)
	}
}

// readAhead reads the body of the request, up to the limit: a server of net/http notices only then
// that its client leaves.
func readAhead(r *http.Request) {
	if r.Body == nil {
		return
	}
	data, err := io.ReadAll(io.LimitReader(r.Body, service.MaxBody+1))
	var rest io.Reader = bytes.NewReader(data)
	if err != nil {
		rest = io.MultiReader(rest, failingReader{err})
	}
	r.Body = io.NopCloser(rest)
}

type failingReader struct{ err error }

func (r failingReader) Read([]byte) (int, error) { return 0, r.err }

// faultAnswer returns the answer with the Status of a fault.
func (e *Emulator) faultAnswer(q *service.Request, f *Fault) service.Answer {
	refused := &service.Refusal{Status: f.Status}
	switch {
	case f.Status == http.StatusBadRequest && q.Operation == service.GetToken:
		// The token service has no error objects; its specification shows a challenge instead.
		challenge := e.service.Refuse(&service.Refusal{Status: http.StatusUnauthorized})
		if value := challenge.Header.Get("WWW-Authenticate"); value != "" {
			refused.Header = http.Header{"Www-Authenticate": {value}}
		}
	case f.Status == http.StatusInternalServerError:
		refused = service.InternalServerError()
	case hasError(f.Status):
		refused.Code = cmp.Or(strings.ReplaceAll(http.StatusText(f.Status), " ", ""), "Fault")
		refused.Message = "A fault of the emulator answered this request."
	}
	a := q.Refuse(refused)
	if !mayHaveBody(f.Status) {
		a.Header.Del("Content-Length")
	}
	if f.RetryAfter > 0 {
		faults.SetRetryAfter(a.Header, string(f.Spelling), f.RetryAfter)
	}
	switch f.Challenge {
	case "":
	case noChallenge:
		a.Header.Del("WWW-Authenticate")
	default:
		a.Header.Set("WWW-Authenticate", f.Challenge)
	}
	return a
}

// hasError reports whether the service sends an error object with a status.
func hasError(status int) bool {
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound,
		http.StatusTooManyRequests:
		return false
	}
	return status >= 400
}

// corrupt returns the answer with the body that a fault gives it.
func (f *effects) corrupt(a service.Answer) service.Answer {
	const page = "<!DOCTYPE html>\n<html><head><title>Bad Gateway</title></head>" +
		"<body><h1>Bad Gateway</h1></body></html>\n"
	a = faults.Spell(a, f.spellings)
	if f.body == "" || !mayHaveBody(a.Status) {
		return a
	}
	a.Body = nil
	if f.body == BodyInvalid {
		a.Body = []byte(page)
		a.Header.Set("Content-Type", "application/json; charset=utf-8")
	}
	a.Header.Set("Content-Length", strconv.Itoa(len(a.Body)))
	return a
}

func mayHaveBody(status int) bool {
	return status != http.StatusNoContent && status != http.StatusNotModified
}

// edit returns the link that a page of the list has instead of link, which is empty on the last
// page.
func (kind NextLinkFault) edit(r *http.Request, link string) string {
	here := url.URL{
		Scheme:   service.Scheme(r),
		Host:     r.Host,
		Path:     r.URL.Path,
		RawQuery: r.URL.RawQuery,
	}
	next, err := url.Parse(link)
	if link == "" || err != nil {
		next = &here
	}
	switch {
	case kind == NextLinkForeign:
		next.Scheme, next.Host = "https", "foreign.invalid"
		return next.String()
	case kind == NextLinkRelative && link != "":
		next.Scheme, next.Host = "", ""
		return next.String()
	case kind == NextLinkLoop:
		return here.String()
	}
	return link
}
