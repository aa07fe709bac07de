// SPDX-License-Identifier: MIT

package emulator

import (
	"fmt"
	"log/slog"
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

// The emulator listens where browsers can reach it, so every web page that its user visits could
// send requests to it. Browsers tell about the page that sends a request:
//
//   - the Host, for a page whose name leads to this machine (DNS rebinding);
//   - Origin or Sec-Fetch-Site, for a page of another origin.
//
// Clients that are not browsers use hosts that are known and say nothing about origins.

// knownHosts are the hosts for which requests from the network are answered, in addition to this
// machine's own names and addresses.
type knownHosts struct {
	domain  string
	allowed []string // in lower case; a dot in front means the rest and all names below it
}

var hostNamePattern = regexp.MustCompile(`^\.?[a-z0-9_-]+(\.[a-z0-9_-]+)*$`)

// newKnownHosts returns the hosts of the options.
func newKnownHosts(o Options) (knownHosts, error) {
	known := knownHosts{domain: o.hostDomain()}
	if external, err := url.Parse(o.ExternalURL); err == nil && external.Host != "" {
		host, _ := hostOf(external.Host)
		known.allowed = append(known.allowed, host)
	}
	for i, name := range o.AllowHosts {
		host := canonicalHost(name)
		_, notAddress := netip.ParseAddr(host)
		if notAddress != nil && !hostNamePattern.MatchString(host) {
			return known, &azremoterendering.InvalidArgumentError{
				Name:   fmt.Sprintf("Options.AllowHosts[%d]", i),
				Value:  fmt.Sprintf("%.64s", name),
				Reason: "is neither a host name nor an address; give it without scheme and port",
			}
		}
		known.allowed = append(known.allowed, host)
	}
	return known, nil
}

// include reports whether a request for a host, as [hostOf] returns it, is answered.
func (k knownHosts) include(r *http.Request, host string) bool {
	if address, err := netip.ParseAddr(host); err == nil && address.IsLoopback() {
		return true
	}
	local, _ := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	if local != nil {
		if arrivedAt, _ := hostOf(local.String()); host == arrivedAt {
			return true
		}
	}
	if host == "localhost" || strings.HasSuffix(host, ".localhost") || atOrBelow(host, k.domain) {
		return true
	}
	return slices.ContainsFunc(k.allowed, func(allowed string) bool {
		domain, andBelow := strings.CutPrefix(allowed, ".")
		return host == domain || andBelow && atOrBelow(host, domain)
	})
}

func atOrBelow(host, domain string) bool {
	return host == domain || strings.HasSuffix(host, "."+domain)
}

// fromNetwork reports whether a server has received a request.
func fromNetwork(r *http.Request) bool {
	return r.Context().Value(http.ServerContextKey) != nil ||
		r.Context().Value(http.LocalAddrContextKey) != nil
}

// refuseForeign refuses a request from the network that a foreign web page may have sent. A link
// from a foreign page to the emulator's own page is followed: it does nothing, and the foreign page
// cannot read the answer.
func (e *Emulator) refuseForeign(r *http.Request) *service.Refusal {
	host, port := hostOf(r.Host)
	var refused *service.Refusal
	switch {
	case !e.hosts.include(r, host):
		// Not 403, which clients take for a missing role.
		refused = refusal(http.StatusMisdirectedRequest, fmt.Sprintf(
			"The emulator does not answer for the host %.64q. If it is a name of the emulator, "+
				"allow it with Options.AllowHosts or --allow-host.", host))
	case !e.sameOrigin(r, host, port) && !isLink(r):
		refused = refusal(http.StatusForbidden,
			"Web pages of another origin may not use the emulator.")
	default:
		return nil
	}
	e.logger.LogAttrs(r.Context(), slog.LevelWarn, "request refused",
		slog.Int("status", refused.Status), slog.String("reason", refused.Message))
	return refused
}

// isLink reports whether a browser sends a request because its user follows a link.
func isLink(r *http.Request) bool {
	return r.URL.EscapedPath() == pagePath && r.Header.Get("Origin") == "" &&
		(r.Method == http.MethodGet || r.Method == http.MethodHead) &&
		r.Header.Get("Sec-Fetch-Mode") == "navigate" &&
		r.Header.Get("Sec-Fetch-Dest") == "document"
}

// guardAdmin refuses an administrative request that may come from a foreign web page. The path
// takes no key, so it also relies on Content-Type: a browser sends JSON to another origin only
// after a CORS preflight, which is never answered here.
func (e *Emulator) guardAdmin(r *http.Request) *service.Refusal {
	host, port := hostOf(r.Host)
	switch {
	case !e.hosts.include(r, host):
		return refusal(http.StatusForbidden, "The Host must be a loopback address, localhost, "+
			"a name at or below the emulator's domain, or allowed with Options.AllowHosts or "+
			"--allow-host.")
	case !e.sameOrigin(r, host, port):
		return refusal(http.StatusForbidden,
			"Pages of another origin may not use the administrative path.")
	case r.Method == http.MethodPost && !hasJSON(r):
		return refusal(http.StatusUnsupportedMediaType,
			"The Content-Type must be application/json, even without a body.")
	}
	return nil
}

// hostOf splits the host of a request into a name or address, see [canonicalHost], and a port,
// which may be empty.
func hostOf(hostport string) (host, port string) {
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

// sameOrigin reports whether no page of another origin can have sent a request. The pages of the
// emulator are at the address of the request, and at the external one.
func (e *Emulator) sameOrigin(r *http.Request, host, port string) bool {
	if sameOrigin(r, host, port) {
		return true
	}
	external := e.proxies.toExternal(r)
	host, port = hostOf(external.Host)
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
