// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"mime"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"sync"
	"syscall"
	"time"

	"github.com/arr-go/azremoterendering/internal/text"
	"github.com/arr-go/azremoterendering/internal/transport"
)

// passage is what became of a request without credentials: how far it came, and what was answered.
type passage struct {
	host     string
	secure   bool
	proxy    *url.URL
	proxyErr error

	mu         sync.Mutex
	resolved   []net.IPAddr
	resolveErr error
	connected  string // the address
	dialErr    error
	tunnelled  bool // the proxy has opened a connection
	handshake  *tls.ConnectionState
	took       map[string]time.Duration

	answer *http.Response
	html   bool
	skew   time.Duration // of this machine's clock, ahead of the service
	dated  bool
	err    error
}

// send sends the request through a transport like that of the client, and traces it.
func send(ctx context.Context, caFile, address string) (*passage, error) {
	through, err := trustingTransport(caFile)
	if err != nil {
		return nil, err
	}
	if through == nil {
		through = transport.Standard()
	}
	through.DisableKeepAlives = true
	ctx, cancel := context.WithTimeout(ctx, doctorTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	p := &passage{
		host: req.URL.Host, secure: req.URL.Scheme == "https", took: make(map[string]time.Duration),
	}
	p.proxy, p.proxyErr = through.Proxy(req)
	if p.proxy == nil && p.proxyErr == nil {
		p.proxyErr = unreadableProxy(req.URL.Scheme)
	}
	asked := through.OnProxyConnectResponse
	through.OnProxyConnectResponse = func(
		ctx context.Context, proxy *url.URL, req *http.Request, answer *http.Response,
	) error {
		err := asked(ctx, proxy, req, answer)
		p.mu.Lock()
		defer p.mu.Unlock()
		p.tunnelled = err == nil
		return err
	}
	p.send(through, req.WithContext(httptrace.WithClientTrace(ctx, p.trace())))
	return p, nil
}

func (p *passage) send(through http.RoundTripper, req *http.Request) {
	began := time.Now()
	resp, err := through.RoundTrip(req)
	p.mu.Lock() // a dial that is still under way may report
	defer p.mu.Unlock()
	p.took["http"] = time.Since(began)
	if p.err = err; err != nil {
		return
	}
	defer resp.Body.Close()
	_, _ = io.CopyN(io.Discard, resp.Body, 64<<10)
	p.answer = resp
	kind, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	p.html = kind == "text/html"
	if date, err := http.ParseTime(resp.Header.Get("Date")); err == nil {
		middle := began.Add(p.took["http"] / 2)
		p.skew, p.dated = middle.Sub(date).Round(time.Second), true
	}
}

// trace notes what happens to the request. Several addresses may be dialled at a time.
func (p *passage) trace() *httptrace.ClientTrace {
	began := make(map[string]time.Time)
	note := func(what func()) {
		p.mu.Lock()
		defer p.mu.Unlock()
		what()
	}
	start := func(step string) { note(func() { began[step] = time.Now() }) }
	return &httptrace.ClientTrace{
		DNSStart: func(httptrace.DNSStartInfo) { start("name-resolution") },
		DNSDone: func(info httptrace.DNSDoneInfo) {
			note(func() {
				p.resolved, p.resolveErr = info.Addrs, info.Err
				p.took["name-resolution"] = time.Since(began["name-resolution"])
			})
		},
		ConnectStart: func(string, string) { start("tcp") },
		ConnectDone: func(_, address string, err error) {
			note(func() {
				p.took["tcp"] = time.Since(began["tcp"])
				if err == nil {
					p.connected = address
				} else if p.dialErr == nil {
					p.dialErr = err
				}
			})
		},
		TLSHandshakeStart: func() { start("tls") },
		TLSHandshakeDone: func(state tls.ConnectionState, err error) {
			note(func() {
				p.took["tls"] = time.Since(began["tls"])
				if err == nil {
					p.handshake = &state
				}
			})
		},
	}
}

func hostname(host string) string {
	return (&url.URL{Host: host}).Hostname()
}

// innermost is the innermost text of an error of the network, without addresses that were said before.
func innermost(err error) string {
	if unknown, ok := errors.AsType[*net.DNSError](err); ok {
		return text.OneLine(unknown.Err)
	}
	if failed, ok := errors.AsType[*net.OpError](err); ok && failed.Err != nil {
		if system, ok := errors.AsType[syscall.Errno](failed.Err); ok {
			return system.Error()
		}
		return text.OneLine(failed.Err.Error())
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return "no answer within " + doctorTimeout.String()
	}
	return text.OneLine(err.Error())
}
