// SPDX-License-Identifier: MIT

package memory

import (
	"context"
	"time"

	"github.com/arr-go/azremoterendering"
)

// Fault is what a fault does to the session that a request creates. The zero value does nothing.
type Fault struct {
	Start    string        // one of those below, or empty
	DieAfter time.Duration // since Ready, with Dies
	ReadLag  time.Duration // for which reads do not show the session
}

// The values of [Fault].Start.
const (
	Fails      = "fails"       // after the start-up time
	Dies       = "dies"        // some time after it is ready
	Never      = "never"       // stays Starting
	NoCapacity = "no-capacity" // as if there were no server
)

type faultKey struct{}

// WithFault returns a context with which [Store.Create] has a fault. It travels there because the
// service between faults and store does not know servers.
func WithFault(ctx context.Context, f Fault) context.Context {
	return context.WithValue(ctx, faultKey{}, f)
}

// faultOf returns the fault of a request, which is zero if there is none.
func faultOf(ctx context.Context) Fault {
	fault, _ := ctx.Value(faultKey{}).(Fault)
	return fault
}

// start starts the server of a new session.
func (f Fault) start(m *Store, startup func() time.Duration, spec Spec) Server {
	switch f.Start {
	case Fails:
		return failingServer(m.clock.Now().Add(startup()), failureOf(false))
	case Never:
		return invented{}
	case NoCapacity:
		return pool{spec.Region, spec.Size}.exhausted(m.clock.Now().Add(startup()))
	}
	server := m.options.Start(spec)
	if f.Start == Dies && server != nil {
		return dyingServer{server, f.DieAfter, failureOf(true)}
	}
	return server
}

// dyingServer is a server that fails some time after it is ready, unless it has failed before.
type dyingServer struct {
	Server
	dieAfter time.Duration
	failure  *azremoterendering.ErrorDetail
}

// Status is part of [Server].
func (s dyingServer) Status() Status {
	status := s.Server.Status()
	if status.Failure == nil && !status.ReadyAt.IsZero() {
		status.Failure, status.FailedAt = s.failure, status.ReadyAt.Add(s.dieAfter)
	}
	return status
}
