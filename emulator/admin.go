// SPDX-License-Identifier: MIT

package emulator

import (
	"cmp"
	_ "embed" // for the description
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/arr-go/azremoterendering/emulator/internal/faults"
	"github.com/arr-go/azremoterendering/service"
)

// adminPath is where the administrative requests are; see [Options.Admin].
const adminPath = "/_emulator"

// adminOperation is an operation of the administrative path. A segment * of its path stands for any
// segment that is not empty; perform gets these, in order. does is for the index.
type adminOperation struct {
	method, path string
	perform      func(e *Emulator, r *http.Request, segments []string) service.Answer
	does         string
}

// adminOperations returns all operations. It is a function because the index lists them, and is one
// of them.
func adminOperations() []adminOperation {
	return []adminOperation{
		{"GET", "/", (*Emulator).adminIndex, "lists the routes"},
		{"GET", "/openapi.json", (*Emulator).adminOpenAPI, "describes the routes: OpenAPI 3.1"},
		{"GET", "/state", (*Emulator).adminState, "shows everything but keys and tokens"},
		{"GET", "/requests", (*Emulator).adminRequests, "shows requests since a cursor, or waits for one"},
		{"GET", "/events", (*Emulator).adminEvents, "streams what happens: server-sent events"},
		{"GET", "/sessions/*", (*Emulator).adminGetSession, "shows a session"},
		{"POST", "/sessions/*", (*Emulator).adminSetStatus, "sets the state of a session"},
		{"POST", "/reset", (*Emulator).adminReset, "removes sessions, conversions, faults, requests"},
		{"GET", "/clock", (*Emulator).adminClock, "shows the clock"},
		{"POST", "/clock", (*Emulator).adminMoveClock, "advances, scales, freezes the clock"},
		{"GET", "/faults", (*Emulator).adminListFaults, "lists the faults in force"},
		{"POST", "/faults", (*Emulator).adminInject, "puts a fault in force"},
		{"DELETE", "/faults", (*Emulator).adminClear, "removes all faults"},
		{"DELETE", "/faults/*", (*Emulator).adminRemove, "removes a fault"},
		{"POST", "/accounts/*/keys/*", (*Emulator).adminRotate, "replaces a key of an account, and shows it"},
		{"POST", "/tokens/revoke", (*Emulator).adminRevoke, "refuses all tokens issued so far"},
		{"POST", "/tokens/lifetime", (*Emulator).adminTokenLifetime, "sets how long new tokens are valid"},
	}
}

// forAdmin reports whether the request is an administrative one.
func (e *Emulator) forAdmin(r *http.Request) bool {
	path := r.URL.Path
	return e.admin && (path == adminPath || strings.HasPrefix(path, adminPath+"/"))
}

// administer answers an administrative request. The stream is the body of an answer that does not
// end; nil for others.
func (e *Emulator) administer(r *http.Request) (a service.Answer, stream io.ReadCloser) {
	a = e.administerAllowed(r)
	a.Header.Set("Cache-Control", "no-store")
	a.Header.Set("Cross-Origin-Resource-Policy", "same-origin")
	return a, e.openEvents(r, a)
}

func (e *Emulator) administerAllowed(r *http.Request) service.Answer {
	if refused := e.guard.RefuseForeignAdmin(r); refused != nil {
		return e.service.Refuse(refused)
	}
	path := cmp.Or(strings.TrimPrefix(r.URL.EscapedPath(), adminPath), "/")
	var methods []string
	for _, o := range adminOperations() {
		segments, matches := matchPath(o.path, path)
		switch {
		case !matches:
		case o.method == r.Method:
			return o.perform(e, r, segments)
		default:
			methods = append(methods, o.method)
		}
	}
	if len(methods) == 0 {
		return e.service.Refuse(
			refusal(http.StatusNotFound, "There is no such administrative path."),
		)
	}
	refused := service.MethodNotAllowed(methods...)
	refused.Code = "MethodNotAllowed"
	refused.Message = "The method must be " + strings.Join(methods, " or ") + "."
	return e.service.Refuse(refused)
}

