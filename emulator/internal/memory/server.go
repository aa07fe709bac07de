// SPDX-License-Identifier: MIT

package memory

import (
	"time"

	"github.com/arr-go/azremoterendering"
)

// Server is one server behind a session. It is as the BackendServer of the emulator, whose contract
// holds.
type Server interface {
	// Status returns what is known of the server. It returns at once, and never runs twice at once.
	Status() Status

	// SetLease changes the length of the lease, which counts from when the server is ready.
	SetLease(lease time.Duration)

	// Stop ends the server and returns without waiting for its end.
	Stop()
}

// Spec describes the server that is to be started.
type Spec struct {
	AccountID, SessionID string
	Region               azremoterendering.Region
	Size                 azremoterendering.SessionSize
	Lease                time.Duration // the first one
}

// Status is what is known of a [Server] at one moment. Times that are zero are not known.
type Status struct {
	ReadyAt                         time.Time
	Hostname                        string
	HandshakePort, ArrInspectorPort int32
	Teraflops                       float32

	// Failure is why the server fails at FailedAt, or when that is learned if FailedAt is zero.
	Failure  *azremoterendering.ErrorDetail
	FailedAt time.Time

	// Settled says that nothing of this will change by itself.
	Settled bool
}

// invented is an invented server: everything about it is known from the start.
type invented Status

// Status implements [Server], as do the methods below it.
func (s invented) Status() Status { s.Settled = true; return Status(s) }

// SetLease does nothing: the emulator counts the lease.
func (invented) SetLease(time.Duration) {}

// Stop does nothing: there is nothing to stop.
func (invented) Stop() {}

// failingServer returns a server that is never ready and fails at a time.
func failingServer(at time.Time, failure *azremoterendering.ErrorDetail) Server {
	return invented{Failure: failure, FailedAt: at}
}

// failureOf returns the error of a session in state Error. Of the codes of the service only this
// one is known.
func failureOf(wasReady bool) *azremoterendering.ErrorDetail {
	message := "The session failed to start."
	if wasReady {
		message = "The session became unusable."
	}
	return &azremoterendering.ErrorDetail{Code: "InternalServerError", Message: message}
}
