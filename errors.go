// SPDX-License-Identifier: MIT

package azremoterendering

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"github.com/arr-go/azremoterendering/internal/advice"
	"github.com/arr-go/azremoterendering/internal/text"
	"github.com/arr-go/azremoterendering/internal/transport"
)

// Errors for [errors.Is]. A returned error is one of the error types of this package, or wraps one.
var (
	// ErrInvalidArgument means that an argument is invalid and that no request was sent. The error
	// is an [*InvalidArgumentError].
	ErrInvalidArgument = errors.New("invalid argument")
	// ErrUnauthorized means 401: the service refused a new access token, or the token service
	// refused the credential.
	ErrUnauthorized = errors.New("unauthorized")
	// ErrForbidden means 403: the identity is known but has no role on the account, or, when a
	// conversion is created, the service may not use the storage.
	ErrForbidden = errors.New("forbidden")
	// ErrNotFound means 404: the account has no such session or conversion in this region, or it
	// ended more than 30 days ago.
	ErrNotFound = errors.New("not found")
	// ErrConflict means 409: another session or conversion with other settings has the id.
	ErrConflict = errors.New("id is taken with other settings")
	// ErrLeaseNotExtended means 422: the new lease is not longer than the current one, is 1440
	// minutes or longer, or the session has ended.
	ErrLeaseNotExtended = errors.New("lease not extended")
	// ErrThrottled means 429: too many requests. The RetryAfter field of the error says how long to
	// wait, if the service said so.
	ErrThrottled = errors.New("too many requests")
	// ErrOutcomeUnknown means that a request that changes something may have taken effect: there
	// was no answer, only a fault (408, 5xx), or a success that the protocol does not know, and no
	// later answer settled the matter. After a create, the session may exist and be billed: get it,
	// or stop it. A conversion may run: get it, or create it again with the same id and settings.
	ErrOutcomeUnknown = errors.New("outcome unknown")
)

var sentinels = map[int]error{
	http.StatusUnauthorized:        ErrUnauthorized,
	http.StatusForbidden:           ErrForbidden,
	http.StatusNotFound:            ErrNotFound,
	http.StatusConflict:            ErrConflict,
	http.StatusUnprocessableEntity: ErrLeaseNotExtended,
	http.StatusTooManyRequests:     ErrThrottled,
}

// InvalidArgumentError means that an argument is invalid and that no request was sent. [errors.Is]
// holds with [ErrInvalidArgument].
//
// Name, Value and Reason read as one sentence: sessionID "a b" has a character that is not allowed.
// A program can replace Name by the name that its own users know.
type InvalidArgumentError struct {
	// Name is the Go name of the argument, or of the field that contains it, such as "sessionID",
	// "MaxLeaseTime" or "Account.ID".
	Name string
	// Value is the invalid value as text. It is empty if there is none, or if it may be a secret.
	Value string
	// Reason says what is wrong and what is expected, such as "is not a whole number of minutes".
	Reason string
}

// Error returns one line: the argument, its value and the reason.
func (e *InvalidArgumentError) Error() string {
	line := ErrInvalidArgument.Error() + ": " + text.OneLine(e.Name)
	if e.Value != "" {
		line += " " + text.Quote(e.Value)
	}
	return line + " " + text.OneLine(e.Reason)
}

// Is makes [errors.Is] hold for [ErrInvalidArgument].
func (e *InvalidArgumentError) Is(target error) bool { return target == ErrInvalidArgument }

// invalid makes the error for an argument. It leaves out a value that may be a secret.
func invalid(name, value, reason string) error {
	value, reason = text.WithoutSecret(value, reason)
	return &InvalidArgumentError{Name: name, Value: value, Reason: reason}
}

