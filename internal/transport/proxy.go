// SPDX-License-Identifier: MIT

package transport

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/arr-go/azremoterendering/internal/text"
)

// ProxyError means that a proxy did not open a connection to the service. Nothing was sent to the
// service.
type ProxyError struct {
	// Proxy is host and port of the proxy.
	Proxy string
	// StatusCode is the answer of the proxy to CONNECT. It is 0 if there was none, or if the
	// transport does not tell.
	StatusCode int

	err error // nil if StatusCode says it all
}

func asProxyError(proxy string, err error) error {
	if _, ok := errors.AsType[*ProxyError](err); ok {
		return err
	}
	return &ProxyError{Proxy: proxy, err: err}
}

// Error names the proxy and what to do.
func (e *ProxyError) Error() string {
	line := "no connection through the proxy " + text.OneLine(e.Proxy)
	if e.StatusCode != 0 {
		line += fmt.Sprintf(": it answered %d %s", e.StatusCode, http.StatusText(e.StatusCode))
	} else {
		line += ": " + e.err.Error()
	}
	return line + "; " + e.Advice()
}

// Advice says what to do.
func (e *ProxyError) Advice() string {
	if e.StatusCode == http.StatusProxyAuthRequired {
		return "put the user name and password of the proxy into HTTPS_PROXY, " +
			"or name the host of the service in NO_PROXY"
	}
	return "check HTTPS_PROXY, or name the host of the service in NO_PROXY"
}

// Unwrap returns the error of the transport, if there is one.
func (e *ProxyError) Unwrap() error { return e.err }

// Refused reports whether the proxy refused for a reason that does not pass by itself.
func (e *ProxyError) Refused() bool {
	return e.StatusCode >= 400 && !IsTransient(e.StatusCode)
}

// refusedByProxy is a refusal that azcore does not retry.
type refusedByProxy struct{ *ProxyError }

// NonRetriable tells azcore not to retry.
func (refusedByProxy) NonRetriable() {}

// Unwrap returns the ProxyError.
func (e refusedByProxy) Unwrap() error { return e.ProxyError }

// checkProxyAnswer keeps the status with which a proxy refuses CONNECT. [http.Transport] alone
// returns nothing but the words of the status line.
func checkProxyAnswer(
	_ context.Context,
	proxy *url.URL,
	_ *http.Request,
	answer *http.Response,
) error {
	if answer.StatusCode == http.StatusOK {
		return nil
	}
	e := &ProxyError{Proxy: proxy.Host, StatusCode: answer.StatusCode}
	if e.Refused() {
		return refusedByProxy{e}
	}
	return e
}
