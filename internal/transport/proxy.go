// SPDX-License-Identifier: MIT

package transport

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"

	"github.com/arr-go/azremoterendering/internal/text"
)

// ProxyError means that a proxy did not open a connection to the service. Nothing was sent to the
// service.
type ProxyError struct {
	// Proxy is host and port of the proxy. It is empty if the setting of the proxy has none.
	Proxy string
	// StatusCode is the answer of the proxy to CONNECT. It is 0 if there was none, or if the
	// transport does not tell.
	StatusCode int

	err    error  // nil if StatusCode says it all
	advice string // "" means that StatusCode decides
}

func asProxyError(proxy string, err error) error {
	if _, ok := errors.AsType[*ProxyError](err); ok {
		return err
	}
	return &ProxyError{Proxy: proxy, err: err}
}

// Error names the proxy and what to do.
func (e *ProxyError) Error() string {
	if e.Proxy == "" {
		return e.err.Error() + "; " + e.Advice()
	}
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
	what := e.advice
	switch {
	case what != "":
	case e.StatusCode == http.StatusProxyAuthRequired:
		what = "put the user name and password of the proxy into HTTPS_PROXY"
	case isUntrusted(e.err):
		what = "if the proxy reads TLS, add its certificate authority to those that this machine trusts"
	default:
		what = "check HTTPS_PROXY"
	}
	return what + ", or name the host of the service in NO_PROXY"
}

func isUntrusted(err error) bool {
	_, ok := errors.AsType[*tls.CertificateVerificationError](err)
	return ok
}

// Unwrap returns the error of the transport, if there is one.
func (e *ProxyError) Unwrap() error { return e.err }

// Refused reports whether the proxy refused for a reason that does not pass by itself.
func (e *ProxyError) Refused() bool {
	return e.Proxy == "" || e.StatusCode >= 400 && !IsTransient(e.StatusCode)
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
	if e.StatusCode == http.StatusProxyAuthRequired {
		e.advice = signInAdvice(proxy, answer.Header.Values("Proxy-Authenticate"))
	}
	if e.Refused() {
		return refusedByProxy{e}
	}
	return e
}

// signInAdvice says what to do about a 407. net/http signs in at proxies with Basic and nothing
// else.
func signInAdvice(proxy *url.URL, challenges []string) string {
	var schemes []string
	for _, challenge := range challenges {
		scheme, _, _ := strings.Cut(strings.TrimSpace(challenge), " ")
		schemes = append(schemes, strings.TrimSuffix(scheme, ","))
	}
	all := strings.Join(schemes, " and ")
	switch {
	case all != "" && !strings.Contains(strings.ToLower(strings.Join(challenges, " ")), "basic"):
		return "it accepts " + text.OneLine(all) + " only, and this program can sign in with Basic: " +
			"put a local proxy that knows it in between, such as px or cntlm"
	case proxy.User != nil:
		return "it does not accept the user name and password in HTTPS_PROXY: correct them, " +
			"with special characters as %XX"
	default:
		return ""
	}
}

// unusedProxyError is a failure to connect without a proxy, although one is set: net/http passes over
// a setting that it cannot read, in silence.
type unusedProxyError struct {
	setting string
	err     error
}

func (e *unusedProxyError) Error() string { return e.err.Error() + "; " + e.note() }
func (e *unusedProxyError) Unwrap() error { return e.err }

func (e *unusedProxyError) note() string {
	return e.setting + " is not used, because it is not the address of a proxy: " +
		"write special characters of user name and password as %XX"
}

// withUnusedProxy adds to a failure to connect that the setting of a proxy cannot be read, if that
// is so.
func withUnusedProxy(target *url.URL, err error) error {
	setting := strings.ToUpper(target.Scheme) + "_PROXY"
	value := cmp.Or(os.Getenv(setting), os.Getenv(strings.ToLower(setting)))
	if value == "" {
		return err
	}
	// as net/http reads it
	for _, address := range []string{value, "http://" + value} {
		if proxy, unread := url.Parse(address); unread == nil && proxy.Scheme != "" && proxy.Host != "" {
			return err
		}
	}
	return &unusedProxyError{setting, err}
}

// readableProxy returns a function like the one given, whose errors do not quote the address of the
// proxy: that may contain a password.
func readableProxy(
	proxy func(*http.Request) (*url.URL, error),
) func(*http.Request) (*url.URL, error) {
	if proxy == nil {
		return nil
	}
	return func(req *http.Request) (*url.URL, error) {
		address, err := proxy(req)
		if err == nil {
			return address, nil
		}
		setting := strings.ToUpper(req.URL.Scheme) + "_PROXY"
		return nil, refusedByProxy{&ProxyError{
			err:    fmt.Errorf("the address of the proxy, %s, cannot be read", setting),
			advice: "correct " + setting + ", with special characters of user name and password as %XX",
		}}
	}
}
