// SPDX-License-Identifier: MIT

package transport

import (
	"errors"
	"net"
	"net/http"
	"net/http/httptrace"
	"testing"

	"github.com/stretchr/testify/assert"
)

type transporter func(*http.Request) (*http.Response, error)

func (f transporter) Do(req *http.Request) (*http.Response, error) { return f(req) }

// What a transport traces is evidence; its error counts only if it traces nothing.
func TestWhetherARequestWasSent(t *testing.T) {
	dial := &net.OpError{Op: "dial", Err: errors.New("connection refused")}
	ask := func(trace *httptrace.ClientTrace) { trace.GetConn("rendering.example:443") }
	get := func(trace *httptrace.ClientTrace) { trace.GotConn(httptrace.GotConnInfo{}) }
	for name, c := range map[string]struct {
		traced  []func(*httptrace.ClientTrace)
		err     error
		unknown bool
	}{
		"no trace, an error of dialling":       {nil, dial, false},
		"no trace, any other error":            {nil, errors.New("broken"), true},
		"no connection":                        {[]func(*httptrace.ClientTrace){ask}, errors.New("broken"), false},
		"a connection":                         {[]func(*httptrace.ClientTrace){ask, get}, errors.New("broken"), true},
		"a connection, an error of dialling":   {[]func(*httptrace.ClientTrace){ask, get}, dial, true},
		"a connection that was not asked for":  {[]func(*httptrace.ClientTrace){get}, dial, true},
		"a second dial after a first that led": {[]func(*httptrace.ClientTrace){ask, get, ask}, dial, true},
	} {
		tries := NewTries(true)
		err := put(t, transporter(func(req *http.Request) (*http.Response, error) {
			for _, tell := range c.traced {
				tell(httptrace.ContextClientTrace(req.Context()))
			}
			return nil, c.err
		}), tries)
		assert.ErrorIs(t, err, c.err, name)
		assert.Equal(t, c.unknown, tries.OutcomeUnknown(0), name)
	}
}

func TestOneSentTryIsEnoughForDoubt(t *testing.T) {
	tries, n := NewTries(true), 0
	_ = put(t, transporter(func(req *http.Request) (*http.Response, error) {
		trace := httptrace.ContextClientTrace(req.Context())
		trace.GetConn("rendering.example:443")
		if n++; n == 1 {
			trace.GotConn(httptrace.GotConnInfo{})
		}
		return nil, errors.New("broken")
	}), tries)
	assert.Equal(t, 2, n)
	assert.True(t, tries.OutcomeUnknown(0))
}

type cutOff struct{}

func (cutOff) Read([]byte) (int, error) { return 0, errors.New("cut off") }
func (cutOff) Close() error             { return nil }

func TestAnswersWhoseBodyIsCutOff(t *testing.T) {
	for status, unknown := range map[int]bool{201: true, 409: false, 429: false, 503: true} {
		tries := NewTries(true)
		err := put(t, transporter(func(req *http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: status, Body: cutOff{}, Request: req}, nil
		}), tries)
		assert.ErrorContains(t, err, "cut off", status)
		assert.Equal(t, unknown, tries.OutcomeUnknown(0), status)
		assert.Equal(t, unknown, tries.Unreadable(), status)
	}
}

func TestTheHostOfTheServiceIsNoProxy(t *testing.T) {
	err := put(t, transporter(func(req *http.Request) (*http.Response, error) {
		httptrace.ContextClientTrace(req.Context()).GetConn(req.URL.Host + ":443")
		return nil, errors.New("broken")
	}), NewTries(true))
	var proxy *ProxyError
	assert.NotErrorAs(t, err, &proxy)
}
