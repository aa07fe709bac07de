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
	readTimeout = 30 * time.Second
	// so that the answer to a body that comes too slowly comes in time
	writeTimeout    = readTimeout + 10*time.Second
	idleTimeout     = 2 * time.Minute
	maxHeaderBytes  = 64 << 10
	shutdownTimeout = 5 * time.Second
)

// Server is an emulator that listens. Create one with [Emulator.Listen] or [Emulator.ListenTLS].
type Server struct {
	// URL is the address for clients, such as "http://127.0.0.1:54321" or, with TLS,
	// "https://127.0.0.1:54321": both the endpoint and the STS endpoint.
	URL string

	http   *http.Server
	unused unusedConnections
	served chan error
	close  func() error

	endRequests context.CancelFunc
}

// Listen serves the emulator over HTTP on address, "HOST:PORT". An empty address means
// "127.0.0.1:0": loopback, any free port. A host that others can reach opens the emulator to all of
// them.
//
// Requests are served from now on, until [Server.Close]. Several servers of one emulator show the
// same sessions. It is an error if the address is not one of this machine or its port is in use.
func (e *Emulator) Listen(address string) (*Server, error) {
	return e.listen(address, "http", (*http.Server).Serve)
}

// listen listens on address, and has serve take connections in the background.
func (e *Emulator) listen(
	address, scheme string,
	serve func(*http.Server, net.Listener) error,
) (*Server, error) {
	if address == "" {
		address = "127.0.0.1:0"
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf(
			"emulator: cannot listen on %q: %w (give HOST:PORT of this machine; port 0 takes any that is free)",
			address,
			err,
		)
	}
	requests, endRequests := context.WithCancel(context.Background())
	s := &Server{
		URL: scheme + "://" + reachable(listener.Addr()),
		http: &http.Server{
			Handler:           e,
			BaseContext:       func(net.Listener) context.Context { return requests },
			ReadHeaderTimeout: readTimeout,
			ReadTimeout:       readTimeout,
			WriteTimeout:      writeTimeout,
			IdleTimeout:       idleTimeout,
			MaxHeaderBytes:    maxHeaderBytes,
			ErrorLog:          slog.NewLogLogger(e.logger.Handler(), slog.LevelWarn),
		},
		served:      make(chan error, 1),
		endRequests: endRequests,
	}
	s.http.ConnState = s.unused.follow
	s.close = sync.OnceValue(s.shutDown)
	go func() { s.served <- serve(s.http, listener) }()
	return s, nil
}

// Close stops listening, ends delays of faults, waits for the requests in flight, at most 5
// seconds, and closes all connections. The emulator and its sessions stay as they are. A second
// Close returns what the first did. It is an error if connections in use had to be cut off, or if
// the server had stopped by itself before. Nothing of the server runs any more when it returns,
// unless a request was cut off that a [Backend] or another function of the user's still holds.
func (s *Server) Close() error { return s.close() }

func (s *Server) shutDown() error {
	ctx, cancel := context.WithTimeout(context.Background(), shutdownTimeout)
	defer cancel()
	s.endRequests()
	s.unused.close()
	err := s.http.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		err = fmt.Errorf(
			"emulator: connections were still in use after %v and were cut off",
			shutdownTimeout,
		)
		err = errors.Join(err, s.http.Close())
	}
	if served := <-s.served; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, fmt.Errorf("emulator: the server had stopped: %w", served))
	}
	return err
}

// unusedConnections are those on which nothing was asked yet. Browsers and HTTP clients open some
// in advance; net/http would wait for their first request before it shuts down.
type unusedConnections struct {
	mutex   sync.Mutex
	open    map[net.Conn]struct{}
	closing bool
}

// follow is the server's ConnState hook.
func (u *unusedConnections) follow(connection net.Conn, state http.ConnState) {
	u.mutex.Lock()
	defer u.mutex.Unlock()
	switch {
	case state != http.StateNew:
		delete(u.open, connection)
	case u.closing:
		_ = connection.Close()
	default:
		if u.open == nil {
			u.open = make(map[net.Conn]struct{})
		}
		u.open[connection] = struct{}{}
	}
}

// close closes these connections, and those to come.
func (u *unusedConnections) close() {
	u.mutex.Lock()
	defer u.mutex.Unlock()
	u.closing = true
	for connection := range u.open {
		_ = connection.Close()
	}
}

// reachable returns an address that a client on this machine can connect to.
func reachable(address net.Addr) string {
	tcp, ok := address.(*net.TCPAddr)
	if !ok || !tcp.IP.IsUnspecified() {
		return address.String()
	}
	return net.JoinHostPort("127.0.0.1", fmt.Sprint(tcp.Port))
}
