// SPDX-License-Identifier: MIT

package lease

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	arr "github.com/arr-go/azremoterendering"
)

// Reasons why a lease ended, to compare with [errors.Is]. They are causes of [Lease.Context];
// [KeepAlive] returns the first two. Other reasons are errors of the client, such as
// [arr.ErrNotFound]. If the service showed the end, [errors.As] finds an [*arr.SessionEndedError].
var (
	// ErrExpired means that the lease has run out or, without an answer from the service, that it
	// may have.
	ErrExpired = errors.New("the lease of the session ran out")
	// ErrStopped means that someone else stopped the session.
	ErrStopped = errors.New("the session was stopped")
	// ErrIdle means that [Lease.Touch] was not called for [AcquireOptions.IdleTimeout], and that
	// the session is being stopped.
	ErrIdle = errors.New("no heartbeat from the user of the session")
	// ErrReleased means that [Lease.Release] or [Pool.Return] was called.
	ErrReleased = errors.New("the lease was released")
	// ErrDetached means that [Lease.Detach] was called, or [Pool.Close] while the session was
	// handed out. The session runs until its lease ends.
	ErrDetached = errors.New("the lease was detached")
)

// NotStoppedError means that a session could not be stopped. It may still run, and is then billed
// until its lease ends, unless [arr.SessionsClient.Stop] or [StopAll] stops it before.
type NotStoppedError struct {
	// SessionID is the id of the session.
	SessionID string
	// Endpoint is the rendering endpoint of the region of the session.
	Endpoint string
	// Err is the last failure to stop it.
	Err error
}

// Error returns one line: which session, and why it could not be stopped.
func (e *NotStoppedError) Error() string {
	return fmt.Sprintf("session %q at %s could not be stopped and is billed until its lease ends: %v",
		e.SessionID, e.Endpoint, e.Err)
}

// Unwrap returns the last failure to stop the session.
func (e *NotStoppedError) Unwrap() error { return e.Err }

// endOf returns the reason why a lease ended, for a session that the service shows to have ended.
func endOf(ended *arr.SessionEndedError) error {
	switch ended.Session.Status {
	case arr.SessionStatusExpired:
		return fmt.Errorf("%w: %w", ErrExpired, ended)
	case arr.SessionStatusStopped:
		return fmt.Errorf("%w: %w", ErrStopped, ended)
	default:
		return ended
	}
}

// ErrStartTimeout means that a session was not Ready within StartTimeout.
var ErrStartTimeout = errors.New("not Ready in time")

// noCapacity reports whether a session did not become Ready for a reason that another size or
// region may not have. The service documents no error code for a lack of servers, so every session
// that fails while it starts counts.
func noCapacity(err error) bool {
	ended, ok := errors.AsType[*arr.SessionEndedError](err)
	return ok && ended.Session.Status == arr.SessionStatusError || errors.Is(err, ErrStartTimeout)
}

// retryable reports whether a request is worth a retry, once the service has answered before. That
// includes an unknown host, because then this machine has lost its network.
func retryable(err error) bool {
	_, unknownHost := errors.AsType[*net.DNSError](err)
	return unknownHost || foreign(err) || arr.IsTransient(err) && !errors.Is(err, ErrBudget)
}

// isGone reports whether a session no longer exists, after so many answers in a row, the last of
// them err, that the service does not know it. One answer is not believed: the request that creates
// the session may still be in flight, and a part of the service may lag behind. A page comes from a
// gateway that does not reach the service, and is not believed for about half an hour.
func isGone(err error, notFound int) bool {
	return notFound >= 3 && !arr.IsTransient(err) && (notFound >= 30 || !isPage(err))
}

// isPage reports whether a refusal has a page for a body. Those of the service have JSON or none.
func isPage(err error) bool {
	refused, ok := errors.AsType[*azcore.ResponseError](err)
	return ok && refused.RawResponse != nil &&
		strings.HasPrefix(refused.RawResponse.Header.Get("Content-Type"), "text/html")
}

// foreign reports whether a refusal comes from something between client and service, such as
// a gateway that got half of a request. The service sends a correlation vector, and explains every
// status that the protocol gives no meaning. The same request may succeed next time.
func foreign(err error) bool {
	refused, ok := errors.AsType[*arr.ServiceError](err)
	if !ok || refused.CorrelationVector != "" || refused.Detail != nil {
		return false
	}
	switch refused.StatusCode {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusConflict,
		http.StatusUnprocessableEntity:
		return false
	default:
		return true
	}
}

// concernsOne reports whether a failure concerns one session and says nothing of others: the
// session has ended, is unknown, is not Ready, or the service refuses a request about it alone.
func concernsOne(err error) bool {
	if _, ended := errors.AsType[*arr.SessionEndedError](err); ended ||
		errors.Is(err, arr.ErrLeaseNotExtended) || errors.Is(err, errNotReady) {
		return true
	}
	refused, ok := errors.AsType[*arr.ServiceError](err)
	switch {
	case !ok:
		return false
	case refused.Operation == "create":
		return errors.Is(err, arr.ErrConflict) // the next session has another id
	default:
		return refused.SessionID != "" && !concernsAll(err)
	}
}

// invalid returns the error for an argument that is refused before any request is sent. value may
// be nil.
func invalid(name string, value any, reason string) error {
	e := &arr.InvalidArgumentError{Name: name, Reason: reason}
	if value != nil {
		e.Value = fmt.Sprint(value)
	}
	return e
}
