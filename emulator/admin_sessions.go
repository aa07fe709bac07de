// SPDX-License-Identifier: MIT

package emulator

import (
	"encoding/json"
	"net/http"

	"github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/internal/strictjson"
	"github.com/arr-go/azremoterendering/service"
)

// adminGetSession shows a session. The query may name account and region, as for adminSetStatus.
func (e *Emulator) adminGetSession(r *http.Request, segments []string) service.Answer {
	at, exact, refused := e.adminPartition(r)
	if refused == nil {
		refused = e.refuseUnnamed(at, segments[0], exact)
	}
	if refused == nil {
		shown, err := e.store.Named(at, segments[0])
		if err == nil {
			return service.JSONAnswer(http.StatusOK, e.adminSessionOf(shown))
		}
		refused = refusal(http.StatusNotFound, "There is no session with this id.")
	}
	return e.service.Refuse(refused)
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
		refused = e.refuseUnnamed(at, segments[0], exact)
	}
	if refused != nil {
		return e.service.Refuse(refused)
	}
	group, err := e.store.SetStatus(at, segments[0], status)
	if err != nil {
		return e.service.Refuse(refusal(http.StatusConflict, withoutPrefix(err)))
	}
	if err := e.journal.Wait(group); err != nil {
		return e.failed(err)
	}
	return service.EmptyAnswer(http.StatusNoContent)
}

// adminPartition returns where the session of the query is, and whether the query says so.
func (e *Emulator) adminPartition(
	r *http.Request,
) (at service.PartitionKey, exact bool, refused *service.Refusal) {
	at = e.home
	if refused := refuseQuery(r, "account", "region"); refused != nil {
		return at, false, refused
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
func (e *Emulator) refuseUnnamed(at service.PartitionKey, id string, exact bool) *service.Refusal {
	if exact && !e.store.Has(at, id) {
		return refusal(http.StatusNotFound,
			"There is no session with this id in this account and region.")
	}
	if err := e.store.CheckName(at, id); err != nil {
		return refusal(http.StatusNotFound,
			withoutPrefix(err)+"; the query may name account and region")
	}
	return nil
}
