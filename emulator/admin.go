// SPDX-License-Identifier: MIT

package emulator

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	"github.com/arr-go/azremoterendering"
)

// adminPath is where the administrative requests are; see [Options.Admin].
const adminPath = "/_emulator"

// adminOperation is what an administrative request can ask for. A segment * of its path stands for
// any other segment that is not empty, which perform is given, in order.
type adminOperation struct {
	method, path string
	perform      func(x *exchange, segments []string) answer
}

var adminOperations = []adminOperation{
	{http.MethodGet, "/faults", (*exchange).adminListFaults},
	{http.MethodPost, "/faults", (*exchange).adminInject},
	{http.MethodDelete, "/faults", (*exchange).adminClear},
	{http.MethodDelete, "/faults/*", (*exchange).adminRemove},
	{http.MethodPost, "/sessions/*/status", (*exchange).adminSetStatus},
	{http.MethodPost, "/tokens/revoke", (*exchange).adminRevoke},
	{http.MethodGet, "/state", (*exchange).adminState},
}

// forAdmin reports whether the request is an administrative one.
func (x *exchange) forAdmin() bool {
	path := x.request.URL.Path
	return x.emulator.admin && (path == adminPath || strings.HasPrefix(path, adminPath+"/"))
}

// administer answers an administrative request.
func (x *exchange) administer() answer {
	a := x.administerAllowed()
	a.header.Set("Cache-Control", "no-store")
	a.header.Set("Cross-Origin-Resource-Policy", "same-origin")
	return a
}

func (x *exchange) administerAllowed() answer {
	if refused := x.emulator.guardAdmin(x.request); refused != nil {
		return x.emulator.refuse(refused)
	}
	path := strings.TrimPrefix(x.request.URL.EscapedPath(), adminPath)
	var methods []operation
	for _, o := range adminOperations {
		segments, matches := matchPath(o.path, path)
		switch {
		case !matches:
		case o.method == x.request.Method:
			return o.perform(x, segments)
		default:
			methods = append(methods, operation{method: o.method})
		}
	}
	if len(methods) == 0 {
		return x.emulator.refuse(
			adminRefusal(http.StatusNotFound, "There is no such administrative path."),
		)
	}
	return x.emulator.refuse(methodNotAllowed(methods))
}

// matchPath compares a path with a pattern, and returns what its segments * stand for.
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

func (x *exchange) adminListFaults([]string) answer {
	return jsonAnswer(http.StatusOK, map[string]any{"faults": x.emulator.Faults()})
}

func (x *exchange) adminInject([]string) answer {
	body, refused := receive(x.request)
	if refused != nil {
		return x.emulator.refuse(refused)
	}
	var f Fault
	err := f.UnmarshalJSON(body)
	var id int
	if err == nil {
		id, err = x.emulator.inject(f)
	}
	if err != nil {
		return x.emulator.refuse(badRequest(strings.TrimPrefix(err.Error(), "emulator: ")))
	}
	a := jsonAnswer(http.StatusCreated, map[string]int{"id": id})
	a.header.Set("Location", adminPath+"/faults/"+strconv.Itoa(id))
	return a
}

func (x *exchange) adminClear([]string) answer {
	x.emulator.ClearFaults()
	return emptyAnswer(http.StatusNoContent)
}

func (x *exchange) adminRemove(segments []string) answer {
	id, err := strconv.Atoi(segments[0])
	if err != nil || !x.emulator.faults.remove(id) {
		return x.emulator.refuse(
			adminRefusal(http.StatusNotFound, "There is no fault with this id."),
		)
	}
	return emptyAnswer(http.StatusNoContent)
}

// adminSetStatus is [Emulator.SetStatus]. The query may name account and region; if it names one,
// the other is the default one.
func (x *exchange) adminSetStatus(segments []string) answer {
	members, refused := x.members()
	if refused != nil {
		return x.emulator.refuse(refused)
	}
	var status sessionStatus
	if err := json.Unmarshal(members["status"], &status); err != nil || len(members) != 1 ||
		status == "" || len(status) > maxShownLength || !printableASCII(string(status)) {
		return x.emulator.refuse(
			badRequest(
				`The body must be an object like {"status":"Error"}, with at most 64 printable ASCII characters.`,
			),
		)
	}
	at, exact, refused := x.adminHome()
	if refused == nil {
		refused = x.emulator.fleet.refuseUnnamed(at, segments[0], exact)
	}
	if refused != nil {
		return x.emulator.refuse(refused)
	}
	if err := x.emulator.fleet.setStatus(at, segments[0], status); err != nil {
		return x.emulator.refuse(
			adminRefusal(http.StatusConflict, strings.TrimPrefix(err.Error(), "emulator: ")),
		)
	}
	return emptyAnswer(http.StatusNoContent)
}

// adminHome returns where the session lives that the query speaks of, and whether it says so.
func (x *exchange) adminHome() (at home, exact bool, refused *refusal) {
	at = home{x.emulator.accounts[0], x.emulator.geography.home}
	for name := range x.query {
		if name != "account" && name != "region" {
			return at, false, badRequest("The query may have account and region, and nothing else.")
		}
	}
	if id := x.query.Get("account"); id != "" {
		if at.account = x.emulator.accountOf(id); at.account == nil {
			return at, true, adminRefusal(http.StatusNotFound, "There is no account with this id.")
		}
		exact = true
	}
	if region := x.query.Get("region"); region != "" {
		at.region, exact = azremoterendering.Region(region), true
	}
	return at, exact, nil
}

// refuseUnnamed returns why an id does not name one session, or nil if it does.
func (f *fleet) refuseUnnamed(at home, id string, exact bool) *refusal {
	f.lock()
	defer f.unlock()
	if exact && f.find(at, id) == nil {
		return adminRefusal(
			http.StatusNotFound,
			"There is no session with this id in this account and region.",
		)
	}
	if _, err := f.named(at, id); err != nil {
		return adminRefusal(
			http.StatusNotFound,
			strings.TrimPrefix(err.Error(), "emulator: ")+"; the query may name account and region",
		)
	}
	return nil
}

func (x *exchange) adminRevoke([]string) answer {
	for name := range x.query {
		if name != "account" {
			return x.emulator.refuse(badRequest("The query may have account, and nothing else."))
		}
	}
	if err := x.emulator.RevokeTokens(x.query.Get("account")); err != nil {
		return x.emulator.refuse(
			adminRefusal(http.StatusNotFound, "There is no account with this id."),
		)
	}
	return emptyAnswer(http.StatusNoContent)
}

func adminRefusal(status int, message string) *refusal {
	return &refusal{
		status:  status,
		code:    strings.ReplaceAll(http.StatusText(status), " ", ""),
		message: message,
	}
}
