// SPDX-License-Identifier: MIT

package azremoterendering

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
)

// Errors to compare with [errors.Is]. What is returned is one of the error types of this package,
// or wraps one, and says more.
var (
	// ErrInvalidArgument means that an argument is invalid and that no request was sent. The error
	// is an [*InvalidArgumentError].
	ErrInvalidArgument = errors.New("invalid argument")
	// ErrUnauthorized means 401: the service refused a fresh access token, or the token service
	// refused the credential.
	ErrUnauthorized = errors.New("unauthorized")
	// ErrForbidden means 403: the identity is known but lacks the role.
	ErrForbidden = errors.New("forbidden")
	// ErrNotFound means 404: no such session in this account and region, or its record is no longer
	// kept.
	ErrNotFound = errors.New("session not found")
	// ErrConflict means 409: the session id is taken by a session with other settings.
	ErrConflict = errors.New("session id is taken with other settings")
	// ErrLeaseNotExtended means 422: the new lease is not longer than the present one, not below
	// 1440 minutes, or the session has ended.
	ErrLeaseNotExtended = errors.New("lease not extended")
	// ErrThrottled means 429: too many requests. The RetryAfter field of the error says how long to
	// wait, if the service said so.
	ErrThrottled = errors.New("too many requests")
	// ErrOutcomeUnknown means that a request that changes something may have taken effect, and that
	// no answer said so: the last word was silence or a fault (408, 5xx), or came before one. After
	// a create, the session may exist and be billed: look it up, or stop it.
	ErrOutcomeUnknown = errors.New("outcome unknown")
)

// sentinel returns the error above that stands for an HTTP status, or nil.
func sentinel(statusCode int) error {
	switch statusCode {
	case http.StatusUnauthorized:
		return ErrUnauthorized
	case http.StatusForbidden:
		return ErrForbidden
	case http.StatusNotFound:
		return ErrNotFound
	case http.StatusConflict:
		return ErrConflict
	case http.StatusUnprocessableEntity:
		return ErrLeaseNotExtended
	case http.StatusTooManyRequests:
		return ErrThrottled
	default:
		return nil
	}
}

// ServiceError is the refusal of a request by the rendering service. It unwraps to an
// [*azcore.ResponseError], whose request has lost its Authorization header. Use [errors.Is] with
// [ErrNotFound] and the other errors of this package to tell refusals apart.
type ServiceError struct {
	// Operation is what was asked for: "create", "get", "update", "stop" or "list".
	Operation string
	// SessionID is the session asked about. It is empty for "list".
	SessionID string
	// Host is the host, and the port if there was one, that the request went to.
	Host string
	// StatusCode is the HTTP status.
	StatusCode int
	// Code is the error code of the service, such as "BadRequest". It is empty where the answer had
	// no error object, as with 401, 403, 404 and 429.
	Code string
	// Message is the explanation of the service. It may be empty.
	Message string
	// CorrelationVector is the MS-CV header: what the service's operators ask for, together with
	// the session id.
	CorrelationVector string
	// RetryAfter is how long the service asked to wait. It is 0 if it did not say.
	RetryAfter time.Duration
	// Detail is the whole error object. It is nil where the answer had none.
	Detail *ErrorDetail

	outcomeUnknown bool
	response       *azcore.ResponseError
}

// newServiceError makes the error for an answer that was not what op expects.
func newServiceError(op operation, resp *http.Response) *ServiceError {
	e := &ServiceError{
		Operation:         op.name,
		SessionID:         op.sessionID,
		Host:              op.host,
		StatusCode:        resp.StatusCode,
		CorrelationVector: correlationVector(resp),
		RetryAfter:        retryAfter(resp.Header, time.Now()),
		outcomeUnknown:    op.tries.mayHaveTakenEffect() && !definite(resp.StatusCode),
		response:          newResponseError(resp),
	}
	e.Code = e.response.ErrorCode
	var body struct {
		Error *ErrorDetail `json:"error"`
	}
	if data, err := runtime.Payload(
		e.response.RawResponse,
	); err == nil && json.Unmarshal(data, &body) == nil &&
		body.Error != nil {
		e.Code, e.Message, e.Detail = body.Error.Code, body.Error.Message, body.Error
	}
	return e
}

