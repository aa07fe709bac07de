// SPDX-License-Identifier: MIT

package emulator

import (
	"log/slog"
	"net/http"
	"time"

	"github.com/arr-go/azremoterendering/service"
)

// exchange is a request to the service on its way through the faults.
type exchange struct {
	emulator *Emulator
	// extendDeadline tells the connection that the answer will come that much later.
	extendDeadline func(time.Duration)
	faults         effects // of the faults that affect the request
}

// ServeHTTP implements [http.Handler]. Below a server of net/http, header names are spelled as the
// service spells them (MS-CV, api-supported-versions); elsewhere, such as in a
// [net/http/httptest.ResponseRecorder], they are in canonical form, so that [http.Header.Get] finds
// them.
//
// A [Fault] that breaks the connection makes it panic with [http.ErrAbortHandler], which servers of
// net/http understand and a ResponseRecorder does not.
//
// A request that a server has received for a host that is not known, see [Options.AllowHosts], is
// answered with 421, and one of a web page of another origin with 403.
func (e *Emulator) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if e.forAdmin(r) {
		extendForWait(w, r)
	}
	e.respond(r, fromNetwork(r), func(d time.Duration) { e.extendDeadlines(w, r, d) }).write(w, r)
}

// respond returns the complete answer to a request, from the network or in memory. Requests to the
// service are recorded; those for the page and the administrative path are not, because they would
// soon fill the log. respond calls extendDeadline if the answer will be late.
func (e *Emulator) respond(
	r *http.Request,
	fromNetwork bool,
	extendDeadline func(time.Duration),
) delivery {
	if forHealth(r) {
		return delivery{Answer: e.guarded(r, e.showHealth)}
	}
	if forMetrics(r) {
		return delivery{Answer: e.guarded(r, e.showMetrics)}
	}
	if fromNetwork {
		var refused *service.Refusal
		if r, refused = e.asClientSent(r); refused != nil {
			return delivery{Answer: e.guarded(r, func(*http.Request) service.Answer {
				return e.service.Refuse(refused)
			})}
		}
	}
	if e.forAdmin(r) {
		var stream *eventStream
		a := e.guarded(r, func(r *http.Request) (a service.Answer) {
			a, stream = e.administer(r)
			return a
		})
		return delivery{Answer: a, stream: stream}
	}
	if fromNetwork {
		if refused := e.refuseForeign(r); refused != nil {
			a := e.service.Refuse(refused)
			e.service.AddCommonHeaders(a)
			return delivery{Answer: a}
		}
	}
	if e.forPage(r, fromNetwork) {
		var stream *eventStream
		a := e.guarded(r, func(r *http.Request) (a service.Answer) {
			a = e.servePage(r)
			stream = e.openPageEvents(r, a)
			return a
		})
		return delivery{Answer: a, stream: stream}
	}
	if fromNetwork {
		r = e.proxies.toExternal(r)
	}
	x := exchange{emulator: e, extendDeadline: extendDeadline}
	r, body := withBodyCopy(r)
	answer, q := e.service.Respond(r, x.applyFaults)
	e.record(q, answer, body, x.faults.names)
	return delivery{
		Answer:    answer,
		faults:    x.faults.names,
		truncated: x.faults.truncated,
		slowFor:   x.faults.slowFor,
		clock:     e.clock,
	}
}

// guarded returns what do does, or 500 if it panics, as a function of the user may: that must not
// end the process when there is no server of net/http above.
func (e *Emulator) guarded(
	r *http.Request,
	do func(*http.Request) service.Answer,
) (a service.Answer) {
	defer func() {
		if cause := recover(); cause != nil {
			e.logger.LogAttrs(r.Context(), slog.LevelError, "panic",
				slog.String("path", r.URL.Path), slog.Any("cause", cause))
			a = e.service.Refuse(service.InternalServerError())
		}
		e.service.AddCommonHeaders(a)
	}()
	return do(r)
}

// withBodyCopy returns a request with the same body, of which the beginning is kept when it is
// read.
func withBodyCopy(r *http.Request) (*http.Request, *bodyCopy) {
	if r.Body == nil || r.Body == http.NoBody {
		return r, nil
	}
	body := &bodyCopy{ReadCloser: r.Body}
	r = r.WithContext(r.Context()) // a handler must not change the request that it is given
	r.Body = body
	return r, body
}

// record keeps a request for the page and the administrative path.
func (e *Emulator) record(
	q *service.Request, answer service.Answer, body *bodyCopy, faults []string,
) {
	scrub := e.scrubber()
	e.requests.add(RequestRecord{
		Time:              q.Arrived,
		Duration:          e.clock.Now().Sub(q.Arrived),
		Method:            q.Method(),
		Path:              scrub.text(e.shownPath(q.HTTP.URL.EscapedPath())),
		Operation:         q.Operation,
		AccountID:         q.AccountID,
		Region:            q.Region,
		SessionID:         scrub.text(q.ValidSessionID()),
		ConversionID:      scrub.text(q.ValidConversionID()),
		Status:            answer.Status,
		ErrorCode:         errorCodeOf(answer),
		CorrelationVector: answer.Header.Get("MS-CV"),
		Faults:            faults,
		UserAgent:         scrub.userAgentOf(q.HTTP.UserAgent()),
		RequestBody:       body.shown(scrub),
		ResponseBody:      scrub.body(answer.Body[:min(len(answer.Body), maxKeptBody+1)], len(answer.Body)),
	})
}
