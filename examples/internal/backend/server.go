// SPDX-License-Identifier: MIT

package backend

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// Server is where devices reach the service.
type Server struct {
	Listener          net.Listener
	certFile, keyFile string
}

// Listen opens the address. An address that other machines can reach is opened with TLS only: what
// passes there opens the account.
func Listen(address, certFile, keyFile string) (*Server, error) {
	if (certFile == "") != (keyFile == "") {
		return nil, errors.New("-tls-cert and -tls-key go together: give both, or neither")
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf(
			"cannot listen: %w (-listen takes HOST:PORT of this machine; port 0 is any that is free)",
			err,
		)
	}
	if ip, ok := listener.Addr().(*net.TCPAddr); certFile == "" && !(ok && ip.IP.IsLoopback()) {
		_ = listener.Close()
		return nil, fmt.Errorf("%s can be reached by other machines: give -tls-cert and -tls-key, "+
			"or listen on 127.0.0.1 behind a proxy that terminates TLS", address)
	}
	return &Server{Listener: listener, certFile: certFile, keyFile: keyFile}, nil
}

// URL is the address of the server.
func (s *Server) URL() string {
	scheme := "http://"
	if s.certFile != "" {
		scheme = "https://"
	}
	return scheme + s.Listener.Addr().String()
}

// Serve answers requests until ctx ends, and then those that are in flight. No request takes longer
// than longest.
func (s *Server) Serve(
	ctx context.Context,
	handler http.Handler,
	longest time.Duration,
	log *slog.Logger,
) error {
	h := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      longest + 10*time.Second,
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
	failed := make(chan error, 1)
	go func() {
		if s.certFile != "" {
			failed <- h.ServeTLS(s.Listener, s.certFile, s.keyFile)
		} else {
			failed <- h.Serve(s.Listener)
		}
	}()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	log.Info("shutting down")
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), longest+5*time.Second)
	defer cancel()
	if err := h.Shutdown(ctx); err != nil {
		return errors.Join(err, h.Close())
	}
	return nil
}