// definite reports whether a refusal says that no earlier try of the same request took effect
// either. Throttling, refused tokens and faults say nothing about earlier tries.
func definite(statusCode int) bool {
	switch statusCode {
	case http.StatusUnauthorized,
		http.StatusForbidden,
		http.StatusRequestTimeout,
		http.StatusTooManyRequests:
		return false
	default:
		return statusCode >= 400 && statusCode < 500
	}
}

// Error returns one line: what failed, on which session, what the service answered, and what to do.
func (e *ServiceError) Error() string {
	var b strings.Builder
	writeOperation(&b, e.Operation, e.SessionID, e.Host)
	fmt.Fprintf(&b, ": %d %s", e.StatusCode, http.StatusText(e.StatusCode))
	if e.Code != "" {
		b.WriteString(", " + oneLine(e.Code))
	}
	if e.Message != "" {
		b.WriteString(": " + oneLine(e.Message))
	}
	if e.CorrelationVector != "" {
		fmt.Fprintf(&b, " (MS-CV %s)", oneLine(e.CorrelationVector))
	}
	return withAdvice(&b, e.Advice())
}

// Advice returns what to do about it: the last part of the text of the error, after "; ". It may be
// empty.
func (e *ServiceError) Advice() string {
	advice := e.statusAdvice()
	if !e.outcomeUnknown {
		return advice
	}
	if advice != "" {
		advice += "; "
	}
	return advice + "it may have taken effect all the same: " + outcomeUnknownAdvice(e.Operation)
}

func (e *ServiceError) statusAdvice() string {
	switch e.StatusCode {
	case http.StatusUnauthorized:
		return "the service does not accept the access token: check that account and endpoint belong to the same service; a ready-made token may have been revoked"
	case http.StatusForbidden:
		return "the identity needs the role Remote Rendering Client or Remote Rendering Administrator on the account"
	case http.StatusNotFound:
		return "check session id, account and endpoint: a session is known only in the region that created it, and for 30 days after its end"
	case http.StatusConflict:
		return "the id is taken by a session with other settings: use a new one"
	case http.StatusUnprocessableEntity:
		return "a lease can only grow, to at most 1439 minutes in total, while the session has not ended"
	case http.StatusTooManyRequests:
		if e.RetryAfter > 0 {
			return fmt.Sprintf("wait %v before the next request", e.RetryAfter)
		}
		return "wait before the next request; the limit resets every minute"
	}
	switch {
	case e.StatusCode >= 300 && e.StatusCode < 400:
		return "redirects are not followed, so that the access token stays with its host: check the endpoint"
	case e.StatusCode >= 500:
		return "the fault is the service's: try again later"
	default:
		return ""
	}
}

// Unwrap returns the [*azcore.ResponseError]. It returns nil if the error did not come from this
// package.
func (e *ServiceError) Unwrap() error {
	if e.response == nil {
		return nil
	}
	return e.response
}

// Is makes [errors.Is] hold for the error of this package that stands for the status, and for
// [ErrOutcomeUnknown].
func (e *ServiceError) Is(target error) bool {
	if target == ErrOutcomeUnknown {
		return e.outcomeUnknown
	}
	return target != nil && target == sentinel(e.StatusCode)
}

// SessionEndedError means that a session is in a final state, Error, Expired or Stopped, and so
// will never be Ready.
type SessionEndedError struct {
	// Session is the session as last seen. Its Status says how it ended; its Error, in state Error,
	// says why.
	Session Session
	// CorrelationVector is the MS-CV header of the answer that showed the end.
	CorrelationVector string
}

// Error returns one line: which session, how it ended, why, and what to do.
func (e *SessionEndedError) Error() string {
	var b strings.Builder
	fmt.Fprintf(
		&b,
		"session %q has ended in state %s",
		e.Session.ID,
		oneLine(string(e.Session.Status)),
	)
	if detail := e.Session.Error; detail != nil {
		fmt.Fprintf(&b, ", %s: %s", oneLine(detail.Code), oneLine(detail.Message))
	}
	if e.CorrelationVector != "" {
		fmt.Fprintf(&b, " (MS-CV %s)", oneLine(e.CorrelationVector))
	}
	return withAdvice(&b, e.Advice())
}

