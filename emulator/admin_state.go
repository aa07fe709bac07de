// SPDX-License-Identifier: MIT

package emulator

import (
	"net/http"
	"time"
)

// adminStateBody is the state of everything. It holds no key and no token.
type adminStateBody struct {
	Time     string         `json:"time"`
	Accounts []adminAccount `json:"accounts"`
	Sessions []adminSession `json:"sessions"`
	Requests []adminRequest `json:"requests"` // oldest first
	Faults   []FaultState   `json:"faults"`
}

type adminAccount struct {
	ID     string `json:"id"`
	Domain string `json:"domain"`
	Region string `json:"region"`
}

// adminSession is a session as its account sees it, and what only the emulator knows. Times that
// are not known are left out.
type adminSession struct {
	Account  string `json:"account"`
	Region   string `json:"region"`
	Session  any    `json:"session"`
	Since    string `json:"since"`
	ReadyAt  string `json:"readyAt,omitempty"`
	LeaseEnd string `json:"leaseEnd,omitempty"`
	EndedAt  string `json:"endedAt,omitempty"`
}

type adminRequest struct {
	Time                 string   `json:"time"`
	Operation            string   `json:"operation"`
	Method               string   `json:"method"`
	Account              string   `json:"account,omitempty"`
	Region               string   `json:"region,omitempty"`
	Session              string   `json:"session,omitempty"`
	Status               int      `json:"status"` // 0: there was no answer
	CorrelationVector    string   `json:"correlationVector,omitempty"`
	DurationMilliseconds float64  `json:"durationMilliseconds"`
	Faults               []string `json:"faults,omitempty"`
}

func (x *exchange) adminState([]string) answer {
	now := x.emulator.snapshot()
	body := adminStateBody{
		Time:     adminTime(now.time),
		Accounts: []adminAccount{},
		Sessions: []adminSession{},
		Requests: []adminRequest{},
		Faults:   x.emulator.Faults(),
	}
	for _, a := range now.accounts {
		body.Accounts = append(body.Accounts, adminAccount{a.id, a.domain, string(a.region)})
	}
	for _, s := range now.sessions {
		body.Sessions = append(body.Sessions, adminSession{
			Account:  s.account,
			Region:   string(s.region),
			Session:  wireSessionOf(s.session, x.emulator.absent),
			Since:    adminTime(s.since),
			ReadyAt:  adminTime(s.readyAt),
			LeaseEnd: adminTime(s.leaseEnd),
			EndedAt:  adminTime(s.endedAt),
		})
	}
	for _, r := range x.emulator.requests.recent() {
		body.Requests = append(body.Requests, adminRequest{
			Time:                 adminTime(r.time),
			Operation:            r.operation,
			Method:               r.method,
			Account:              r.account,
			Region:               string(r.region),
			Session:              r.session,
			Status:               r.status,
			CorrelationVector:    r.correlationVector,
			DurationMilliseconds: float64(r.duration) / float64(time.Millisecond),
			Faults:               r.faults,
		})
	}
	return jsonAnswer(http.StatusOK, body)
}

// adminTime spells a time, "" if it is zero.
func adminTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}
