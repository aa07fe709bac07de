// SPDX-License-Identifier: MIT

// Package guard says which requests an emulator answers. It listens where browsers can reach it, so
// every web page that its user visits could send requests to it. Browsers tell about the page that
// sends a request:
//
//   - the Host, for a page whose name leads to this machine (DNS rebinding);
//   - Origin or Sec-Fetch-Site, for a page of another origin.
//
// Clients that are not browsers use hosts that are known and say nothing about origins. Proxies that
// are trusted may say which address a client used.
package guard

import (
	"fmt"
	"mime"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/service"
)

// Options says what a guard lets through. The fields, apart from Page, are as in the options of the
// emulator, whose names errors have.
type Options struct {
	Domain         string // all hosts at or below it are known; it is never empty
	AllowHosts     []string
	ExternalURL    string
	TrustedProxies []netip.Prefix

	// Page is the path to which links of other pages may lead.
	Page string
}

// Guard knows the hosts for which requests from the network are answered, in addition to this
// machine's own names and addresses, and the proxies in front of the emulator.
type Guard struct {
	domain   string
	allowed  []string // hosts in lower case; a dot in front means the rest and all names below it
	external *url.URL // nil if there is none
	trusted  []netip.Prefix
	page     string
}

var hostNamePattern = regexp.MustCompile(`^\.?[a-z0-9_-]+(\.[a-z0-9_-]+)*$`)

// New returns a guard. An error is an [azremoterendering.InvalidArgumentError].
func New(o Options) (*Guard, error) {
	g := &Guard{domain: o.Domain, trusted: o.TrustedProxies, page: o.Page}
	if external, err := url.Parse(o.ExternalURL); err == nil && external.Host != "" {
		host, _ := HostOf(external.Host)
		g.allowed = append(g.allowed, host)
	}
	for i, name := range o.AllowHosts {
		host := canonicalHost(name)
		_, notAddress := netip.ParseAddr(host)
		if notAddress != nil && !hostNamePattern.MatchString(host) {
			return nil, &azremoterendering.InvalidArgumentError{
				Name:   fmt.Sprintf("Options.AllowHosts[%d]", i),
				Value:  fmt.Sprintf("%.64s", name),
				Reason: "is neither a host name nor an address; give it without scheme and port",
			}
		}
		g.allowed = append(g.allowed, host)
	}
	return g, g.setProxies(o)
}

// Knows reports whether a request is for a known host.
func (g *Guard) Knows(r *http.Request) bool {
	host, _ := HostOf(r.Host)
	return g.include(r, host)
}

// include reports whether a request for a host, as [HostOf] returns it, is answered.
func (g *Guard) include(r *http.Request, host string) bool {
	if address, err := netip.ParseAddr(host); err == nil && address.IsLoopback() {
		return true
	}
	local, _ := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	if local != nil {
		if arrivedAt, _ := HostOf(local.String()); host == arrivedAt {
			return true
		}
	}
	if host == "localhost" || strings.HasSuffix(host, ".localhost") || atOrBelow(host, g.domain) {
		return true
	}
	return slices.ContainsFunc(g.allowed, func(allowed string) bool {
		domain, andBelow := strings.CutPrefix(allowed, ".")
		return host == domain || andBelow && atOrBelow(host, domain)
	})
}

func atOrBelow(host, domain string) bool {
	return host == domain || strings.HasSuffix(host, "."+domain)
}

// FromNetwork reports whether a server has received a request.
func FromNetwork(r *http.Request) bool {
	return r.Context().Value(http.ServerContextKey) != nil ||
		r.Context().Value(http.LocalAddrContextKey) != nil
}

// RefuseForeign refuses a request from the network that a foreign web page may have sent. A link
// from a foreign page to the emulator's own page is followed: it does nothing, and the foreign page
// cannot read the answer.
func (g *Guard) RefuseForeign(r *http.Request) *service.Refusal {
	host, _ := HostOf(r.Host)
	switch {
	case !g.include(r, host):
		// Not 403, which clients take for a missing role.
		return refusal(http.StatusMisdirectedRequest, fmt.Sprintf(
			"The emulator does not answer for the host %.64q. If it is a name of the emulator, "+
				"allow it with Options.AllowHosts or --allow-host.", host))
	case !g.SameOrigin(r) && !g.isLink(r):
		return refusal(http.StatusForbidden,
			"Web pages of another origin may not use the emulator.")
	}
	return nil
}

// isLink reports whether a browser sends a request because its user follows a link.
func (g *Guard) isLink(r *http.Request) bool {
	return r.URL.EscapedPath() == g.page && r.Header.Get("Origin") == "" &&
		(r.Method == http.MethodGet || r.Method == http.MethodHead) &&
		r.Header.Get("Sec-Fetch-Mode") == "navigate" &&
		r.Header.Get("Sec-Fetch-Dest") == "document"
}

// RefuseForeignAdmin refuses an administrative request that may come from a foreign web page. The
// path takes no key, so it also relies on Content-Type: a browser sends JSON to another origin only
// after a CORS preflight, which is never answered here.
func (g *Guard) RefuseForeignAdmin(r *http.Request) *service.Refusal {
	switch {
	case !g.Knows(r):
		return refusal(http.StatusForbidden, "The Host must be a loopback address, localhost, "+
			"a name at or below the emulator's domain, or allowed with Options.AllowHosts or "+
			"--allow-host.")
	case !g.SameOrigin(r):
		return refusal(http.StatusForbidden,
			"Pages of another origin may not use the administrative path.")
	case r.Method == http.MethodPost && !hasJSON(r):
		return refusal(http.StatusUnsupportedMediaType,
			"The Content-Type must be application/json, even without a body.")
	}
	return nil
}

// HostOf splits the host of a request into a name or address, see [canonicalHost], and a port,
// which may be empty.
func HostOf(hostport string) (host, port string) {
	host, port, err := net.SplitHostPort(hostport)
	if err != nil {
		host, port = hostport, ""
		if inside, found := strings.CutPrefix(host, "["); found && strings.HasSuffix(inside, "]") {
			host = strings.TrimSuffix(inside, "]")
		}
	}
	return canonicalHost(host), port
}

// canonicalHost returns the one spelling of a name or address that is compared: names in lower case
// without the dot at the end, addresses without zone, IPv4 addresses inside IPv6 as IPv4.
func canonicalHost(host string) string {
	if address, err := netip.ParseAddr(host); err == nil {
		return address.WithZone("").Unmap().String()
	}
	return strings.TrimSuffix(strings.ToLower(host), ".")
}

// SameOrigin reports whether no page of another origin can have sent a request. The pages of the
// emulator are at the address of the request, and at the external one.
func (g *Guard) SameOrigin(r *http.Request) bool {
	host, port := HostOf(r.Host)
	if sameOrigin(r, host, port) {
		return true
	}
	external := g.ToExternal(r)
	host, port = HostOf(external.Host)
	return sameOrigin(external, host, port)
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
		originHost, originPort := HostOf(u.Host)
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

func refusal(status int, message string) *service.Refusal {
	return &service.Refusal{
		Status:  status,
		Code:    strings.ReplaceAll(http.StatusText(status), " ", ""),
		Message: message,
	}
}
