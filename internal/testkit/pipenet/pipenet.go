// SPDX-License-Identifier: MIT

// Package pipenet is a network in memory, for tests: a listener whose connections are [net.Pipe]s.
// Inside a bubble of testing/synctest, servers and clients on it meet their timeouts in virtual
// time.
package pipenet

import (
	"context"
	"net"
	"sync"
)

// Listener is a [net.Listener]. Create one with [Listen].
type Listener struct {
	connections chan net.Conn
	closed      chan struct{}
	once        sync.Once
}

// Listen returns a new listener.
func Listen() *Listener {
	return &Listener{connections: make(chan net.Conn), closed: make(chan struct{})}
}

// Dial connects to the listener. It blocks until the connection is accepted.
func (l *Listener) Dial(ctx context.Context) (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case l.connections <- server:
		return client, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

// DialContext is Dial in the form that [net/http.Transport] wants.
func (l *Listener) DialContext(ctx context.Context, _, _ string) (net.Conn, error) {
	return l.Dial(ctx)
}

// Accept implements [net.Listener], as do the methods below it.
func (l *Listener) Accept() (net.Conn, error) {
	select {
	case connection := <-l.connections:
		return connection, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

// Close is part of [net.Listener].
func (l *Listener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

// Addr is part of [net.Listener].
func (l *Listener) Addr() net.Addr { return address{} }

type address struct{}

func (address) Network() string { return "pipe" }
func (address) String() string  { return "pipe" }
