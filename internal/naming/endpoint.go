// SPDX-License-Identifier: MIT

package naming

import (
	"net/url"
	"strings"
)

// Sample is the address that error texts show as an example of a rendering endpoint.
const Sample = "https://remoterendering.westeurope." + ServiceDomain

// NotHTTPS is the reason why [ParseEndpoint] refuses an http address. A caller can append how its
// users allow http.
const NotHTTPS = "is not https, so access tokens could be read on the way; " +
	"for an emulator on this machine, allow http"

// ParseEndpoint parses the base address of a service. http is refused unless it is allowed. The
// host of the result is in lower case and has no default port, and the path is never empty.
func ParseEndpoint(endpoint string, allowHTTP bool) (address *url.URL, reason string) {
	trimmed := strings.TrimRight(strings.TrimSpace(endpoint), "/")
	if trimmed == "" {
		return nil, "is empty; use an address such as " + Sample
	}
	address, err := url.Parse(trimmed)
	if err != nil || address.Host == "" || address.Hostname() == "" {
		return nil, "is not an address such as " + Sample
	}
	if reason := checkParts(address, allowHTTP); reason != "" {
		return nil, reason
	}
	address.Host = strings.ToLower(address.Host)
	if address.Port() == defaultPort(address.Scheme) {
		address.Host = strings.TrimSuffix(address.Host, ":"+address.Port())
	}
	if address.Path == "" {
		address.Path = "/" // JoinPath would make a relative path of none
	}
	return address, ""
}

func checkParts(address *url.URL, allowHTTP bool) (reason string) {
	switch {
	case address.User != nil:
		return "contains a user name or password; leave it out"
	case address.RawQuery != "" || address.Fragment != "" || address.ForceQuery:
		return "has a query or a fragment; it must end with the path"
	case address.Scheme == "https" || address.Scheme == "http" && allowHTTP:
		return ""
	case address.Scheme == "http":
		return NotHTTPS
	default:
		return "must begin with https://"
	}
}

// CheckRenderingHost recognises two addresses of the hosted service that are often given in place
// of the rendering endpoint.
func CheckRenderingHost(endpoint *url.URL) (reason string) {
	host := strings.ToLower(endpoint.Hostname())
	const instead = "the rendering endpoint is https://remoterendering.<region>." + ServiceDomain
	switch {
	case !UnderServiceDomain(host) || strings.HasPrefix(host, RenderingPrefix):
		return ""
	case strings.HasPrefix(host, STSPrefix):
		return "is a token service; " + instead
	default:
		return "is an account domain; " + instead
	}
}

// CheckSTSHost recognises addresses of the hosted service that are not those of a token service.
func CheckSTSHost(endpoint *url.URL) (reason string) {
	host := strings.ToLower(endpoint.Hostname())
	if UnderServiceDomain(host) && !strings.HasPrefix(host, STSPrefix) {
		return "is not a token service; use https://sts.<account domain>"
	}
	return ""
}

// CheckAccountDomain checks an account domain that is in lower case and without outer spaces.
func CheckAccountDomain(domain string) (reason string) {
	switch {
	case domain == "":
		return "is empty; the portal shows it, such as westeurope." + ServiceDomain
	case strings.ContainsAny(domain, ":/?#@\\ "):
		return "is not a domain such as westeurope." + ServiceDomain +
			"; leave out scheme, port and path"
	case strings.HasPrefix(domain, STSPrefix):
		return `is the host of the token service; leave out "sts."`
	case strings.HasPrefix(domain, RenderingPrefix):
		return "is a rendering endpoint; the portal shows the account domain, such as westeurope." +
			ServiceDomain
	}
	return ""
}

func defaultPort(scheme string) string {
	if scheme == "http" {
		return "80"
	}
	return "443"
}

// Port returns the port of an address, or that of its scheme.
func Port(address *url.URL) string {
	if p := address.Port(); p != "" {
		return p
	}
	return defaultPort(address.Scheme)
}
