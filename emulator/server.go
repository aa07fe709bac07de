// SPDX-License-Identifier: MIT

package emulator

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Limits for slow and greedy clients. Requests of the protocol are small.
const (
	readTimeout     = 30 * time.Second
	writeTimeout    = readTimeout + 10*time.Second // time to answer a body that came too slowly
	idleTimeout     = 2 * time.Minute
	maxHeaderBytes  = 64 << 10
	shutdownTimeout = 5 * time.Second
)

// Server is an emulator that listens. Create one with [Emulator.Listen] or [Emulator.ListenTLS].
type Server struct {
	// URL is the address for clients, such as "http://127.0.0.1:54321" or, with TLS,
	// "https://127.0.0.1:54321": both the endpoint and the STS endpoint.
	URL string

	http      *http.Server
	unused    unusedConnections
	served    chan error // one for each listener
	listeners int
	close     func() error

	endRequests context.CancelFunc
}

// Listen serves the emulator over HTTP on address, "HOST:PORT", until [Server.Close]. An empty
// address means "127.0.0.1:0": loopback, any free port. The host "localhost" means 127.0.0.1 and
// ::1, whichever of them this machine has, both with the same port. On an address that other
// machines can reach, all of them can use the emulator.
//
// Several servers of one emulator show the same sessions. It is an error if the address is not one
// of this machine or its port is in use.
func (e *Emulator) Listen(address string) (*Server, error) {
	return e.listen(address, "http", (*http.Server).Serve)
}

// ListenTLS serves the emulator as [Emulator.Listen] does, but over HTTPS, HTTP/1.1 and HTTP/2,
// with config, which is not changed. [Authority.TLSConfig] makes one for local use; a certificate
// from elsewhere is
//
//	certificate, err := tls.LoadX509KeyPair("cert.pem", "key.pem")
//	…
//	server, err := e.ListenTLS("", &tls.Config{Certificates: []tls.Certificate{certificate}})
//
// Handshakes that fail are logged at level Warn. On an address of this machine that is not a
// loopback one, [Server.URL] names that address, even if the certificate is valid only for names.
//
// It is an error if config is nil or has no certificate, and in the cases of Listen.
func (e *Emulator) ListenTLS(address string, config *tls.Config) (*Server, error) {
	if config == nil || len(config.Certificates) == 0 &&
		config.GetCertificate == nil && config.GetConfigForClient == nil {
		return nil, errors.New("emulator: ListenTLS needs a configuration with a certificate, " +
			"such as that of Authority.TLSConfig")
	}
	config = config.Clone()
	return e.listen(address, "https", func(server *http.Server, listener net.Listener) error {
		server.TLSConfig = config
		return server.ServeTLS(listener, "", "")
	})
}

// listen listens on address, and has serve take connections in the background.
func (e *Emulator) listen(
	address, scheme string,
	serve func(*http.Server, net.Listener) error,
) (*Server, error) {
	if address == "" {
		address = "127.0.0.1:0"
	}
	listeners, err := openListeners(address)
	if err != nil {
		return nil, fmt.Errorf(
			"emulator: cannot listen on %q: %w (give HOST:PORT of this machine; port 0 takes any that is free)",
			address,
			err,
		)
	}
	return e.serve(listeners, scheme, serve), nil
}

// serve has serve take connections from listeners in the background.
func (e *Emulator) serve(
	listeners []net.Listener,
	scheme string,
	serve func(*http.Server, net.Listener) error,
) *Server {
	requests, endRequests := context.WithCancel(context.Background())
	s := &Server{
		URL: scheme + "://" + reachable(listeners),
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
		served:      make(chan error, len(listeners)),
		listeners:   len(listeners),
		endRequests: endRequests,
	}
	s.http.ConnState = s.unused.follow
	s.close = sync.OnceValue(s.shutDown)
	for _, listener := range listeners {
		go func() { s.served <- serve(s.http, listener) }()
	}
	return s
}

// Close stops listening, ends the delays of faults, waits at most 5 seconds for requests in flight,
// and closes all connections. The emulator and its sessions are not affected. It is an error if
// connections in use were cut off, or if the server had stopped by itself. A second Close returns
// what the first did. After Close no goroutine of the server runs, except for a request that was
// cut off while a [Backend] or another function of the caller holds it.
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
	for range s.listeners {
		if served := <-s.served; !errors.Is(served, http.ErrServerClosed) {
			err = errors.Join(err, fmt.Errorf("emulator: the server had stopped: %w", served))
		}
	}
	return err
}

// unusedConnections are those without a request yet. Browsers and HTTP clients open some in
// advance, and the shutdown of net/http would wait for their first request.
type unusedConnections struct {
	mu      sync.Mutex
	open    map[net.Conn]struct{}
	closing bool
}

// follow is the server's ConnState hook.
func (u *unusedConnections) follow(connection net.Conn, state http.ConnState) {
	u.mu.Lock()
	defer u.mu.Unlock()
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
	u.mu.Lock()
	defer u.mu.Unlock()
	u.closing = true
	for connection := range u.open {
		_ = connection.Close()
	}
}

const localhost = "localhost"

// maxPortTries is how many free ports are tried until one is free for both families.
const maxPortTries = 20

// openListeners listens on an address; for localhost on both loopback addresses. The name is not
// looked up: systems say different things about it, often only one of the two.
func openListeners(address string) ([]net.Listener, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil || !strings.EqualFold(host, localhost) {
		listener, err := net.Listen("tcp", address)
		return []net.Listener{listener}, err
	}
	for try := 1; ; try++ {
		listeners, err := openLoopback(port)
		if err == nil || port != "0" || try == maxPortTries {
			return listeners, err
		}
	}
}

// openLoopback listens on 127.0.0.1 and ::1 with the same port, or on the one of them that this
// machine has.
func openLoopback(port string) ([]net.Listener, error) {
	four, err := net.Listen("tcp4", net.JoinHostPort("127.0.0.1", port))
	if err != nil {
		if !absent("127.0.0.1") {
			return nil, err
		}
		six, err := net.Listen("tcp6", net.JoinHostPort("::1", port))
		return []net.Listener{six}, err
	}
	if tcp, ok := four.Addr().(*net.TCPAddr); ok {
		port = strconv.Itoa(tcp.Port)
	}
	six, err := net.Listen("tcp6", net.JoinHostPort("::1", port))
	switch {
	case err == nil:
		return []net.Listener{four, six}, nil
	case absent("::1"):
		return []net.Listener{four}, nil
	}
	return nil, errors.Join(err, four.Close())
}

// absent reports whether this machine does not have an address: not even a free port of it can be
// listened on.
func absent(ip string) bool {
	listener, err := net.Listen("tcp", net.JoinHostPort(ip, "0"))
	if err != nil {
		return true
	}
	_ = listener.Close()
	return false
}

// reachable returns the address for clients on this machine.
func reachable(listeners []net.Listener) string {
	tcp, ok := listeners[0].Addr().(*net.TCPAddr)
	switch {
	case !ok:
		return listeners[0].Addr().String()
	case len(listeners) > 1:
		return net.JoinHostPort(localhost, strconv.Itoa(tcp.Port))
	case tcp.IP.IsUnspecified():
		return net.JoinHostPort("127.0.0.1", strconv.Itoa(tcp.Port))
	}
	return tcp.String()
}
