// SPDX-License-Identifier: MIT

package emulator

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/arr-go/azremoterendering/service"
)

const (
	maxWait  = time.Minute // of a long poll
	maxWaits = 64          // long polls at once
)

// adminRequestsBody is what the requests of a query are.
type adminRequestsBody struct {
	Requests []adminRecord `json:"requests"` // oldest first
	Next     uint64        `json:"next"`     // the cursor to go on with
	Lost     uint64        `json:"lost"`     // requests after the cursor that are forgotten
}

// adminRecord is a [RequestRecord].
type adminRecord struct {
	Sequence uint64 `json:"sequence"`
	adminRequest
	Path         string `json:"path"`
	ErrorCode    string `json:"errorCode,omitempty"`
	UserAgent    string `json:"userAgent,omitempty"`
	RequestBody  string `json:"requestBody,omitempty"`
	ResponseBody string `json:"responseBody,omitempty"`
}

func adminRecordOf(r RequestRecord) adminRecord {
	return adminRecord{
		Sequence:     r.Sequence,
		adminRequest: adminRequestOf(r),
		Path:         r.Path,
		ErrorCode:    r.ErrorCode,
		UserAgent:    r.UserAgent,
		RequestBody:  r.RequestBody,
		ResponseBody: r.ResponseBody,
	}
}

// statusPattern is a status, a class of them, or 0 for no answer.
var statusPattern = regexp.MustCompile(`^(0|[1-5][0-9]{2}|[1-5]xx)$`)

// requestQuery says which requests are asked for. Empty fields match all.
type requestQuery struct {
	since                                           uint64
	wait                                            time.Duration
	operation, account, region, session, conversion string
	status                                          string // "404", or "4xx"
}

// adminRequests answers with the requests after a cursor that match. With wait, it answers as soon
// as there is one, or when the time is over.
func (e *Emulator) adminRequests(r *http.Request, _ []string) service.Answer {
	q, refused := parseRequestQuery(r)
	if refused == nil && q.since > e.requests.newest() {
		refused = service.BadRequest("The cursor is not one of this run of the emulator; begin with 0.")
	}
	if refused == nil && q.wait > 0 {
		if e.waits.Add(1) > maxWaits {
			refused = refusal(http.StatusTooManyRequests, "Too many requests are waiting.")
			refused.Header = http.Header{"Retry-After": {"1"}}
		}
		defer e.waits.Add(-1)
	}
	if refused != nil {
		return e.service.Refuse(refused)
	}
	return service.JSONAnswer(http.StatusOK, e.awaitRequests(r, q))
}

// awaitRequests waits until a request matches, at most as long as the query says.
func (e *Emulator) awaitRequests(r *http.Request, q requestQuery) adminRequestsBody {
	var over <-chan time.Time // by the clock of the system, as timeouts of connections
	if q.wait > 0 {
		timer := time.NewTimer(q.wait)
		defer timer.Stop()
		over = timer.C
	}
	body := adminRequestsBody{Requests: []adminRecord{}, Next: q.since}
	for {
		seen := e.requests.since(body.Next)
		body.Next = seen.last
		body.Lost += seen.lost
		for _, record := range seen.records {
			if q.matches(&record) {
				body.Requests = append(body.Requests, adminRecordOf(record))
			}
		}
		if len(body.Requests) > 0 || q.wait == 0 {
			return body
		}
		select {
		case <-seen.changed:
		case <-over:
			return body
		case <-e.closing:
			return body
		case <-r.Context().Done():
			return body
		}
	}
}

func parseRequestQuery(r *http.Request) (q requestQuery, refused *service.Refusal) {
	refused = refuseQuery(r, "since", "wait", "operation", "account", "region", "session",
		"conversion", "status")
	if refused != nil {
		return q, refused
	}
	query := r.URL.Query()
	q = requestQuery{
		operation:  operationNamed(query.Get("operation")),
		account:    query.Get("account"),
		region:     query.Get("region"),
		session:    query.Get("session"),
		conversion: query.Get("conversion"),
		status:     query.Get("status"),
	}
	return q, q.parse(query)
}

func (q *requestQuery) parse(query url.Values) *service.Refusal {
	var err error
	if text := query.Get("since"); text != "" {
		if q.since, err = strconv.ParseUint(text, 10, 63); err != nil {
			return service.BadRequest("since must be the next of an answer, or 0.")
		}
	}
	if text := query.Get("wait"); text != "" {
		q.wait, err = time.ParseDuration(text)
		if err != nil || q.wait < 0 || q.wait > maxWait {
			return service.BadRequest("wait must be a time such as 30s, at most 60s.")
		}
	}
	known := slices.ContainsFunc(faultOperations, func(o struct{ name, short string }) bool {
		return strings.EqualFold(o.name, q.operation)
	})
	if q.operation != "" && q.operation != "unknown" && !known {
		return service.BadRequest("The operation is not one of create, get, update, stop, list, " +
			"create-conversion, get-conversion, list-conversions, token and unknown.")
	}
	if q.status != "" && !statusPattern.MatchString(q.status) {
		return service.BadRequest("status must be a number such as 404, a class such as 4xx, " +
			"or 0 for requests without an answer.")
	}
	return nil
}

func (q *requestQuery) matches(r *RequestRecord) bool {
	is := func(wanted, is string) bool { return wanted == "" || strings.EqualFold(wanted, is) }
	status := strconv.Itoa(r.Status)
	if class, whole := strings.CutSuffix(q.status, "xx"); whole {
		if !strings.HasPrefix(status, class) {
			return false
		}
	} else if q.status != "" && q.status != status {
		return false
	}
	return is(q.operation, r.Operation) && is(q.account, r.AccountID) &&
		is(q.region, string(r.Region)) &&
		(q.session == "" || q.session == r.SessionID) &&
		(q.conversion == "" || q.conversion == r.ConversionID)
}
