// SPDX-License-Identifier: MIT

// Package testkit has what the tests of several packages need: a transport that a test directs,
// answers of a service, and credentials. Only tests import it.
package testkit

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
)

// Wire is a transport between a client and a service. It records requests, and a test can make it
// delay, break or answer them. It is safe for concurrent use.
type Wire struct {
	// Next is the service.
	Next policy.Transporter
	// Meet handles the requests. If it is nil, they go to Next. Once requests are sent, use
	// [Wire.Handle] to change it.
	Meet Handler

	mu   sync.Mutex
	sent []string
}

// Handler handles a request. forward sends it to the service.
type Handler = func(req *http.Request, forward Forward) (*http.Response, error)

// Forward sends a request to the service.
type Forward = func() (*http.Response, error)

// ErrLost is what a broken connection looks like to a client.
var ErrLost = errors.New("connection reset by peer")

// LoseAnswer is a [Handler] that lets a request take effect and drops the answer.
func LoseAnswer(_ *http.Request, forward Forward) (*http.Response, error) {
	if _, err := forward(); err != nil {
		return nil, err
	}
	return nil, ErrLost
}

// Do implements [policy.Transporter].
func (w *Wire) Do(req *http.Request) (*http.Response, error) {
	w.mu.Lock()
	w.sent = append(w.sent, Name(req))
	meet := w.Meet
	w.mu.Unlock()
	forward := func() (*http.Response, error) { return w.Next.Do(req) }
	if meet == nil {
		return forward()
	}
	return meet(req, forward)
}

// RoundTrip implements [http.RoundTripper].
func (w *Wire) RoundTrip(req *http.Request) (*http.Response, error) { return w.Do(req) }

// Name returns the name of a request: "STS" for a token exchange, "LIST", or the method and what
// follows the collection of sessions or conversions, such as "PUT demo" or "POST demo/:stop".
func Name(req *http.Request) string {
	_, id, one := strings.Cut(req.URL.Path, "/sessions/")
	if !one {
		_, id, one = strings.Cut(req.URL.Path, "/conversions/")
	}
	switch {
	case IsExchange(req):
		return "STS"
	case one:
		return req.Method + " " + id
	default:
		return "LIST"
	}
}

// IsExchange reports whether a request is a token exchange.
func IsExchange(req *http.Request) bool { return strings.HasSuffix(req.URL.Path, "/token") }

// Handle makes h handle the requests from now on.
func (w *Wire) Handle(h Handler) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.Meet = h
}

// OnCall makes h handle the n-th request of a name from now on, counted from 1. All others go to
// the service.
func (w *Wire) OnCall(name string, n int, h Handler) {
	var mu sync.Mutex
	seen := 0
	w.Handle(func(req *http.Request, forward Forward) (*http.Response, error) {
		if Name(req) != name {
			return forward()
		}
		mu.Lock()
		seen++
		hit := seen == n
		mu.Unlock()
		if hit {
			return h(req, forward)
		}
		return forward()
	})
}

// Sent returns the names of all requests, in order.
func (w *Wire) Sent() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.sent)
}

// Requests returns the names of all requests but token exchanges, in order.
func (w *Wire) Requests() []string {
	return slices.DeleteFunc(w.Sent(), func(name string) bool { return name == "STS" })
}

// Count returns how many requests had a name.
func (w *Wire) Count(name string) (n int) {
	for _, sent := range w.Sent() {
		if sent == name {
			n++
		}
	}
	return n
}
