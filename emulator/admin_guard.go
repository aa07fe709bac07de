// SPDX-License-Identifier: MIT

package emulator

import (
	"mime"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"github.com/arr-go/azremoterendering/service"
)

// guardAdmin returns why an administrative request is refused, or nil. The path takes no key, so
// what stands against a web page that somebody on this machine looks at is that the page's browser
// tells who asks:
//
//   - a page that has its own name lead to this machine (DNS rebinding) gives itself away by the
//     Host;
//   - a page of another origin gives itself away by Origin or Sec-Fetch-Site;
//   - what a browser sends without asking first has no Content-Type of JSON, and no answer here
//     lets it ask (CORS).
func (e *Emulator) guardAdmin(r *http.Request) *service.Refusal {
	host, port := hostOf(r.Host)
	switch {
	case !ownHost(host, e.adminDomain):
		return adminRefusal(
			http.StatusForbidden,
			"The Host must be a loopback address, localhost, or a name at or below the emulator's domain.",
		)
	case !sameOrigin(r, host, port):
		return adminRefusal(
			http.StatusForbidden,
			"Pages of another origin may not use the administrative path.",
		)
	case r.Method == http.MethodPost && !hasJSON(r):
		return adminRefusal(
			http.StatusUnsupportedMediaType,
			"The Content-Type must be application/json, even without a body.",
		)
	}
	return nil
}

// hostOf splits the host of a request into a lower-case name or address, and a port, which may be
// empty.
func hostOf(hostport string) (host, port string) {
	host, port, err := net.SplitHostPort(hostport)
	if err != nil {
		host, port = hostport, ""
		if inside, found := strings.CutPrefix(host, "["); found && strings.HasSuffix(inside, "]") {
			host = strings.TrimSuffix(inside, "]")
		}
	}
	return strings.TrimSuffix(strings.ToLower(host), "."), port
}

// ownHost reports whether a host, as [hostOf] returns it, is this machine by its own name or
// address, or lies at or below domain.
func ownHost(host, domain string) bool {
	if address, err := netip.ParseAddr(host); err == nil {
		return address.Unmap().IsLoopback()
	}
	return host == "localhost" || strings.HasSuffix(host, ".localhost") ||
		domain != "" && (host == domain || strings.HasSuffix(host, "."+domain))
}

// sameOrigin reports whether no page of another origin can have sent a request. What is not a
// browser says nothing about origins.
func sameOrigin(r *http.Request, host, port string) bool {
	for _, site := range r.Header.Values("Sec-Fetch-Site") {
		if site != "same-origin" && site != "none" {
			return false
		}
	}
	for _, origin := range r.Header.Values("Origin") {
		u, err := url.Parse(origin)
		if err != nil || u.Scheme != service.Scheme(r) || u.Path != "" || u.User != nil ||
			u.RawQuery != "" ||
			u.Fragment != "" {
			return false
		}
		originHost, originPort := hostOf(u.Host)
		if originHost != host || portOf(u.Scheme, originPort) != portOf(u.Scheme, port) {
			return false
		}
	}
	return true
}

func portOf(scheme, port string) string {
	switch {
	case port != "":
		return port
	case scheme == "https":
		return "443"
	}
	return "80"
}

func hasJSON(r *http.Request) bool {
	mediaType, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return err == nil && mediaType == "application/json" &&
		len(r.Header.Values("Content-Type")) == 1
}
