// SPDX-License-Identifier: MIT

package emulator

import (
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/arr-go/azremoterendering/emulator/internal/delivery"
	"github.com/arr-go/azremoterendering/emulator/internal/guard"
	"github.com/arr-go/azremoterendering/emulator/internal/redact"
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
		delivery.ExtendWait(w, r, maxWait+writeTimeout)
	}
	extend := func(d time.Duration) { delivery.Extend(w, r, e.clock, d) }
	e.respond(r, guard.FromNetwork(r), extend).Write(w, r)
}

// respond returns the complete answer to a request, from the network or in memory. Requests to the
// service are recorded; those for the page and the administrative path are not, because they would
// soon fill the log. respond calls extendDeadline if the answer will be late.
func (e *Emulator) respond(
	r *http.Request,
	fromNetwork bool,
	extendDeadline func(time.Duration),
) delivery.Delivery {
	if forHealth(r) {
		return delivery.Delivery{Answer: e.guarded(r, e.showHealth)}
	}
	if forMetrics(r) {
		return delivery.Delivery{Answer: e.guarded(r, e.showMetrics)}
	}
	if fromNetwork {
		var refused *service.Refusal
		if r, refused = e.guard.AsClientSent(r); refused != nil {
			e.logRefusal(r, refused)
			return delivery.Delivery{Answer: e.guarded(r, func(*http.Request) service.Answer {
				return e.service.Refuse(refused)
			})}
		}
	}
	if e.forAdmin(r) {
		var stream io.ReadCloser
		a := e.guarded(r, func(r *http.Request) (a service.Answer) {
			a, stream = e.administer(r)
			return a
		})
		return delivery.Delivery{Answer: a, Stream: stream}
	}
	if fromNetwork {
		if refused := e.guard.RefuseForeign(r); refused != nil {
			e.logRefusal(r, refused)
			a := e.service.Refuse(refused)
			e.service.AddCommonHeaders(a)
			return delivery.Delivery{Answer: a}
		}
	}
	if e.forPage(r, fromNetwork) {
		var stream io.ReadCloser
		a := e.guarded(r, func(r *http.Request) (a service.Answer) {
			a = e.servePage(r)
			stream = e.openPageEvents(r, a)
			return a
		})
		return delivery.Delivery{Answer: a, Stream: stream}
	}
	if fromNetwork {
		r = e.guard.ToExternal(r)
	}
	x := exchange{emulator: e, extendDeadline: extendDeadline}
	r, body := redact.CopyBody(r)
	answer, q := e.service.Respond(r, x.applyFaults)
	e.record(q, answer, body, x.faults.names)
	return delivery.Delivery{
		Answer:    answer,
		Faults:    x.faults.names,
		Truncated: x.faults.truncated,
		SlowFor:   x.faults.slowFor,
		Clock:     e.clock,
	}
}

func (e *Emulator) logRefusal(r *http.Request, refused *service.Refusal) {
	e.logger.LogAttrs(r.Context(), slog.LevelWarn, "request refused",
		slog.Int("status", refused.Status), slog.String("reason", refused.Message))
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

// record keeps a request for the page and the administrative path.
func (e *Emulator) record(
	q *service.Request, answer service.Answer, body *redact.BodyCopy, faults []string,
) {
	redactor := e.redactor()
	e.requests.add(RequestRecord{
		Time:              q.Arrived,
		Duration:          e.clock.Now().Sub(q.Arrived),
		Method:            q.Method(),
		Path:              redactor.Path(q.HTTP.URL.EscapedPath(), e.isAccount),
		Operation:         q.Operation,
		AccountID:         q.AccountID,
		Region:            q.Region,
		SessionID:         redactor.Text(q.ValidSessionID()),
		ConversionID:      redactor.Text(q.ValidConversionID()),
		Status:            answer.Status,
		ErrorCode:         errorCodeOf(answer),
		CorrelationVector: answer.Header.Get("MS-CV"),
		Faults:            faults,
		UserAgent:         redactor.UserAgent(q.HTTP.UserAgent()),
		RequestBody:       body.Body(redactor),
		ResponseBody:      redactor.Body(answer.Body, len(answer.Body)),
	})
}

// redactor returns one that knows the present keys of all accounts.
func (e *Emulator) redactor() redact.Redactor {
	var keys []string
	for _, a := range e.accounts {
		primary, secondary, _ := e.service.Keys(a.ID)
		keys = append(keys, primary, secondary)
	}
	return redact.New(keys)
}

func (e *Emulator) isAccount(id string) bool { return e.accountID(id) != "" }

// errorCodeOf returns the code of an answer that refuses.
func errorCodeOf(a service.Answer) string {
	if a.Status < 400 || len(a.Body) == 0 || len(a.Body) > redact.MaxBody {
		return ""
	}
	var body struct{ Error struct{ Code string } }
	if json.Unmarshal(a.Body, &body) != nil || len(body.Error.Code) > maxShownLength {
		return ""
	}
	return body.Error.Code
}
