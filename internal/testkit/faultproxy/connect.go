// SPDX-License-Identifier: MIT

package faultproxy

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
)

// ConnectAnswer is what a [ConnectProxy] does with a CONNECT request. The zero value tunnels.
type ConnectAnswer struct {
	// Status is answered instead of tunnelling, such as 403 or 407.
	Status int
	// Header is sent with Status.
	Header http.Header
	// Hang keeps the client waiting until it leaves or the proxy is closed.
	Hang bool
}

// ConnectProxy is an HTTP proxy for https addresses.
type ConnectProxy struct {
	listener net.Listener
	answer   func(target string) ConnectAnswer
	work     sync.WaitGroup
	ctx      context.Context // ended by Close
	end      context.CancelFunc

	mu    sync.Mutex
	open  map[net.Conn]struct{}
	asked int
	ended bool
}

// ListenConnect starts an HTTP proxy on a free port of loopback.
//   - answer says what happens to a request to connect to target, "HOST:PORT". Nil means that every
//     request gets its tunnel. It may be called by several goroutines at once
func ListenConnect(answer func(target string) ConnectAnswer) (*ConnectProxy, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	ctx, end := context.WithCancel(context.Background())
	p := &ConnectProxy{
		listener: listener,
		answer:   answer,
		ctx:      ctx,
		end:      end,
		open:     make(map[net.Conn]struct{}),
	}
	p.work.Go(p.accept)
	return p, nil
}

// URL returns the address for the Proxy field of a transport.
func (p *ConnectProxy) URL() *url.URL {
	return &url.URL{Scheme: "http", Host: p.listener.Addr().String()}
}

// Asked returns how many CONNECT requests there were.
func (p *ConnectProxy) Asked() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.asked
}

// Close ends the proxy and all tunnels. No goroutine of it is left when it returns.
func (p *ConnectProxy) Close() error {
	p.mu.Lock()
	p.ended = true
	p.end()
	for conn := range p.open {
		reset(conn)
	}
	p.mu.Unlock()
	err := p.listener.Close()
	p.work.Wait()
	return err
}

func (p *ConnectProxy) accept() {
	for {
		conn, err := p.listener.Accept()
		if err != nil {
			return
		}
		if !p.adopt(conn) {
			return
		}
		p.work.Go(func() {
			defer p.drop(conn)
			p.serve(conn)
		})
	}
}

func (p *ConnectProxy) adopt(conn net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ended {
		reset(conn)
		return false
	}
	p.open[conn] = struct{}{}
	return true
}

func (p *ConnectProxy) drop(conn net.Conn) {
	p.mu.Lock()
	delete(p.open, conn)
	p.mu.Unlock()
	_ = conn.Close()
}

func (p *ConnectProxy) serve(client net.Conn) {
	reader := bufio.NewReader(client)
	req, err := http.ReadRequest(reader)
	if err != nil {
		return
	}
	if req.Method != http.MethodConnect {
		_, _ = io.WriteString(client, "HTTP/1.1 405 Method Not Allowed\r\nContent-Length: 0\r\n\r\n")
		return
	}
	p.mu.Lock()
	p.asked++
	p.mu.Unlock()
	var answer ConnectAnswer
	if p.answer != nil {
		answer = p.answer(req.Host)
	}
	switch {
	case answer.Hang:
		_, _ = io.Copy(io.Discard, client)
	case answer.Status != 0:
		var header strings.Builder
		_ = answer.Header.Write(&header)
		_, _ = fmt.Fprintf(client, "HTTP/1.1 %d %s\r\n%sContent-Length: 0\r\n\r\n",
			answer.Status, http.StatusText(answer.Status), header.String())
	default:
		p.tunnel(client, reader, req.Host)
	}
}

func (p *ConnectProxy) tunnel(client net.Conn, reader io.Reader, target string) {
	server, err := (&net.Dialer{}).DialContext(p.ctx, "tcp", target)
	if err != nil {
		_, _ = io.WriteString(client, "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
		return
	}
	if !p.adopt(server) {
		return
	}
	defer p.drop(server)
	_, _ = io.WriteString(client, "HTTP/1.1 200 Connection established\r\n\r\n")
	var directions sync.WaitGroup
	directions.Go(func() {
		_, _ = io.Copy(server, reader)
		closeWrite(server)
	})
	directions.Go(func() {
		_, _ = io.Copy(client, server)
		closeWrite(client)
	})
	directions.Wait()
}
