// SPDX-License-Identifier: MIT

package emulator

import (
	"net/http"
	"time"

	"github.com/arr-go/azremoterendering/emulator/internal/page"
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
