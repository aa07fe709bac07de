// SPDX-License-Identifier: MIT

package emulator_test

import (
	"errors"
	"time"

	"github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator"
)

// nestedFailure is a backend whose servers fail at once, with an error inside an error.
var nestedFailure = backendOf(func(emulator.ServerSpec) emulator.BackendServer {
	return statusOf(emulator.ServerStatus{Settled: true, Failure: &azremoterendering.ErrorDetail{
		Code: "A", Message: "a",
		Details:    []azremoterendering.ErrorDetail{{Code: "B", Message: "b", Target: "t"}},
		InnerError: &azremoterendering.ErrorDetail{Code: "C", Message: "c"},
	}})
})

// backendOf is a backend that is a function.
type backendOf func(emulator.ServerSpec) emulator.BackendServer

func (b backendOf) Start(spec emulator.ServerSpec) emulator.BackendServer { return b(spec) }

// statusOf is a server that always says the same.
type statusOf emulator.ServerStatus

func (s statusOf) Status() emulator.ServerStatus { return emulator.ServerStatus(s) }
func (statusOf) SetLease(time.Duration)          {}
func (statusOf) Stop()                           {}

// brokenBackend panics at the start of session bad; the servers of the others panic when they are
// asked a second time.
type brokenBackend struct{}

func (brokenBackend) Start(spec emulator.ServerSpec) emulator.BackendServer {
	if spec.SessionID == "bad" {
		panic(errors.New("no server"))
	}
	return new(brokenServer)
}

type brokenServer struct{ asked bool }

func (s *brokenServer) Status() emulator.ServerStatus {
	if s.asked {
		panic(errors.New("no answer"))
	}
	s.asked = true
	return emulator.ServerStatus{}
}
func (*brokenServer) SetLease(time.Duration) {}
func (*brokenServer) Stop()                  {}
