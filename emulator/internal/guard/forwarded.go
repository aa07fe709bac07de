// SPDX-License-Identifier: MIT

package guard

import (
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/service"
)

// setProxies sets the proxies of the options.
func (g *Guard) setProxies(o Options) error {
	for i, prefix := range o.TrustedProxies {
		if !prefix.IsValid() {
			return &azremoterendering.InvalidArgumentError{
				Name:   fmt.Sprintf("Options.TrustedProxies[%d]", i),
				Value:  prefix.String(),
				Reason: "is not a range of addresses, such as 10.0.0.0/8",
			}
		}
	}
	if o.ExternalURL == "" {
		return nil
	}
	external, err := url.Parse(o.ExternalURL)
	if err != nil || !isOrigin(external) {
		return &azremoterendering.InvalidArgumentError{
			Name:   "Options.ExternalURL",
			Reason: "must be http:// or https://, a host and perhaps a port, without a path",
		}
	}
	g.external = external
	return nil
}

// isOrigin reports whether an address consists of scheme, host and perhaps a port.
func isOrigin(u *url.URL) bool {
	return (u.Scheme == "http" || u.Scheme == "https") && validHost(u.Host) && u.User == nil &&
		(u.Path == "" || u.Path == "/") && u.RawQuery == "" && u.Fragment == "" && u.Opaque == ""
}

// validHost reports whether text is a host name or address, perhaps with a port.
func validHost(text string) bool {
	u, err := url.Parse("http://" + text)
	if err != nil || u.Host != text || u.Hostname() == "" {
		return false
	}
	host, _ := HostOf(text)
	_, notAddress := netip.ParseAddr(host)
	return notAddress == nil || hostNamePattern.MatchString(host) && host[0] != '.'
}

// FromHere reports whether a request from the network is known to come from this machine. Behind a
// proxy the address of the peer says nothing about the client.
func (g *Guard) FromHere(r *http.Request) bool {
	if g.external != nil || len(g.trusted) > 0 {
		return false
	}
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	return err == nil && peer.Addr().Unmap().IsLoopback()
}

// trusts reports whether a request comes from a proxy whose word about the client counts.
func (g *Guard) trusts(r *http.Request) bool {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return false
	}
	address := peer.Addr().Unmap().WithZone("")
	for _, prefix := range g.trusted {
		if prefix.Contains(address) {
			return true
		}
	}
	return false
}

// AsClientSent returns a request with the scheme and host that the client used, as far as a trusted
// proxy tells. It refuses what makes no sense. The headers of all others have no effect.
func (g *Guard) AsClientSent(r *http.Request) (*http.Request, *service.Refusal) {
	// The host at which the request arrived must be known as well: a page with a name of its own
	// that leads here can send any header, and comes from this machine.
	if !g.trusts(r) || !g.Knows(r) {
		return r, nil
	}
	scheme, host, ok := forwardedAddress(r.Header)
	switch {
	case !ok:
		return r, service.BadRequest("The headers of the proxy (Forwarded, X-Forwarded-Proto, " +
			"X-Forwarded-Host) are malformed, or contradict each other.")
	case scheme == "" && host == "":
		return r, nil
	}
	return service.AddressedTo(r, scheme, host), nil
}

// ToExternal returns a request as one to the external address, if there is one and no proxy has
// told the address. Names below the domain stay, because they name regions.
func (g *Guard) ToExternal(r *http.Request) *http.Request {
	if _, host, _ := forwardedAddress(r.Header); g.external == nil || host != "" && g.trusts(r) {
		return r
	}
	if name, _ := HostOf(r.Host); atOrBelow(name, g.domain) {
		return service.AddressedTo(r, g.external.Scheme, "")
	}
	return service.AddressedTo(r, g.external.Scheme, g.external.Host)
}

// forwardedAddress returns scheme and host as the headers of a proxy name them, and "" for what
// they do not name. It reports false if they are malformed, or contradict each other: then one of
// them may come from a client through a proxy that sets only the other.
func forwardedAddress(h http.Header) (scheme, host string, ok bool) {
	scheme, host, ok = parseForwarded(last(h.Values("Forwarded")))
	if !ok {
		return "", "", false
	}
	xScheme := strings.ToLower(last(h.Values("X-Forwarded-Proto")))
	xHost := last(h.Values("X-Forwarded-Host"))
	if scheme != "" && xScheme != "" && scheme != xScheme ||
		host != "" && xHost != "" && !strings.EqualFold(host, xHost) {
		return "", "", false
	}
	if scheme == "" {
		scheme = xScheme
	}
	if host == "" {
		host = xHost
	}
	ok = (scheme == "" || scheme == "http" || scheme == "https") && (host == "" || validHost(host))
	return scheme, host, ok
}

// last returns the last element of a header that is a list: that of the nearest proxy.
func last(values []string) string {
	if len(values) == 0 {
		return ""
	}
	elements := splitUnquoted(values[len(values)-1], ',')
	return elements[len(elements)-1]
}

// splitUnquoted splits a text at a separator outside of quotes, and trims the parts.
func splitUnquoted(text string, separator byte) (parts []string) {
	quoted, from := false, 0
	for i := range len(text) {
		switch {
		case text[i] == '"':
			quoted = !quoted
		case text[i] == separator && !quoted:
			parts, from = append(parts, strings.TrimSpace(text[from:i])), i+1
		}
	}
	return append(parts, strings.TrimSpace(text[from:]))
}

// parseForwarded reads an element of the header Forwarded (RFC 7239, section 4), such as
// for=192.0.2.43;host="example.com:8443";proto=https. A parameter must not occur twice.
func parseForwarded(element string) (scheme, host string, ok bool) {
	values := make(map[string]string)
	for _, pair := range splitUnquoted(element, ';') {
		if pair == "" {
			continue
		}
		name, value, found := strings.Cut(pair, "=")
		if quoted, begins := strings.CutPrefix(value, `"`); begins {
			value, begins = strings.CutSuffix(quoted, `"`)
			found = found && begins
		}
		name = strings.ToLower(name)
		if _, twice := values[name]; twice || !found || strings.ContainsAny(value, "\"\\") {
			return "", "", false // no host and no scheme needs an escape
		}
		values[name] = value
	}
	return strings.ToLower(values["proto"]), values["host"], true
}
