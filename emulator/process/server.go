// SPDX-License-Identifier: MIT

package process

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"sync"
	"time"

	"github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator"
)

const (
	codeStartFailed = "ServerStartFailed"
	codeFailed      = "ServerFailed"
)

const (
	readyInterval = 100 * time.Millisecond
	dialTimeout   = time.Second
)

// server is one program and the goroutine that owns it: [server.run]. Other goroutines only read
// and write the fields below mu and wake that goroutine.
type server struct {
	backend *Backend
	spec    emulator.ServerSpec
	logger  *slog.Logger

	stopping context.Context // done once Stop was called
	stop     context.CancelFunc
	expired  chan struct{} // closed at the end of the lease
	done     chan struct{} // closed once nothing of the server is left

	leftBehind bool // whether something could not be ended; read it after done

	mu      sync.Mutex
	status  emulator.ServerStatus
	lease   time.Duration
	ending  *emulator.ClockTimer // calls expire at the end of the lease; nil before Ready
	stopped bool                 // Stop was called
	over    bool                 // the lease was over: the program is being ended, or gone
	gone    bool                 // the program is being ended, or gone, for whatever reason
}

func newServer(b *Backend, spec emulator.ServerSpec) *server {
	s := &server{
		backend: b,
		spec:    spec,
		logger: b.options.Logger.With("session", spec.SessionID, "account", spec.AccountID,
			"region", spec.Region, "size", spec.Size),
		expired: make(chan struct{}),
		done:    make(chan struct{}),
		lease:   spec.Lease,
	}
	s.stopping, s.stop = context.WithCancel(context.Background())
	return s
}

// Status implements [emulator.BackendServer].
func (s *server) Status() emulator.ServerStatus {
	s.mu.Lock()
	defer s.mu.Unlock()
	status := s.status
	if status.Failure != nil {
		failure := *status.Failure
		status.Failure = &failure
	}
	return status
}

// SetLease implements [emulator.BackendServer].
func (s *server) SetLease(lease time.Duration) {
	s.mu.Lock()
	s.lease = lease
	// The emulator may extend a lease just before its end, and this server learn of it just after.
	late := s.over && s.spec.Clock.Now().Before(s.status.ReadyAt.Add(lease))
	s.awaitLease()
	s.mu.Unlock()
	if late {
		s.fail(codeFailed, "The lease was extended after the server had already ended with it.")
	}
}

// awaitLease sets the timer to the end of the lease, if that has begun and is not over. It is called
// under the lock.
func (s *server) awaitLease() {
	if s.status.ReadyAt.IsZero() || s.over || s.gone {
		return
	}
	if s.ending != nil {
		s.ending.Stop()
	}
	clock := s.spec.Clock
	s.ending = clock.AfterFunc(s.status.ReadyAt.Add(s.lease).Sub(clock.Now()), s.expire)
}

// expire ends the server if the lease is over. After that an extension comes too late.
func (s *server) expire() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.over && !s.spec.Clock.Now().Before(s.status.ReadyAt.Add(s.lease)) {
		s.over = true
		close(s.expired)
	}
}

// ends reports whether the server is to end, or has ended.
func (s *server) ends() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stopped || s.over
}

// Stop implements [emulator.BackendServer].
func (s *server) Stop() {
	s.mu.Lock()
	s.stopped = true
	s.status.Settled = true
	s.mu.Unlock()
	s.stop()
}

// run is the life of the server.
func (s *server) run() {
	defer close(s.done)
	defer s.backend.forget(s)
	defer s.stop() // frees the context
	defer holdThread()()

	var told values
	told.spec = s.spec
	for _, port := range []*int{&told.port, &told.inspector} {
		var err error
		if *port, err = reservePort(); err != nil {
			s.fail(codeStartFailed, fmt.Sprintf("The server cannot start: %v.", err))
			return
		}
		defer releasePort(*port)
	}
	program, err := s.start(told)
	if err != nil {
		s.fail(codeStartFailed, fmt.Sprintf("The server cannot start: %v.", err))
		return
	}
	s.logger.Info("server started", "pid", program.pid, "port", told.port)
	if s.awaitReady(program, told) {
		s.awaitEnd(program)
	}
	s.forgetLease()
	err = program.end(s.backend.options.StopGrace)
	s.leftBehind = err != nil
	s.settle()
	if err != nil {
		s.logger.Error("server not ended", "pid", program.pid, "port", told.port, "error", err)
		return
	}
	s.logger.Info("server ended", "pid", program.pid, "port", told.port, "result", program.result())
}

func (s *server) start(told values) (*child, error) {
	options := s.backend.options
	command, err := told.command(options.Command)
	if err != nil {
		return nil, err
	}
	var output *lines
	if options.Output != nil {
		output = &lines{
			prefix: "[" + s.spec.SessionID + "] ",
			to:     options.Output,
			lock:   &s.backend.output,
		}
	}
	return startChild(command, told.environment(os.Environ()), output)
}

// awaitReady connects to the program until it accepts. It reports false if it will not accept.
func (s *server) awaitReady(program *child, told values) bool {
	limit := time.NewTimer(s.backend.options.StartupTimeout)
	defer limit.Stop()
	retry := time.NewTicker(readyInterval)
	defer retry.Stop()
	for {
		if s.accepts(told.port) {
			return s.ready(told)
		}
		select {
		case <-s.stopping.Done():
			return false
		case <-program.exited:
			s.fail(
				codeStartFailed,
				fmt.Sprintf(
					"The server ended before it accepted connections: %s.",
					program.result(),
				),
			)
			return false
		case <-limit.C:
			s.fail(
				codeStartFailed,
				fmt.Sprintf(
					"The server did not accept connections within %v.",
					s.backend.options.StartupTimeout,
				),
			)
			return false
		case <-retry.C:
		}
	}
}

func (s *server) accepts(port int) bool {
	dialer := net.Dialer{Timeout: dialTimeout}
	connection, err := dialer.DialContext(s.stopping, "tcp", loopback(port))
	if err != nil {
		return false
	}
	defer connection.Close()
	// The range of ports overlaps with that of outgoing connections. A client that gets the port to
	// which it connects is connected with itself.
	return connection.LocalAddr().String() != connection.RemoteAddr().String()
}

func (s *server) ready(told values) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped {
		return false
	}
	s.status.ReadyAt = s.spec.Clock.Now()
	s.status.Hostname = s.backend.options.Hostname
	s.status.HandshakePort = int32(told.port)
	s.status.ArrInspectorPort = int32(told.inspector)
	s.awaitLease()
	return true
}

// awaitEnd returns when the program is to be ended, or has ended by itself.
func (s *server) awaitEnd(program *child) {
	select {
	case <-s.stopping.Done():
	case <-s.expired:
	case <-program.exited:
		s.fail(codeFailed, fmt.Sprintf("The server ended by itself: %s.", program.result()))
	}
}

// forgetLease stops the timer of the lease.
func (s *server) forgetLease() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gone = true
	if s.ending != nil {
		s.ending.Stop()
	}
}

// fail records why the server failed, unless it was stopped, because then its end is expected.
func (s *server) fail(code, message string) {
	s.mu.Lock()
	ignored := s.stopped || s.status.Failure != nil
	if !ignored {
		s.status.Failure = &azremoterendering.ErrorDetail{Code: code, Message: message}
		s.status.FailedAt = s.spec.Clock.Now()
		s.status.Settled = true
	}
	s.mu.Unlock()
	if !ignored {
		s.logger.Warn("server failed", "code", code, "message", message)
	}
}

func (s *server) settle() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.status.Settled = true
}
