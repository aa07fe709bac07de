// SPDX-License-Identifier: MIT

package emulator

import (
	"context"
	"time"

	"github.com/arr-go/azremoterendering"
)

// startFault is what a fault does to the session that a request creates. It travels in the context
// of the request, from the faults to the store, because the service between them does not know
// servers.
type startFault struct {
	kind     StartFault
	dieAfter time.Duration
	readLag  time.Duration
}

type startFaultKey struct{}

// startFaultOf returns the start fault of a request, which is zero if there is none.
func startFaultOf(ctx context.Context) startFault {
	fault, _ := ctx.Value(startFaultKey{}).(startFault)
	return fault
}

// start starts the server of a new session.
func (f startFault) start(
	backend Backend,
	startup func() time.Duration,
	spec ServerSpec,
) BackendServer {
	switch f.kind {
	case StartFails:
		return failingServer(spec.Clock.Now().Add(startup()), failureOf(false))
	case StartNever:
		return inventedServer{}
	case StartNoCapacity:
		return pool{spec.Region, spec.Size}.exhausted(spec.Clock.Now().Add(startup()))
	}
	server := backend.Start(spec)
	if f.kind == StartDies && server != nil {
		return dyingServer{server, f.dieAfter, failureOf(true)}
	}
	return server
}

// dyingServer is a server that fails some time after it is ready, unless it has failed before.
type dyingServer struct {
	BackendServer
	dieAfter time.Duration
	failure  *azremoterendering.ErrorDetail
}

// Status is part of [BackendServer].
func (s dyingServer) Status() ServerStatus {
	status := s.BackendServer.Status()
	if status.Failure == nil && !status.ReadyAt.IsZero() {
		status.Failure, status.FailedAt = s.failure, status.ReadyAt.Add(s.dieAfter)
	}
	return status
}