// matchPath compares a path with a pattern, and returns the segments for which * stands.
func matchPath(pattern, path string) (segments []string, matches bool) {
	wanted, given := strings.Split(pattern, "/"), strings.Split(path, "/")
	if len(wanted) != len(given) {
		return nil, false
	}
	for i, segment := range wanted {
		if segment == "*" && given[i] != "" {
			segments = append(segments, given[i])
		} else if segment != given[i] {
			return nil, false
		}
	}
	return segments, true
}

func (e *Emulator) adminListFaults(_ *http.Request, _ []string) service.Answer {
	return service.JSONAnswer(http.StatusOK, map[string]any{"faults": e.Faults()})
}

func (e *Emulator) adminInject(r *http.Request, _ []string) service.Answer {
	body, refused := service.ReadBody(r)
	if refused != nil {
		return e.service.Refuse(refused)
	}
	var f Fault
	err := f.UnmarshalJSON(body)
	var id int
	if err == nil {
		id, err = e.inject(f, faults.JSON)
	}
	if err != nil {
		return e.service.Refuse(service.BadRequest(withoutPrefix(err)))
	}
	a := service.JSONAnswer(http.StatusCreated, map[string]int{"id": id})
	a.Header.Set("Location", adminPath+"/faults/"+strconv.Itoa(id))
	return a
}

func (e *Emulator) adminClear(_ *http.Request, _ []string) service.Answer {
	e.ClearFaults()
	return service.EmptyAnswer(http.StatusNoContent)
}

func (e *Emulator) adminRemove(_ *http.Request, segments []string) service.Answer {
	id, err := strconv.Atoi(segments[0])
	if err != nil || !e.faults.remove(id) {
		return e.service.Refuse(
			refusal(http.StatusNotFound, "There is no fault with this id."),
		)
	}
	return service.EmptyAnswer(http.StatusNoContent)
}

// withoutPrefix returns the text of an error for an answer, which the emulator has obviously sent.
func withoutPrefix(err error) string { return strings.TrimPrefix(err.Error(), "emulator: ") }

// failed answers a request that was valid, and could not be carried out.
func (e *Emulator) failed(err error) service.Answer {
	return e.service.Refuse(refusal(http.StatusInternalServerError, withoutPrefix(err)))
}

func refusal(status int, message string) *service.Refusal {
	return &service.Refusal{
		Status:  status,
		Code:    strings.ReplaceAll(http.StatusText(status), " ", ""),
		Message: message,
	}
}

//go:embed openapi.json
var openAPI []byte

// adminIndexBody is the answer of the administrative path itself.
type adminIndexBody struct {
	Description string       `json:"description"`
	OpenAPI     string       `json:"openapi"`
	Routes      []adminRoute `json:"routes"`
}

// adminRoute is a route. In its path, * stands for one segment, such as an id.
type adminRoute struct {
	Method string `json:"method"`
	Path   string `json:"path"`
	Does   string `json:"does"`
}

func (e *Emulator) adminIndex(*http.Request, []string) service.Answer {
	body := adminIndexBody{
		Description: "The administrative path of the emulator. A POST must have Content-Type " +
			"application/json, even without a body. An error is {\"error\":{\"code\":…,\"message\":…}}.",
		OpenAPI: adminPath + "/openapi.json",
	}
	for _, o := range adminOperations() {
		body.Routes = append(body.Routes, adminRoute{o.method, adminPath + o.path, o.does})
	}
	return service.JSONAnswer(http.StatusOK, body)
}

func (e *Emulator) adminOpenAPI(*http.Request, []string) service.Answer {
	return service.Answer{
		Status: http.StatusOK,
		Header: http.Header{
			"Content-Type":   {"application/json; charset=utf-8"},
			"Content-Length": {strconv.Itoa(len(openAPI))},
		},
		Body: openAPI,
	}
}
