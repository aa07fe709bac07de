// SPDX-License-Identifier: MIT

package transport

import (
	"context"
	"net"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync"
	"unicode"

	"github.com/arr-go/azremoterendering/internal/naming"
)

// connection is what the transport tells of the connection of one try. A transport may tell it from
// goroutines of its own, also late; then the try counts as sent, which is the careful answer.
type connection struct {
	mu       sync.Mutex
	standard bool   // the transport is the default one, which uses the proxy of the environment
	traced   bool   // the transport asked for a connection, and so it traces
	got      bool   // it got one: the request may have been written
	hop      string // host and port that it connects to: those of a proxy, if there is one
}

func (c *connection) trace(ctx context.Context) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GetConn: func(hop string) {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.traced, c.hop = true, hop
		},
		GotConn: func(httptrace.GotConnInfo) {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.traced, c.got = true, true
		},
	})
}

// reset begins a try. standard says that the transport is the default one. That traces, so no trace
// means that it did not get as far as asking for a connection.
func (c *connection) reset(standard bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.standard, c.traced, c.got, c.hop = standard, standard, false, ""
}

func (c *connection) seen() (traced, got bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.traced, c.got
}

// explain names the proxy in an error of a try that got no connection through one.
func (c *connection) explain(target *url.URL, err error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.got:
		return err
	case c.throughProxy(target):
		return asProxyError(c.hop, err)
	case c.standard:
		return withUnusedProxy(target, err)
	default:
		return err
	}
}

// throughProxy reports whether the transport asked for a connection to another host than that of
// the request. The lock is held.
func (c *connection) throughProxy(target *url.URL) bool {
	direct := net.JoinHostPort(target.Hostname(), naming.Port(target))
	// The transport spells a host with other characters than ASCII in Punycode.
	return c.hop != "" && c.hop != direct && !strings.ContainsFunc(direct, notASCII)
}

// answering returns the proxy that an answer may come from instead of the service: one that sees
// requests, because they are not encrypted.
func (c *connection) answering(target *url.URL) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if target.Scheme != "http" || !c.throughProxy(target) {
		return ""
	}
	return c.hop
}

func notASCII(r rune) bool { return r > unicode.MaxASCII }
