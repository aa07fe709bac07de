// SPDX-License-Identifier: MIT

package emulator

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"
)

// Bounds for slow and greedy clients. Requests of the protocol are small.
const (
	readTimeout     = 30 * time.Second
	writeTimeout    = 30 * time.Second
	idleTimeout     = 2 * time.Minute
	maxHeaderBytes  = 64 << 10
	shutdownTimeout = 5 * time.Second
)

// Server is an emulator that listens. Create one with [Emulator.Listen].
type Server struct {
	// URL is the address for clients, such as "http://127.0.0.1:54321": both the endpoint and the STS endpoint.
	URL string

	http   *http.Server
	served chan error
	close  func() error
}

// Listen serves the emulator over HTTP on address, "HOST:PORT". An empty address means "127.0.0.1:0": loopback, any free port. A
// host that others can reach opens the emulator to all of them.
//
// Requests are served from now on, until [Server.Close]. Several servers of one emulator show the same sessions. It is an error if
// the address is not one of this machine or its port is in use.
func (e *Emulator) Listen(address string) (*Server, error) {
	if address == "" {
		address = "127.0.0.1:0"
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("emulator: cannot listen on %q: %w (give HOST:PORT of this machine; port 0 takes any that is free)", address, err)
	}
	s := &Server{
		URL: "http://" + reachable(listener.Addr()),
		http: &http.Server{
			Handler:           e,
			ReadHeaderTimeout: readTimeout,
			ReadTimeout:       readTimeout,
			WriteTimeout:      writeTimeout,
			IdleTimeout:       idleTimeout,
			MaxHeaderBytes:    maxHeaderBytes,
			ErrorLog:          slog.NewLogLogger(e.logger.Handler(), slog.LevelWarn),
		},
		served: make(chan error, 1),
	}
	s.close = sync.OnceValue(s.shutDown)
	go func() { s.served <- s.http.Serve(listener) }()
	return s, nil
}

// Close stops listening, waits for the requests in flight, at most 5 seconds, and closes all connections. Nothing of the server
// runs any more when it returns, but the emulator and its sessions stay as they are. A second Close returns what the first did. It
// is an error if connections in use had to be cut off, or if the server had stopped by itself before.
func (s *Server) Close() error { return s.close() }

func (s *Server) shutDown() error {
	ctx, cancel := context.WithTimeout(context.Background(), shutdownTimeout)
	defer cancel()
	err := s.http.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		err = fmt.Errorf("emulator: connections were still in use after %v and were cut off", shutdownTimeout)
		err = errors.Join(err, s.http.Close())
	}
	if served := <-s.served; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, fmt.Errorf("emulator: the server had stopped: %w", served))
	}
	return err
}

// reachable returns an address that a client on this machine can connect to.
func reachable(address net.Addr) string {
	tcp, ok := address.(*net.TCPAddr)
	if !ok || !tcp.IP.IsUnspecified() {
		return address.String()
	}
	return net.JoinHostPort("127.0.0.1", fmt.Sprint(tcp.Port))
}
