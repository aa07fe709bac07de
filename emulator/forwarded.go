// SPDX-License-Identifier: MIT

package emulator

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/service"
)

// proxies know the address that clients use if something stands between them and the emulator.
type proxies struct {
	external *url.URL // nil if there is none
	trusted  []netip.Prefix
	domain   string // names at or below it name a region, so they stay in links
}

// newProxies returns the proxies of the options.
func newProxies(o Options) (proxies, error) {
	p := proxies{trusted: o.TrustedProxies, domain: o.hostDomain()}
	for i, prefix := range o.TrustedProxies {
		if !prefix.IsValid() {
			return p, &azremoterendering.InvalidArgumentError{
				Name:   fmt.Sprintf("Options.TrustedProxies[%d]", i),
				Value:  prefix.String(),
				Reason: "is not a range of addresses, such as 10.0.0.0/8",
			}
		}
	}
	if o.ExternalURL == "" {
		return p, nil
	}
	external, err := url.Parse(o.ExternalURL)
	if err != nil || !isOrigin(external) {
		return p, &azremoterendering.InvalidArgumentError{
			Name:   "Options.ExternalURL",
			Reason: "must be http:// or https://, a host and perhaps a port, without a path",
		}
	}
	p.external = external
	return p, nil
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
	host, _ := hostOf(text)
	_, notAddress := netip.ParseAddr(host)
	return notAddress == nil || hostNamePattern.MatchString(host) && host[0] != '.'
}

// exist reports whether clients on other machines may come through a proxy on this one, so that the
// address of the peer says nothing about them.
func (p proxies) exist() bool { return p.external != nil || len(p.trusted) > 0 }

// trusts reports whether a request comes from a proxy whose word about the client counts.
func (p proxies) trusts(r *http.Request) bool {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return false
	}
	address := peer.Addr().Unmap().WithZone("")
	for _, prefix := range p.trusted {
		if prefix.Contains(address) {
			return true
		}
	}
	return false
}

// asClientSent returns a request with the scheme and host that the client used, as far as a trusted
// proxy tells. It refuses what makes no sense. The headers of all others have no effect.
func (e *Emulator) asClientSent(r *http.Request) (*http.Request, *service.Refusal) {
	// The host at which the request arrived must be known as well: a page with a name of its own
	// that leads here can send any header, and comes from this machine.
	if arrivedAt, _ := hostOf(r.Host); !e.proxies.trusts(r) || !e.hosts.include(r, arrivedAt) {
		return r, nil
	}
	scheme, host, ok := forwardedAddress(r.Header)
	switch {
	case !ok:
		return r, e.refuseForwarded(r)
	case scheme == "" && host == "":
		return r, nil
	}
	return service.AddressedTo(r, scheme, host), nil
}

// toExternal returns a request as one to the external address, if there is one and no proxy has
// told the address. Names below the domain stay, because they name regions.
func (p proxies) toExternal(r *http.Request) *http.Request {
	if _, host, _ := forwardedAddress(r.Header); p.external == nil || host != "" && p.trusts(r) {
		return r
	}
	if name, _ := hostOf(r.Host); atOrBelow(name, p.domain) {
		return service.AddressedTo(r, p.external.Scheme, "")
	}
	return service.AddressedTo(r, p.external.Scheme, p.external.Host)
}

func (e *Emulator) refuseForwarded(r *http.Request) *service.Refusal {
	refused := service.BadRequest("The headers of the proxy (Forwarded, X-Forwarded-Proto, " +
		"X-Forwarded-Host) are malformed, or contradict each other.")
	e.logger.LogAttrs(r.Context(), slog.LevelWarn, "request refused",
		slog.Int("status", refused.Status), slog.String("reason", refused.Message))
	return refused
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
