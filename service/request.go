// SPDX-License-Identifier: MIT

package service

import (
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/internal/naming"
)

const apiVersionParameter = "api-version"

// Request is a request on its way through a [Service]: it is located, admitted, performed and
// answered. An [Interceptor] can read and change it after it is located.
type Request struct {
	// HTTP is the request as it came. An interceptor may replace it, for example to give the store
	// another context.
	HTTP *http.Request

	Arrived time.Time

	// Operation names what the request asks for, such as [CreateSession]; "unknown" if its path or
	// method is not one of the protocol.
	Operation string

	// Region is the region that the host names. It is empty if that region is not served.
	Region azremoterendering.Region

	// AccountID is the account that the path names, spelled as in [Options.Accounts]. It is empty
	// if there is no such account.
	AccountID string

	// PathAccountID, SessionID and ConversionID are the ids in the path, without escapes. They may
	// be invalid, and may be secrets that were put in the wrong place.
	PathAccountID, SessionID, ConversionID string

	// ShowStatus and ShowSize, if set by an interceptor, replace those of sessions in the answer.
	// ShowStatus replaces that of conversions, too.
	ShowStatus azremoterendering.SessionStatus
	ShowSize   azremoterendering.SessionSize

	// EditNextLink, if set by an interceptor, replaces the link to the next page of a list, which
	// is empty on the last page.
	EditNextLink func(link string) string

	// LogAttrs are added to the log record of the request.
	LogAttrs []slog.Attr

	service *Service
	query   url.Values
	target  target
	account *account // nil if there is none with the id
	role    Role     // of the holder of the access token
	perform func(*Request) Answer
}

// partition returns the key under which the store has the session.
func (q *Request) partition() PartitionKey { return PartitionKey{q.AccountID, q.Region} }

// ValidSessionID returns the session id of the path if it is valid, otherwise "".
func (q *Request) ValidSessionID() string { return validID(q.SessionID) }

// ValidConversionID returns the conversion id of the path if it is valid, otherwise "".
func (q *Request) ValidConversionID() string { return validID(q.ConversionID) }

func validID(id string) string {
	if naming.CheckID(id) != "" {
		return ""
	}
	return id
}

// locate finds what a request is about: region, account, session and operation.
func (q *Request) locate() *Refusal {
	region, served := q.service.hosts.regionOf(q.HTTP.Host)
	if !served {
		return notFound
	}
	q.Region = region
	q.target = parsePath(q.HTTP.URL.EscapedPath())
	q.PathAccountID, q.SessionID = q.target.accountID, q.target.sessionID
	q.ConversionID = q.target.conversionID
	operations := q.target.operations()
	if len(operations) == 0 || q.target.aboutConversions() && q.service.conversions == nil {
		return notFound
	}
	if q.account = q.service.accountOf(q.PathAccountID); q.account != nil {
		q.AccountID = q.account.id
	}
	i := slices.IndexFunc(
		operations,
		func(o operation) bool { return o.method == q.HTTP.Method },
	)
	if i < 0 {
		methods := make([]string, len(operations))
		for i, o := range operations {
			methods[i] = o.method
		}
		return MethodNotAllowed(methods...)
	}
	q.Operation, q.perform = operations[i].name, operations[i].perform
	return nil
}

// admit checks authorization, rate, api-version and session id, in the order of the service.
func (q *Request) admit() *Refusal {
	if q.account == nil || !q.authorized() {
		return unauthorized // the same for unknown accounts, so that nobody can search for them
	}
	sessionService := q.target.versioned()
	if refused := q.service.throttle(q.account, sessionService); refused != nil {
		return refused
	}
	if !sessionService {
		return nil // the token service ignores api-version
	}
	vintage := q.service.decisions.Vintage
	if v := q.query[apiVersionParameter]; len(v) != 1 || !vintage.supports(v[0]) {
		return &Refusal{
			Status: http.StatusBadRequest,
			Code:   codeUnsupportedAPIVersion,
			Message: "The api-version query parameter is missing or not supported. Supported: " +
				vintage.apiVersions() + ".",
		}
	}
	switch {
	case q.target.aboutConversions() && !q.role.mayConvert():
		return forbidden
	case q.target.kind == oneConversion && q.ValidConversionID() == "":
		return badConversionID
	case (q.target.kind == oneSession || q.target.kind == stopOfSession) && q.ValidSessionID() == "":
		return badSessionID
	}
	return nil
}

// authorized reports whether the credential of the request is one for its account.
func (q *Request) authorized() bool {
	if q.target.versioned() {
		role, ok := q.service.tokens.accepts(bearer(q.HTTP), q.account)
		q.role = role
		return ok
	}
	return q.mayExchange()
}

// bearer returns the credential of a request, or "" if there is none.
func bearer(r *http.Request) string {
	scheme, credential, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(credential)
}
