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

// guardAdmin refuses an administrative request that may come from a foreign web page. The path
// takes no key, so it relies on what browsers tell about the page that sends a request:
//
//   - the Host, for a page whose name leads to this machine (DNS rebinding);
//   - Origin or Sec-Fetch-Site, for a page of another origin;
//   - Content-Type, because a browser sends JSON to another origin only after a CORS preflight,
//     which is never answered here.
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

// hostOf splits the host of a request into a name or address in lower case, and a port, which may
// be empty.
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

// sameOrigin reports whether no page of another origin can have sent a request. Clients that are
// not browsers say nothing about origins.
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