// ServiceError means that the rendering service refused a request. It unwraps to an
// [*azcore.ResponseError] without the credential of the request. To tell refusals apart, use
// [errors.Is] with [ErrNotFound] and the other errors of this package.
type ServiceError struct {
	// Operation is "create", "get", "update", "stop" or "list" for sessions, and
	// "create-conversion", "get-conversion" or "list-conversions" for conversions.
	Operation string
	// SessionID is the session of the request. It is empty for lists and conversions.
	SessionID string
	// ConversionID is the conversion of the request. It is empty for lists and sessions.
	ConversionID string
	// Host is the host that the request was sent to, with the port if there was one.
	Host string
	// StatusCode is the HTTP status.
	StatusCode int
	// Code is the error code of the service, such as "BadRequest". It is empty if the answer had no
	// error object, as with 401, 403, 404 and 429.
	Code string
	// Message is the explanation of the service. It may be empty.
	Message string
	// CorrelationVector is the MS-CV header. Operators of the service ask for it, together with the
	// session id.
	CorrelationVector string
	// RetryAfter is how long the service asked to wait. It is 0 if the service did not say.
	RetryAfter time.Duration
	// Detail is the whole error object. It is nil if the answer had none.
	Detail *ErrorDetail

	outcomeUnknown bool
	notYet         bool   // 404 for what the client has created moments ago
	proxy          string // that may have answered instead of the service, or ""
	response       *azcore.ResponseError
}

// Error returns one line: what failed, on which session or conversion, what the service answered,
// and what to do.
func (e *ServiceError) Error() string {
	line := subject(e.Operation, e.SessionID+e.ConversionID, e.Host) + ": " + statusText(e.StatusCode)
	if e.Code != "" {
		line += ", " + text.OneLine(e.Code)
	}
	if e.Message != "" {
		line += ": " + text.OneLine(e.Message)
	}
	return complete(line, e.CorrelationVector, e.Advice())
}

// Advice returns what to do: the last part of the text of the error, after "; ". It may be empty.
func (e *ServiceError) Advice() string {
	what := advice.Service(e.StatusCode, e.RetryAfter)
	if _, kind := splitOperation(e.Operation); kind == kindConversion {
		what = advice.Conversion(e.StatusCode, e.Code, e.RetryAfter)
	}
	what = advice.Proxy(e.proxy, e.StatusCode, what)
	if e.notYet {
		what = "it was created moments ago, and a read may lag behind; retry"
	}
	if !e.outcomeUnknown {
		return what
	}
	if what != "" {
		what += "; "
	}
	return what + "it may have taken effect all the same: " + advice.OutcomeUnknown(e.Operation)
}

// Unwrap returns the [*azcore.ResponseError]. It returns nil if the error does not come from this
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
	return target != nil && target == sentinels[e.StatusCode]
}

// AuthenticationStage names the step of signing in that failed.
type AuthenticationStage string

const (
	// StageCredential means that the caller's credential, such as one of azidentity, failed.
	StageCredential AuthenticationStage = "credential"
	// StageTokenExchange means that the token service refused the credential, or could not be
	// reached.
	StageTokenExchange AuthenticationStage = "token exchange"
	// StageAccessToken means that a fixed access token cannot be used, because it has expired.
	StageAccessToken AuthenticationStage = "access token"
)

// AuthenticationError means that a request was not sent because the client could not get an access
// token. It unwraps to the [*azcore.ResponseError] of the token service, if there was an answer,
// and to the error of the credential. azcore does not retry the request, because the token exchange
// has its own retries.
type AuthenticationError struct {
	// Stage is the step that failed.
	Stage AuthenticationStage
	// AccountID is the account. It is empty if the step does not know the account.
	AccountID string
	// Host is the host of the token service. It is empty if the step does not know the host.
	Host string
	// StatusCode is the HTTP status of the token service. It is 0 if there was no answer.
	StatusCode int
	// Message is the explanation of the token service. It is empty if the answer had no error
	// object.
	Message string
	// CorrelationVector is the MS-CV header of the token service. It may be empty.
	CorrelationVector string
	// RetryAfter is how long the token service asked to wait. It is 0 if it did not say.
	RetryAfter time.Duration

	proxy string // that may have answered instead of the token service, or ""
	err   error
}

// Error returns one line: what failed, for which account, what was answered, and what to do.
func (e *AuthenticationError) Error() string {
	line := string(e.Stage)
	if e.AccountID != "" {
		line += " for account " + e.AccountID
	}
	if e.Host != "" {
		line += " at " + e.Host
	}
	if e.StatusCode != 0 {
		line += ": " + statusText(e.StatusCode)
		if e.Message != "" {
			line += ": " + text.OneLine(e.Message)
		}
	} else if e.err != nil {
		line += ": " + text.OneLine(e.err.Error())
	}
	if strings.HasSuffix(line, "; "+e.Advice()) {
		return line // it is that of the cause
	}
	return complete(line, e.CorrelationVector, e.Advice())
}

