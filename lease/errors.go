// SPDX-License-Identifier: MIT

package lease

import (
	"errors"
	"fmt"
	"net"

	arr "github.com/arr-go/azremoterendering"
)

// Why a lease ended: the cause of [Lease.Context], to compare with [errors.Is]. KeepAlive returns
// the first two and those of the client, such as [arr.ErrNotFound]. Where the service showed the
// end, [*arr.SessionEndedError] is found in the error as well.
var (
	// ErrExpired means that the lease ran out, or that it can no longer be shown that it has not:
	// there was no answer until its earliest possible end.
	ErrExpired = errors.New("the lease of the session ran out")
	// ErrStopped means that somebody else stopped the session.
	ErrStopped = errors.New("the session was stopped")
	// ErrIdle means that there was no sign of life for [AcquireOptions.IdleTimeout], and the session was
	// stopped.
	ErrIdle = errors.New("no sign of life from whoever uses the session")
	// ErrReleased means that [Lease.Release] was called, or [Pool.Return].
	ErrReleased = errors.New("the lease was released")
	// ErrDetached means that [Lease.Detach] was called, or [Pool.Close] while the session was
	// handed out: the session goes on until its lease ends.
	ErrDetached = errors.New("the lease was detached")
)

// NotStoppedError means that a session is, or may be, still running and billed, although it was to
// be stopped. It ends with its lease, unless [arr.SessionsClient.Stop] or [StopAll] stops it
// before.
type NotStoppedError struct {
	// SessionID is the session.
	SessionID string
	// Endpoint is the rendering endpoint of the region in which it runs.
	Endpoint string
	// Err is what the last try to stop it met.
	Err error
}

// Error returns one line: which session, why it was not stopped, and what to do.
func (e *NotStoppedError) Error() string {
	return fmt.Sprintf(
		"session %q at %s could not be stopped and is billed until its lease ends: %v",
		e.SessionID,
		e.Endpoint,
		e.Err,
	)
}

// Unwrap returns what the last try to stop the session met.
func (e *NotStoppedError) Unwrap() error { return e.Err }

// endOf returns what the end of a session, which the service showed, means to a holder of it.
func endOf(ended *arr.SessionEndedError) error {
	switch ended.Session.Status {
	case arr.SessionStatusExpired:
		return fmt.Errorf("lease: %w: %w", ErrExpired, ended)
	case arr.SessionStatusStopped:
		return fmt.Errorf("lease: %w: %w", ErrStopped, ended)
	default:
		return fmt.Errorf("lease: %w", ended)
	}
}

// noCapacity reports whether a session did not become Ready for a reason that another size or region
// may not have. The service's error code for want of a server is not documented, and neither is
// whether it shows one.
func noCapacity(err error) bool {
	ended, ok := errors.AsType[*arr.SessionEndedError](err)
	return ok && ended.Session.Status == arr.SessionStatusError || errors.Is(err, errStartTimeout)
}

// retryable reports whether a request that failed after the service had answered before is worth a
// retry. An unknown host is, then: this machine has lost its network.
func retryable(err error) bool {
	_, unknownHost := errors.AsType[*net.DNSError](err)
	return unknownHost || arr.IsTransient(err) && !errors.Is(err, ErrBudget)
}

// invalid makes the error for an argument that is refused before any request.
func invalid(format string, args ...any) error {
	return fmt.Errorf("lease: %w: %w", arr.ErrInvalidArgument, fmt.Errorf(format, args...))
}
