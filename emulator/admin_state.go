// SPDX-License-Identifier: MIT

package emulator

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator/internal/page"
	"github.com/arr-go/azremoterendering/internal/strictjson"
	"github.com/arr-go/azremoterendering/service"
)

// adminStateBody is everything the emulator knows, except keys, tokens and signatures.
type adminStateBody struct {
	Time     string         `json:"time"`
	Accounts []adminAccount `json:"accounts"`
	Sessions []adminSession `json:"sessions"`
	// Conversions are ordered as Sessions: by account, then by region, then oldest first.
	Conversions []adminConversion `json:"conversions"`
	Requests    []adminRequest    `json:"requests"` // oldest first
	Faults      []FaultState      `json:"faults"`
}

type adminAccount struct {
	ID     string `json:"id"`
	Domain string `json:"domain"`
	Region string `json:"region"`
}

// adminSession is a session as its account sees it, and what only the emulator knows. Unknown times
// are left out.
type adminSession struct {
	Account  string `json:"account"`
	Region   string `json:"region"`
	Session  any    `json:"session"`
	Since    string `json:"since"`
	ReadyAt  string `json:"readyAt,omitempty"`
	LeaseEnd string `json:"leaseEnd,omitempty"`
	EndedAt  string `json:"endedAt,omitempty"`
}

// adminConversion is a conversion as its account sees it, and what only the emulator knows. Unknown
// times, and those to come, are left out.
type adminConversion struct {
	Account    string `json:"account"`
	Region     string `json:"region"`
	Conversion any    `json:"conversion"`
	Since      string `json:"since"`
	StartedAt  string `json:"startedAt,omitempty"`
	EndedAt    string `json:"endedAt,omitempty"`
}

type adminRequest struct {
	Time                 string   `json:"time"`
	Operation            string   `json:"operation"`
	Method               string   `json:"method"`
	Account              string   `json:"account,omitempty"`
	Region               string   `json:"region,omitempty"`
	Session              string   `json:"session,omitempty"`
	Conversion           string   `json:"conversion,omitempty"`
	Status               int      `json:"status"` // 0: there was no answer
	CorrelationVector    string   `json:"correlationVector,omitempty"`
	DurationMilliseconds float64  `json:"durationMilliseconds"`
	Faults               []string `json:"faults,omitempty"`
}

func (e *Emulator) adminState(*http.Request, []string) service.Answer {
	now := e.state()
	body := adminStateBody{
		Time:        adminTime(now.Time),
		Accounts:    []adminAccount{},
		Sessions:    []adminSession{},
		Conversions: []adminConversion{},
		Requests:    []adminRequest{},
		Faults:      e.Faults(),
	}
	for _, a := range now.Accounts {
		body.Accounts = append(body.Accounts, adminAccount{a.ID, a.Domain, string(a.Region)})
	}
	for _, s := range now.Sessions {
		body.Sessions = append(body.Sessions, e.adminSessionOf(s))
	}
	for _, c := range now.Conversions {
		body.Conversions = append(body.Conversions, adminConversionOf(c))
	}
	for _, r := range e.requests.shown() {
		body.Requests = append(body.Requests, adminRequestOf(r))
	}
	return service.JSONAnswer(http.StatusOK, body)
}

func adminRequestOf(r RequestRecord) adminRequest {
	return adminRequest{
		Time:                 adminTime(r.Time),
		Operation:            r.Operation,
		Method:               r.Method,
		Account:              r.AccountID,
		Region:               string(r.Region),
		Session:              r.SessionID,
		Conversion:           r.ConversionID,
		Status:               r.Status,
		CorrelationVector:    r.CorrelationVector,
		DurationMilliseconds: float64(r.Duration) / float64(time.Millisecond),
		Faults:               r.Faults,
	}
}

func adminConversionOf(c page.Conversion) adminConversion {
	return adminConversion{
		Account:    c.Account,
		Region:     string(c.Region),
		Conversion: service.WireConversion(c.Conversion),
		Since:      adminTime(c.Since),
		StartedAt:  adminTime(c.StartedAt),
		EndedAt:    adminTime(c.EndedAt),
	}
}

func (e *Emulator) adminSessionOf(s page.Session) adminSession {
	return adminSession{
		Account:  s.Account,
		Region:   string(s.Region),
		Session:  e.service.WireSession(s.Session),
		Since:    adminTime(s.Since),
		ReadyAt:  adminTime(s.ReadyAt),
		LeaseEnd: adminTime(s.LeaseEnd),
		EndedAt:  adminTime(s.EndedAt),
	}
}

// adminTime formats a time; a zero time is "".
func adminTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}

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
