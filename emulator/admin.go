// SPDX-License-Identifier: MIT

package emulator

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	"github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/internal/strictjson"
	"github.com/arr-go/azremoterendering/service"
)

// adminPath is where the administrative requests are; see [Options.Admin].
const adminPath = "/_emulator"

// adminOperation is an operation of the administrative path. A segment * of its path stands for any
// segment that is not empty; perform gets these, in order.
type adminOperation struct {
	method, path string
	perform      func(e *Emulator, r *http.Request, segments []string) service.Answer
}

var adminOperations = []adminOperation{
	{http.MethodGet, "/faults", (*Emulator).adminListFaults},
	{http.MethodPost, "/faults", (*Emulator).adminInject},
	{http.MethodDelete, "/faults", (*Emulator).adminClear},
	{http.MethodDelete, "/faults/*", (*Emulator).adminRemove},
	{http.MethodPost, "/sessions/*/status", (*Emulator).adminSetStatus},
	{http.MethodPost, "/tokens/revoke", (*Emulator).adminRevoke},
	{http.MethodGet, "/state", (*Emulator).adminState},
	{http.MethodGet, "/clock", (*Emulator).adminClock},
	{http.MethodPost, "/clock", (*Emulator).adminMoveClock},
}

// forAdmin reports whether the request is an administrative one.
func (e *Emulator) forAdmin(r *http.Request) bool {
	path := r.URL.Path
	return e.admin && (path == adminPath || strings.HasPrefix(path, adminPath+"/"))
}

// administer answers an administrative request.
func (e *Emulator) administer(r *http.Request) service.Answer {
	a := e.administerAllowed(r)
	a.Header.Set("Cache-Control", "no-store")
	a.Header.Set("Cross-Origin-Resource-Policy", "same-origin")
	return a
}

func (e *Emulator) administerAllowed(r *http.Request) service.Answer {
	if refused := e.guardAdmin(r); refused != nil {
		return e.service.Refuse(refused)
	}
	path := strings.TrimPrefix(r.URL.EscapedPath(), adminPath)
	var methods []string
	for _, o := range adminOperations {
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
	return e.service.Refuse(service.MethodNotAllowed(methods...))
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
		id, err = e.inject(f, jsonForm)
	}
	if err != nil {
		return e.service.Refuse(service.BadRequest(strings.TrimPrefix(err.Error(), "emulator: ")))
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

// adminSetStatus is [Emulator.SetStatus]. The query may name account and region. If it names only
// one, the other is the default.
func (e *Emulator) adminSetStatus(r *http.Request, segments []string) service.Answer {
	body, refused := service.ReadBody(r)
	if refused != nil {
		return e.service.Refuse(refused)
	}
	members, err := strictjson.Object(body)
	var status azremoterendering.SessionStatus
	if err == nil {
		err = json.Unmarshal(members["status"], &status)
	}
	if err != nil || len(members) != 1 || status == "" || len(status) > maxShownLength ||
		!printableASCII(string(status)) {
		return e.service.Refuse(service.BadRequest(`The body must be an object like ` +
			`{"status":"Error"}, with at most 64 printable ASCII characters.`))
	}
	at, exact, refused := e.adminPartition(r)
	if refused == nil {
		refused = e.store.refuseUnnamed(at, segments[0], exact)
	}
	if refused != nil {
		return e.service.Refuse(refused)
	}
	if err := e.store.setStatus(at, segments[0], status); err != nil {
		return e.service.Refuse(
			refusal(http.StatusConflict, strings.TrimPrefix(err.Error(), "emulator: ")),
		)
	}
	return service.EmptyAnswer(http.StatusNoContent)
}

// adminPartition returns where the session of the query is, and whether the query says so.
func (e *Emulator) adminPartition(
	r *http.Request,
) (at service.PartitionKey, exact bool, refused *service.Refusal) {
	at = e.home
	for name := range r.URL.Query() {
		if name != "account" && name != "region" {
			return at, false, service.BadRequest("The query may have account and region, and nothing else.")
		}
	}
	if id := r.URL.Query().Get("account"); id != "" {
		if at.AccountID = e.accountID(id); at.AccountID == "" {
			return at, true, refusal(http.StatusNotFound, "There is no account with this id.")
		}
		exact = true
	}
	if region := r.URL.Query().Get("region"); region != "" {
		at.Region, exact = azremoterendering.Region(region), true
	}
	return at, exact, nil
}

// refuseUnnamed refuses an id that does not name exactly one session.
func (m *memory) refuseUnnamed(at service.PartitionKey, id string, exact bool) *service.Refusal {
	m.lock()
	defer m.unlock()
	if exact && m.find(at, id) == nil {
		return refusal(
			http.StatusNotFound,
			"There is no session with this id in this account and region.",
		)
	}
	if _, err := m.named(at, id); err != nil {
		return refusal(
			http.StatusNotFound,
			strings.TrimPrefix(err.Error(), "emulator: ")+"; the query may name account and region",
		)
	}
	return nil
}

func (e *Emulator) adminRevoke(r *http.Request, _ []string) service.Answer {
	for name := range r.URL.Query() {
		if name != "account" {
			return e.service.Refuse(service.BadRequest("The query may have account, and nothing else."))
		}
	}
	if err := e.RevokeTokens(r.URL.Query().Get("account")); err != nil {
		return e.service.Refuse(
			refusal(http.StatusNotFound, "There is no account with this id."),
		)
	}
	return service.EmptyAnswer(http.StatusNoContent)
}

func refusal(status int, message string) *service.Refusal {
	return &service.Refusal{
		Status:  status,
		Code:    strings.ReplaceAll(http.StatusText(status), " ", ""),
		Message: message,
	}
}