// Advice returns what to do: the last part of the text of the error, after "; ".
func (e *AuthenticationError) Advice() string {
	switch e.Stage {
	case StageAccessToken:
		return advice.AccessToken
	case StageCredential:
		return advice.Credential
	}
	if proxy, ok := errors.AsType[*transport.ProxyError](e.err); ok {
		return proxy.Advice()
	}
	return advice.Proxy(e.proxy, e.StatusCode, advice.TokenService(e.StatusCode, e.RetryAfter))
}

// Unwrap returns the error of the step.
func (e *AuthenticationError) Unwrap() error { return e.err }

// Is makes [errors.Is] hold for the error of this package that stands for the status:
// [ErrUnauthorized], [ErrForbidden] or [ErrThrottled].
func (e *AuthenticationError) Is(target error) bool {
	switch target {
	case ErrUnauthorized, ErrForbidden, ErrThrottled:
		return target == sentinels[e.StatusCode]
	default:
		return false
	}
}

// NonRetriable tells azcore not to retry.
func (*AuthenticationError) NonRetriable() {}

// SessionEndedError means that a session is in a final state (Error, Expired or Stopped) and will
// never be Ready.
type SessionEndedError struct {
	// Session is the last known session. Its Status says how it ended. In state Error, its Error
	// says why.
	Session Session
	// CorrelationVector is the MS-CV header of the answer that showed the final state.
	CorrelationVector string
}

// Error returns one line: which session, how it ended, why, and what to do.
func (e *SessionEndedError) Error() string {
	status := text.OneLine(string(e.Session.Status))
	line := fmt.Sprintf("session %q has ended in state %s", e.Session.ID, status)
	if detail := e.Session.Error; detail != nil {
		line += ", " + text.OneLine(detail.Code) + ": " + text.OneLine(detail.Message)
	}
	return complete(line, e.CorrelationVector, e.Advice())
}

// Advice returns what to do: the last part of the text of the error, after "; ".
func (e *SessionEndedError) Advice() string {
	return advice.Ended(e.Session.Status == SessionStatusError)
}

func statusText(statusCode int) string {
	return fmt.Sprintf("%d %s", statusCode, http.StatusText(statusCode))
}

// complete appends the correlation vector and the advice to the text of an error, if there are any.
func complete(line, vector, advice string) string {
	if vector != "" {
		line += " (MS-CV " + text.OneLine(vector) + ")"
	}
	if advice != "" {
		line += "; " + advice
	}
	return line
}

// IsTransient reports whether the same call may succeed later: after throttling, 408, 5xx, an
// unreadable answer, a failure of the network, or a timeout. It is also true for [ErrNotFound] in
// the 30 seconds after the same client created the session or conversion. It is false for other
// refusals, sessions that have ended, conversions that failed, invalid arguments, host names that
// do not exist, servers whose certificate is not trusted, proxies that refuse, cancelled contexts,
// and nil. A transient error may still have had an effect: see [ErrOutcomeUnknown].
func IsTransient(err error) bool {
	if err == nil || errors.Is(err, ErrInvalidArgument) || errors.Is(err, context.Canceled) ||
		is[*SessionEndedError](err) || is[*ConversionFailedError](err) {
		return false
	}
	if refusal, ok := errors.AsType[*ServiceError](err); ok {
		return refusal.notYet || transport.IsTransient(refusal.StatusCode)
	}
	if is[*tls.CertificateVerificationError](err) || is[*transport.UnknownHostError](err) {
		return false
	}
	if proxy, ok := errors.AsType[*transport.ProxyError](err); ok && proxy.Refused() {
		return false
	}
	authentication, ok := errors.AsType[*AuthenticationError](err)
	switch {
	case !ok:
		return true
	case authentication.StatusCode != 0:
		return transport.IsTransient(authentication.StatusCode)
	default:
		return authentication.Stage == StageTokenExchange || is[net.Error](err)
	}
}

func is[E error](err error) bool {
	_, ok := errors.AsType[E](err)
	return ok
}

// RetryAfter returns how long the service, or the token service, asked to wait when it refused a
// call. It is 0 if it did not say, and for all other errors.
func RetryAfter(err error) time.Duration {
	if refusal, ok := errors.AsType[*ServiceError](err); ok {
		return refusal.RetryAfter
	}
	if authentication, ok := errors.AsType[*AuthenticationError](err); ok {
		return authentication.RetryAfter
	}
	return 0
}