// Advice returns what to do about it: the last part of the text of the error, after "; ".
func (e *SessionEndedError) Advice() string {
	advice := "an ended session cannot be revived: create another under a new id"
	if e.Session.Status == SessionStatusError {
		advice += ", perhaps of the other size or in another region"
	}
	return advice
}

// callError is a call that ended without an answer, or with one that could not be used: the
// network, the token exchange, the caller's context, an unreadable body.
type callError struct {
	operation operation
	// outcomeUnknown: the request may have taken effect.
	outcomeUnknown bool
	err            error
}

func newCallError(op operation, err error) *callError {
	return &callError{operation: op, outcomeUnknown: op.tries.mayHaveTakenEffect(), err: err}
}

func (e *callError) Error() string {
	var b strings.Builder
	writeOperation(&b, e.operation.name, e.operation.sessionID, e.operation.host)
	b.WriteString(": " + oneLine(e.err.Error()))
	if e.outcomeUnknown {
		return withAdvice(&b, e.Advice())
	}
	return b.String() // the text of err ends with its own advice
}

// Advice is that of the cause, unless the outcome is unknown: that comes first.
func (e *callError) Advice() string {
	if e.outcomeUnknown {
		return "outcome unknown: " + outcomeUnknownAdvice(e.operation.name)
	}
	if adviser, ok := errors.AsType[interface {
		error
		Advice() string
	}](e.err); ok {
		return adviser.Advice()
	}
	return ""
}

// withAdvice completes the text of an error.
func withAdvice(b *strings.Builder, advice string) string {
	if advice != "" {
		b.WriteString("; " + advice)
	}
	return b.String()
}

func (e *callError) Unwrap() error        { return e.err }
func (e *callError) Is(target error) bool { return target == ErrOutcomeUnknown && e.outcomeUnknown }

func outcomeUnknownAdvice(operation string) string {
	switch operation {
	case opCreate:
		return "the session may exist and be billed: look it up, or stop it"
	case opStop:
		return "the session may still run and be billed: stop it again"
	default:
		return "look the session up to see what happened"
	}
}

// writeOperation writes what all errors of requests begin with, such as: create session "demo" at
// example.com.
func writeOperation(b *strings.Builder, name, sessionID, host string) {
	b.WriteString(name)
	if sessionID != "" {
		fmt.Fprintf(b, " session %q", sessionID)
	} else {
		b.WriteString(" sessions")
	}
	b.WriteString(" at " + host)
}

// InvalidArgumentError means that an argument is invalid. No request was sent. [errors.Is] holds
// with [ErrInvalidArgument].
//
// Name, Value and Reason read as one sentence: sessionID "a b" has a character that is not allowed.
// A program can put the name that its own users know in the place of Name.
type InvalidArgumentError struct {
	// Name is the Go name of the argument, or of the field that holds it, such as "sessionID",
	// "MaxLeaseTime" or "Account.ID".
	Name string
	// Value is the refused value as text. It is empty if there is none, or if it may be a secret.
	Value string
	// Reason says what is wrong and what is expected, such as "is not a whole number of minutes".
	Reason string
}

// Error returns one line: the argument, its value and the reason.
func (e *InvalidArgumentError) Error() string {
	text := ErrInvalidArgument.Error() + ": " + oneLine(e.Name)
	if e.Value != "" {
		text += " " + quoteText(e.Value)
	}
	return text + " " + oneLine(e.Reason)
}

// Is makes [errors.Is] hold for [ErrInvalidArgument].
func (e *InvalidArgumentError) Is(target error) bool { return target == ErrInvalidArgument }

// quoteText quotes text, but not numbers and durations.
func quoteText(value string) string {
	if _, err := strconv.ParseFloat(value, 64); err == nil {
		return value
	}
	if _, err := time.ParseDuration(value); err == nil {
		return value
	}
	return strconv.Quote(value)
}

// invalid makes the error for an argument. A value that may be a secret is replaced by its length.
func invalid(name, value, reason string) error {
	if maybeSecret(value) {
		reason += fmt.Sprintf(" (%d characters, not shown: they may be a secret)", len(value))
		value = ""
	}
	return &InvalidArgumentError{Name: name, Value: value, Reason: reason}
}

// oneLine makes text from outside fit for an error: no control characters, at most 800 runes.
func oneLine(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == '\u0085' || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
	if runes := []rune(s); len(runes) > 800 {
		return string(runes[:800]) + "…"
	}
	return s
}
