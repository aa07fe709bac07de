// SPDX-License-Identifier: MIT

package faultproxy

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
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
	acceptor
	answer func(target string) ConnectAnswer
	asked  atomic.Int64
}

// ListenConnect starts an HTTP proxy on a free port of loopback.
//   - answer says what happens to a request to connect to target, "HOST:PORT". Nil means that every
//     request gets its tunnel. It may be called by several goroutines at once
func ListenConnect(answer func(target string) ConnectAnswer) (*ConnectProxy, error) {
	p := &ConnectProxy{answer: answer}
	if err := p.start(func(int) func(net.Conn) { return p.serve }); err != nil {
		return nil, err
	}
	return p, nil
}

// URL returns the address for the Proxy field of a transport.
func (p *ConnectProxy) URL() *url.URL {
	return &url.URL{Scheme: "http", Host: p.listener.Addr().String()}
}

// Asked returns how many CONNECT requests there were.
func (p *ConnectProxy) Asked() int { return int(p.asked.Load()) }

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
	p.asked.Add(1)
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
