// SPDX-License-Identifier: MIT

package faultproxy

import (
	"context"
	"net"
	"sync"
)

// acceptor is what both proxies have in common: a listener on loopback and the connections that are
// open.
type acceptor struct {
	listener net.Listener
	work     sync.WaitGroup
	ctx      context.Context // ended by Close
	end      context.CancelFunc

	mu    sync.Mutex
	open  map[net.Conn]struct{}
	ended bool
}

// start listens on a free port. handler returns the handler of the n-th connection, counted from 0,
// which runs in a goroutine of its own. It is called by one goroutine at a time.
func (a *acceptor) start(handler func(n int) func(net.Conn)) (err error) {
	if a.listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		return err
	}
	a.ctx, a.end = context.WithCancel(context.Background())
	a.open = make(map[net.Conn]struct{})
	a.work.Go(func() {
		for n := 0; ; n++ {
			conn, err := a.listener.Accept()
			if err != nil {
				return
			}
			handle := handler(n)
			if !a.adopt(conn) {
				return
			}
			a.work.Go(func() {
				defer a.drop(conn)
				handle(conn)
			})
		}
	})
	return nil
}

// adopt notes an open connection, and reports whether the proxy still runs.
func (a *acceptor) adopt(conn net.Conn) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.ended {
		reset(conn)
		return false
	}
	a.open[conn] = struct{}{}
	return true
}

func (a *acceptor) drop(conn net.Conn) {
	a.mu.Lock()
	delete(a.open, conn)
	a.mu.Unlock()
	_ = conn.Close()
}

// Disconnect resets all connections that are open. The proxy goes on.
func (a *acceptor) Disconnect() {
	a.mu.Lock()
	defer a.mu.Unlock()
	for conn := range a.open {
		reset(conn)
	}
}

// Close resets all connections and ends the proxy. No goroutine of it is left when it returns.
func (a *acceptor) Close() error {
	a.mu.Lock()
	first := !a.ended
	a.ended = true
	a.mu.Unlock()
	var err error
	if first {
		a.end()
		err = a.listener.Close()
		a.Disconnect()
	}
	a.work.Wait()
	return err
}
