// SPDX-License-Identifier: MIT

// Package faultproxy breaks TCP connections on purpose, for tests: a [Proxy] stands between a
// client and a server and resets, stalls, delays, cuts off or half-closes what passes through it; a
// [ConnectProxy] is an HTTP proxy that refuses, hangs or tunnels. Both listen on loopback, and
// their Close returns when no goroutine of theirs is left.
package faultproxy

import (
	"errors"
	"io"
	"net"
	"sync"
	"time"
)

// Action is what a [Fault] does to a connection.
type Action int

const (
	// Pass does nothing.
	Pass Action = iota
	// Reset aborts the connections to both sides with RST.
	Reset
	// Close ends the connections to both sides with FIN: what was on its way is cut off.
	Close
	// HalfClose ends the direction of the fault with FIN. The other direction goes on.
	HalfClose
	// Stall discards what follows in the direction of the fault, and resets after [Fault.For].
	Stall
	// Garbage sends [Fault.Data] to the client and ends both connections.
	Garbage
)

// String returns the name of the action.
func (a Action) String() string {
	return [...]string{"pass", "reset", "close", "half-close", "stall", "garbage"}[a]
}

// Fault is what happens in one direction of a connection. The zero value passes everything.
type Fault struct {
	Action Action
	// After is how many bytes pass first. The fault takes effect when one more arrives.
	After int64
	// AtOnce lets the fault take effect when the connection is accepted. After is not used then.
	AtOnce bool
	// Armed, if not nil, says whether the fault may take effect yet. It is asked at each read.
	Armed func() bool
	// For is how long a stall lasts. 0 means until a side leaves or the proxy is closed.
	For time.Duration
	// Data is what Garbage sends.
	Data []byte
	// Delay is how long each read waits before it is passed on.
	Delay time.Duration
}

// Plan is what happens to one connection.
type Plan struct {
	// Request is for what the client sends, Answer for what the server sends.
	Request, Answer Fault
	// OnFault, if not nil, is called when an action other than Pass takes effect.
	OnFault func(Action)
}

// Proxy passes TCP connections on to one address, and breaks them as planned.
type Proxy struct {
	acceptor
	upstream string
	plan     func(n int) Plan
	counts   map[Action]int // guarded by mu
}

// Listen starts a proxy on a free port of loopback. Every connection to it is passed on to
// upstream, "HOST:PORT". If upstream does not accept it, the client's connection is reset.
//   - plan says what happens to the n-th connection, counted from 0. Nil means that nothing does.
//     It is called by one goroutine at a time
func Listen(upstream string, plan func(n int) Plan) (*Proxy, error) {
	p := &Proxy{upstream: upstream, plan: plan, counts: make(map[Action]int)}
	if err := p.start(p.handler); err != nil {
		return nil, err
	}
	return p, nil
}

// Addr returns the address of the proxy, "HOST:PORT".
func (p *Proxy) Addr() string { return p.listener.Addr().String() }

// Counts returns how often each action took effect.
func (p *Proxy) Counts() map[string]int {
	p.mu.Lock()
	defer p.mu.Unlock()
	counts := make(map[string]int)
	for action, n := range p.counts {
		counts[action.String()] = n
	}
	return counts
}

func (p *Proxy) handler(n int) func(net.Conn) {
	var plan Plan
	if p.plan != nil {
		plan = p.plan(n)
	}
	return func(client net.Conn) { p.serve(client, plan) }
}

func (p *Proxy) serve(client net.Conn, plan Plan) {
	server, err := (&net.Dialer{}).DialContext(p.ctx, "tcp", p.upstream)
	if err != nil {
		reset(client)
		return
	}
	if !p.adopt(server) {
		return
	}
	defer p.drop(server)
	c := &connection{proxy: p, client: client, server: server, plan: plan, over: make(chan struct{})}
	var directions sync.WaitGroup
	directions.Go(func() { c.pass(server, client, plan.Request) })
	directions.Go(func() { c.pass(client, server, plan.Answer) })
	directions.Wait()
}

// connection is one client and its server.
type connection struct {
	proxy          *Proxy
	client, server net.Conn
	plan           Plan
	once           sync.Once
	over           chan struct{} // closed when both sides are to end
}

// end ends both sides.
func (c *connection) end(how func(net.Conn)) {
	c.once.Do(func() { close(c.over) })
	how(c.client)
	how(c.server)
}

// pass copies one direction until its end or its fault.
func (c *connection) pass(to, from net.Conn, fault Fault) {
	if fault.AtOnce && fault.Action != Pass {
		c.apply(to, from, fault)
		return
	}
	var passed int64
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		data := buffer[:n]
		if fault.Action != Pass && passed+int64(n) > fault.After && n > 0 &&
			(fault.Armed == nil || fault.Armed()) {
			if before := max(fault.After-passed, 0); before > 0 {
				_, _ = to.Write(data[:before])
			}
			c.apply(to, from, fault)
			return
		}
		passed += int64(n)
		if n > 0 && !c.wait(fault.Delay) {
			return
		}
		if _, werr := to.Write(data); werr != nil {
			c.end(reset)
			return
		}
		if err != nil {
			c.ended(to, err)
			return
		}
	}
}

// ended passes the end of a direction on.
func (c *connection) ended(to net.Conn, err error) {
	if errors.Is(err, io.EOF) {
		closeWrite(to)
		return
	}
	c.end(reset)
}

func (c *connection) apply(to, from net.Conn, fault Fault) {
	c.proxy.mu.Lock()
	c.proxy.counts[fault.Action]++
	c.proxy.mu.Unlock()
	if c.plan.OnFault != nil {
		c.plan.OnFault(fault.Action)
	}
	switch fault.Action {
	case Reset:
		c.end(reset)
	case Close:
		c.end(closeBoth)
	case HalfClose:
		closeWrite(to)
		_, _ = io.Copy(io.Discard, from)
	case Stall:
		c.stall(from, fault.For)
	case Garbage:
		_, _ = c.client.Write(fault.Data)
		c.end(closeBoth)
	}
}

// stall discards what one direction sends, for a time.
func (c *connection) stall(from net.Conn, d time.Duration) {
	if d > 0 {
		_ = from.SetReadDeadline(time.Now().Add(d))
	}
	_, _ = io.Copy(io.Discard, from)
	c.end(reset)
}

// wait waits, and reports whether the connection goes on.
func (c *connection) wait(d time.Duration) bool {
	if d <= 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-c.over:
	case <-c.proxy.ctx.Done():
	}
	return false
}

// reset makes the close of a connection an abort.
func reset(conn net.Conn) {
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}

func closeBoth(conn net.Conn) { _ = conn.Close() }

func closeWrite(conn net.Conn) {
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.CloseWrite()
	}
}
