// SPDX-License-Identifier: MIT

package emulator

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/arr-go/azremoterendering/emulator/internal/clock"
	"github.com/arr-go/azremoterendering/internal/naming"
	"github.com/arr-go/azremoterendering/internal/strictjson"
	"github.com/arr-go/azremoterendering/service"
)

// textMembers reads the body of a request: an object whose members are texts with some names. An
// empty body has no members.
func textMembers(r *http.Request, names ...string) (map[string]string, *service.Refusal) {
	body, refused := service.ReadBody(r)
	if refused != nil {
		return nil, refused
	}
	texts := make(map[string]string)
	if len(body) == 0 {
		return texts, nil
	}
	allowed := "nothing"
	if len(names) > 0 {
		allowed = strings.Join(names, ", ") + " and nothing else, each a text that is not empty"
	}
	bad := service.BadRequest("The body may be empty, or a JSON object that has " + allowed + ".")
	members, err := strictjson.Object(body)
	if err != nil {
		return nil, bad
	}
	for _, name := range names {
		if value, given := members[name]; given {
			var text string
			if json.Unmarshal(value, &text) != nil || text == "" {
				return nil, bad
			}
			texts[name] = text
		}
	}
	if len(texts) != len(members) {
		return nil, bad
	}
	return texts, nil
}

// refuseQuery refuses a query that has others than the names, or one of them twice.
func refuseQuery(r *http.Request, names ...string) *service.Refusal {
	query := r.URL.Query()
	known := 0
	for _, name := range names {
		if len(query[name]) > 1 {
			return service.BadRequest("The query has " + name + " more than once.")
		}
		known += len(query[name])
	}
	if known != len(query) {
		if len(names) == 0 {
			return service.BadRequest("There must be no query.")
		}
		return service.BadRequest(
			"The query may have " + strings.Join(names, ", ") + ", and nothing else.")
	}
	return nil
}

// adminReset is [Emulator.Reset].
func (e *Emulator) adminReset(r *http.Request, _ []string) service.Answer {
	members, refused := textMembers(r, "account", "prefix")
	if refused == nil {
		refused = refuseQuery(r)
	}
	scope := Scope{AccountID: members["account"], Prefix: members["prefix"]}
	switch {
	case refused != nil:
	case scope.Prefix != "" && naming.CheckID(scope.Prefix) != "":
		refused = service.BadRequest("No id begins with this prefix.")
	case scope.AccountID != "" && e.accountID(scope.AccountID) == "":
		refused = refusal(http.StatusNotFound, "There is no account with this id.")
	}
	if refused != nil {
		return e.service.Refuse(refused)
	}
	if err := e.Reset(scope); err != nil {
		return e.failed(err)
	}
	return service.EmptyAnswer(http.StatusNoContent)
}

// adminRotate is [Emulator.RotateKey]. Its answer is the only one of the administrative path that
// has a key.
func (e *Emulator) adminRotate(r *http.Request, segments []string) service.Answer {
	_, refused := textMembers(r)
	if refused == nil {
		refused = refuseQuery(r)
	}
	account, which := e.accountID(segments[0]), AccountKey(segments[1])
	switch {
	case refused != nil:
	case account == "":
		refused = refusal(http.StatusNotFound, "There is no account with this id.")
	case which != PrimaryKey && which != SecondaryKey:
		refused = refusal(http.StatusNotFound, "The keys are primary and secondary.")
	}
	if refused != nil {
		return e.service.Refuse(refused)
	}
	key, err := e.RotateKey(account, which)
	if err != nil {
		return e.failed(err)
	}
	return service.JSONAnswer(http.StatusOK, map[string]string{"key": key})
}

// adminRevoke is [Emulator.RevokeTokens]. The query may name an account.
func (e *Emulator) adminRevoke(r *http.Request, _ []string) service.Answer {
	_, refused := textMembers(r)
	if refused == nil {
		refused = refuseQuery(r, "account")
	}
	account := r.URL.Query().Get("account")
	if refused == nil && account != "" && e.accountID(account) == "" {
		refused = refusal(http.StatusNotFound, "There is no account with this id.")
	}
	if refused != nil {
		return e.service.Refuse(refused)
	}
	if err := e.RevokeTokens(account); err != nil {
		return e.failed(err)
	}
	return service.EmptyAnswer(http.StatusNoContent)
}

// adminTokenLifetime is [Emulator.SetTokenLifetime].
func (e *Emulator) adminTokenLifetime(r *http.Request, _ []string) service.Answer {
	members, refused := textMembers(r, "lifetime")
	if refused == nil {
		refused = refuseQuery(r)
	}
	if refused != nil {
		return e.service.Refuse(refused)
	}
	lifetime, err := time.ParseDuration(members["lifetime"])
	if err == nil {
		err = e.SetTokenLifetime(lifetime)
	}
	if err != nil {
		return e.service.Refuse(service.BadRequest(fmt.Sprintf(
			"The lifetime %.64q must be whole seconds, at least 1s, such as 10m; 0s means 24h.",
			members["lifetime"])))
	}
	return service.EmptyAnswer(http.StatusNoContent)
}

// adminClockBody is what the clock shows. Its offset is a text such as "31m0s".
type adminClockBody struct {
	Now    string  `json:"now"`
	Scale  float64 `json:"scale"`
	Frozen bool    `json:"frozen"`
	Offset string  `json:"offset"`
}

func clockAnswer(s clock.State) service.Answer {
	return service.JSONAnswer(http.StatusOK, clockBody(s))
}

func clockBody(s clock.State) adminClockBody {
	return adminClockBody{
		Now:    adminTime(s.Now),
		Scale:  s.Scale,
		Frozen: s.Frozen,
		Offset: s.Offset.String(),
	}
}

// adminClock is [Clock.State].
func (e *Emulator) adminClock(*http.Request, []string) service.Answer {
	return clockAnswer(e.clock.State())
}

// adminMoveClock freezes or releases the clock, sets its scale, and advances it, in this order. It
// does all that the body asks for, or nothing.
func (e *Emulator) adminMoveClock(r *http.Request, _ []string) service.Answer {
	body, refused := service.ReadBody(r)
	if refused != nil {
		return e.service.Refuse(refused)
	}
	move, ok := parseClockMove(body)
	if !ok {
		return e.service.Refuse(service.BadRequest(`The body must be an object with "advance", ` +
			`a time such as "31m", "scale", a number such as 60, or "freeze", true or false.`))
	}
	state, err := e.clock.Move(move)
	if err != nil {
		return e.service.Refuse(service.BadRequest(err.Error()))
	}
	return clockAnswer(state)
}

// parseClockMove reads one or more of the three members.
func parseClockMove(body []byte) (move clock.Move, ok bool) {
	members, err := strictjson.Object(body)
	if err != nil || len(members) == 0 {
		return move, false
	}
	for name, value := range members {
		switch name {
		case "advance":
			var text string
			if err = json.Unmarshal(value, &text); err == nil {
				move.Advance, err = time.ParseDuration(text)
			}
		case "scale":
			err = json.Unmarshal(value, &move.Scale)
		case "freeze":
			err = json.Unmarshal(value, &move.Frozen)
		default:
			return move, false
		}
		if err != nil || string(value) == "null" {
			return move, false
		}
	}
	return move, true
}
