// SPDX-License-Identifier: MIT

package emulator

import (
	"bytes"
	"crypto/sha256"
	_ "embed" // for the page
	"encoding/base64"
	"html/template"
	"net/http"
	"net/netip"
	"strconv"
)

const (
	pagePath         = "/"
	refreshParameter = "refresh" // "off" keeps the page as it is
)

var (
	//go:embed page.html
	pageSource string
	//go:embed page.css
	pageStyle string

	pageTemplate = template.Must(template.New("page").Parse(pageSource))
	pagePolicy   = contentSecurityPolicy(pageStyle)
)

// contentSecurityPolicy allows one style sheet, inline, and nothing else: no script, no connection,
// no frame, not even an icon.
func contentSecurityPolicy(style string) string {
	hash := sha256.Sum256([]byte(style))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(
		hash[:],
	) + "'; " +
		"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
}

// forPage reports whether the request is for the page, and not for the service. The page tells
// about all accounts without asking who looks. So a web site must not be able to read it through a
// name of its own that leads to this machine: only the names that the emulator is reached by have a
// page. And other machines see it only where they may use the administrative path too.
func (x *exchange) forPage() bool {
	host, _ := hostOf(x.request.Host)
	return x.request.URL.EscapedPath() == pagePath && ownHost(host, x.emulator.geography.domain) &&
		(x.emulator.admin || fromHere(x.request))
}

// fromHere reports whether a request comes from this machine. One that came over no socket of a
// server does.
func fromHere(r *http.Request) bool {
	if r.Context().Value(http.ServerContextKey) == nil {
		return true
	}
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	return err == nil && peer.Addr().Unmap().IsLoopback()
}

// showPage answers a request for the page.
func (x *exchange) showPage() answer {
	method := x.request.Method
	if method != http.MethodGet && method != http.MethodHead {
		return x.emulator.refuse(
			methodNotAllowed([]operation{{method: http.MethodGet}, {method: http.MethodHead}}),
		)
	}
	e := x.emulator
	view := newPageView(e.snapshot(), e.requests.recent(), e.pageFaults())
	view.Refresh = x.query.Get(refreshParameter) != "off"
	body, err := view.render()
	if err != nil {
		return e.refuse(internalServerError) // the template does not fail on values of this package
	}
	a := answer{status: http.StatusOK, header: pageHeader(), body: body}
	a.header.Set("Content-Length", strconv.Itoa(len(body)))
	if method == http.MethodHead {
		a.body = nil
	}
	return a
}

func pageHeader() http.Header {
	return http.Header{
		"Content-Type":                 {"text/html; charset=utf-8"},
		"Content-Security-Policy":      {pagePolicy},
		"Cache-Control":                {"no-store"},
		"Cross-Origin-Opener-Policy":   {"same-origin"},
		"Cross-Origin-Resource-Policy": {"same-origin"},
		"Referrer-Policy":              {"no-referrer"},
		"X-Content-Type-Options":       {"nosniff"},
		"X-Frame-Options":              {"DENY"},
	}
}

func (v pageView) render() ([]byte, error) {
	var page bytes.Buffer
	err := pageTemplate.Execute(&page, v)
	return page.Bytes(), err
}
