// SPDX-License-Identifier: MIT

package telemetry

import (
	"context"
	"errors"
	"net"
	"strconv"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/lease"
)

// causes are the errors that have a name, the more telling ones first.
var causes = []struct {
	err  error
	name string
}{
	{lease.ErrBudget, "budget"},
	{lease.ErrPoolClosed, "pool_closed"},
	{lease.ErrStartTimeout, "start_timeout"},
	{lease.ErrIdle, "idle"},
	{lease.ErrReleased, "released"},
	{lease.ErrDetached, "detached"},
	{lease.ErrStopped, "stopped"},
	{lease.ErrExpired, "expired"},
	{arr.ErrLeaseNotExtended, "lease_not_extended"},
}

// Cause returns a short name for an error, as the attribute error.type of metrics has it. There are
// few, so that they can be counted: names such as "budget", "no_capacity", "authentication",
// "network" and "timeout", the status of an answer such as "429", and "_OTHER". It is empty for nil.
func Cause(err error) string {
	if err == nil {
		return ""
	}
	if is[*lease.NotStoppedError](err) {
		return "not_stopped"
	}
	for _, cause := range causes {
		if errors.Is(err, cause.err) {
			return cause.name
		}
	}
	if ended, ok := errors.AsType[*arr.SessionEndedError](err); ok {
		return causeOfEnd(ended.Session.Status)
	}
	refused, isRefusal := errors.AsType[*arr.ServiceError](err)
	switch {
	case is[*arr.AuthenticationError](err):
		return "authentication"
	case isRefusal:
		return strconv.Itoa(refused.StatusCode)
	case errors.Is(err, context.Canceled):
		return "canceled"
	case errors.Is(err, context.DeadlineExceeded):
		return "timeout"
	case is[net.Error](err):
		return "network"
	default:
		return "_OTHER"
	}
}

// noCapacity is the cause of a session that fails while it starts: the service has no other way to
// say that it lacks a server.
const noCapacity = "no_capacity"

// causeOfEnd returns the cause of an error for a session that has ended.
func causeOfEnd(status arr.SessionStatus) string {
	switch status {
	case arr.SessionStatusStopped:
		return "stopped"
	case arr.SessionStatusExpired:
		return "expired"
	default:
		return noCapacity
	}
}

func is[E error](err error) bool {
	_, ok := errors.AsType[E](err)
	return ok
}
