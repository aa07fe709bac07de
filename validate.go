// SPDX-License-Identifier: MIT

package azremoterendering

import (
	"fmt"
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// maxSessionIDLength is the documented limit of the service.
const maxSessionIDLength = 256

func checkSessionID(id string) error {
	switch {
	case id == "":
		return invalid("sessionID is empty; NewSessionID makes one")
	case len(id) > maxSessionIDLength:
		return invalid(
			"sessionID has %d characters; at most %d are allowed",
			len(id),
			maxSessionIDLength,
		)
	}
	for i := range len(id) {
		c := id[i]
		if !isAlphanumeric(c) && c != '-' && c != '_' {
			return invalid(
				"sessionID %q has a character that is not allowed; use A–Z, a–z, 0–9, - and _",
				id,
			)
		}
	}
	return nil
}

func isAlphanumeric(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z'
}

func checkAccountID(id string) error {
	if !isUUID(id) {
		return invalid(
			"account id %s is not a UUID such as 00000000-1111-2222-3333-444455556666; the portal shows it as Account ID",
			shown(id),
		)
	}
	return nil
}

func isUUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		c := s[i]
		switch i {
		case 8, 13, 18, 23:
			if c != '-' {
				return false
			}
		default:
			if c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F' {
				continue
			}
			return false
		}
	}
	return true
}

// parseEndpoint parses a base address. name is the argument or field that it came from.
func parseEndpoint(name, endpoint string, allowHTTP bool) (*url.URL, error) {
	trimmed := strings.TrimRight(strings.TrimSpace(endpoint), "/")
	if trimmed == "" {
		return nil, invalid(
			"%s is empty; it is an address such as https://remoterendering.westeurope.mixedreality.azure.com",
			name,
		)
	}
	address, err := url.Parse(trimmed)
	if err != nil || address.Host == "" || address.Hostname() == "" {
		return nil, invalid(
			"%s %s is not an address such as https://remoterendering.westeurope.mixedreality.azure.com",
			name,
			shown(trimmed),
		)
	}
	if address.User != nil {
		return nil, invalid(
			"%s on host %s holds a user name or password; leave it out",
			name,
			address.Host,
		)
	}
	if address.RawQuery != "" || address.Fragment != "" || address.ForceQuery {
		return nil, invalid(
			"%s has a query or a fragment; it ends with the path: %s",
			name,
			address.Scheme+"://"+address.Host+address.EscapedPath(),
		)
	}
	switch {
	case address.Scheme == "https":
	case address.Scheme == "http" && allowHTTP:
	case address.Scheme == "http":
		return nil, invalid(
			"%s %q is not https, and access tokens would be readable on the way; for an emulator on this machine set InsecureAllowCredentialWithHTTP",
			name,
			trimmed,
		)
	default:
		return nil, invalid("%s %s must begin with https://", name, shown(trimmed))
	}
	address.Host = strings.ToLower(address.Host)
	if defaultPort := map[string]string{"http": ":80", "https": ":443"}[address.Scheme]; address.Port() != "" {
		address.Host = strings.TrimSuffix(address.Host, defaultPort)
	}
	if address.Path == "" {
		address.Path = "/" // JoinPath would make a relative path of none
	}
	return address, nil
}

// shown returns a value for an error message, unless it might be a key, a token or a password put
// in the wrong place.
func shown(value string) string {
	harmless := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || strings.ContainsRune(".:/-", r)
	}
	if len(value) <= 36 && !strings.Contains(value, "@") ||
		strings.TrimFunc(value, harmless) == "" {
		return strconv.Quote(value)
	}
	return fmt.Sprintf("(%d characters)", len(value))
}

// checkRenderingHost names the two addresses of the hosted service that are often given in place of
// the rendering endpoint.
func checkRenderingHost(endpoint *url.URL) error {
	host := strings.ToLower(endpoint.Hostname())
	if !strings.HasSuffix("."+host, "."+serviceDomain) ||
		strings.HasPrefix(host, "remoterendering.") {
		return nil
	}
	if strings.HasPrefix(host, "sts.") {
		return invalid(
			"endpoint %q is a token service; the rendering endpoint is https://remoterendering.<region>.%s",
			endpoint,
			serviceDomain,
		)
	}
	return invalid(
		"endpoint %q is an account domain; the rendering endpoint is https://remoterendering.<region>.%s",
		endpoint,
		serviceDomain,
	)
}

// stsAddress returns the base address of the token service: the endpoint if one is given, else that
// of the account's domain.
func stsAddress(account Account, endpoint string, allowHTTP bool) (*url.URL, error) {
	if endpoint != "" {
		address, err := parseEndpoint("the endpoint of the token service", endpoint, allowHTTP)
		if err != nil {
			return nil, err
		}
		host := strings.ToLower(address.Hostname())
		if strings.HasSuffix("."+host, "."+serviceDomain) && !strings.HasPrefix(host, "sts.") {
			return nil, invalid(
				"the endpoint of the token service %q must be https://sts.<account domain>",
				endpoint,
			)
		}
		return address, nil
	}
	domain := strings.ToLower(strings.TrimSpace(account.Domain))
	switch {
	case domain == "":
		return nil, invalid(
			"account domain is empty; the portal shows it, such as westeurope.%s; or give the address of the token service",
			serviceDomain,
		)
	case strings.ContainsAny(domain, ":/?#@\\ "):
		return nil, invalid(
			"account domain %s is not a domain such as westeurope.%s; leave out scheme, port and path",
			shown(domain),
			serviceDomain,
		)
	case strings.HasPrefix(domain, "sts."):
		return nil, invalid(
			"account domain %q is the host of the token service; leave out \"sts.\"",
			domain,
		)
	case strings.HasPrefix(domain, "remoterendering."):
		return nil, invalid(
			"account domain %q is a rendering endpoint; the account domain is what the portal shows, such as westeurope.%s",
			domain,
			serviceDomain,
		)
	}
	return parseEndpoint("account domain", "https://sts."+domain, false)
}

// leaseMinutes returns the lease as the service wants it. What is too short or too long for it, it
// says itself.
func leaseMinutes(lease time.Duration) (int32, error) {
	if lease%time.Minute != 0 {
		return 0, invalid(
			"MaxLeaseTime %v is not whole minutes; the service counts in minutes",
			lease,
		)
	}
	return minutes(lease), nil
}

// isNil also finds the nil pointer inside an interface.
func isNil(cred any) bool {
	v := reflect.ValueOf(cred)
	return !v.IsValid() || v.Kind() == reflect.Pointer && v.IsNil()
}
