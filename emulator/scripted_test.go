// SPDX-License-Identifier: MIT

package emulator_test

import (
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/arr-go/azremoterendering/emulator"
)

// scripted is a backend whose servers do as a test tells them, and note what they are told.
type scripted struct {
	mu      sync.Mutex
	servers map[string]*scriptedServer // by session id
	specs   []emulator.ServerSpec
	started func(*scriptedServer) // called at Start, or nil
	closed  int
}

type scriptedServer struct {
	mu     sync.Mutex
	status emulator.ServerStatus
	asked  int
	leases []time.Duration
	stops  int
	onAsk  func() // called at Status, or nil
	onTell func() // called at SetLease, or nil
}

func (b *scripted) Start(spec emulator.ServerSpec) emulator.BackendServer {
	server := new(scriptedServer)
	b.mu.Lock()
	if b.servers == nil {
		b.servers = make(map[string]*scriptedServer)
	}
	b.servers[spec.SessionID] = server
	b.specs = append(b.specs, spec)
	b.mu.Unlock()
	if b.started != nil {
		b.started(server)
	}
	return server
}

func (b *scripted) Close() error { b.closed++; return errors.New("closed") }

func (b *scripted) server(id string) *scriptedServer {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.servers[id]
}

func (s *scriptedServer) Status() emulator.ServerStatus {
	s.mu.Lock()
	s.asked++
	status, onAsk := s.status, s.onAsk
	s.mu.Unlock()
	if onAsk != nil {
		onAsk()
	}
	return status
}

func (s *scriptedServer) SetLease(lease time.Duration) {
	s.mu.Lock()
	onTell := s.onTell
	s.mu.Unlock()
	if onTell != nil {
		onTell()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.leases = append(s.leases, lease)
}

func (s *scriptedServer) Stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stops++
}

func (s *scriptedServer) set(status emulator.ServerStatus) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.status = status
}

// ready makes the server ready now.
func (s *scriptedServer) ready() {
	s.set(
		emulator.ServerStatus{
			ReadyAt:          time.Now(),
			Hostname:         "host",
			HandshakePort:    1,
			ArrInspectorPort: 2,
			Teraflops:        3,
		},
	)
}

// withBackend runs a test with a scripted backend in virtual time.
func withBackend(t *testing.T, options emulator.Options, test func(*service, *scripted)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		backend := new(scripted)
		options.Backend = backend
		test(start(t, options), backend)
	})
}
