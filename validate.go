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

const (
	exampleEndpoint  = "https://remoterendering.westeurope." + serviceDomain
	expectedEndpoint = "the rendering endpoint is https://remoterendering.<region>." + serviceDomain
)

func checkSessionID(id string) error {
	switch {
	case id == "":
		return invalid("sessionID", "", "is empty")
	case len(id) > maxSessionIDLength:
		return invalid(
			"sessionID",
			"",
			fmt.Sprintf("has %d characters; at most %d are allowed", len(id), maxSessionIDLength),
		)
	}
	for i := range len(id) {
		c := id[i]
		if !isAlphanumeric(c) && c != '-' && c != '_' {
			return invalid(
				"sessionID",
				id,
				"has a character that is not allowed; use A–Z, a–z, 0–9, - and _",
			)
		}
	}
	return nil
}

func isAlphanumeric(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z'
}

// checkAccountID checks an account id. name is the argument or field that it came from.
func checkAccountID(name, id string) error {
	if !isUUID(id) {
		return invalid(
			name,
			id,
			"is not a UUID such as 00000000-1111-2222-3333-444455556666; the portal shows it as Account ID",
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
			name,
			"",
			"is empty; it is an address such as "+exampleEndpoint,
		)
	}
	address, err := url.Parse(trimmed)
	if err != nil || address.Host == "" || address.Hostname() == "" {
		return nil, invalid(
			name,
			trimmed,
			"is not an address such as "+exampleEndpoint,
		)
	}
	if address.User != nil {
		return nil, invalid(
			name,
			"",
			fmt.Sprintf("on host %s holds a user name or password; leave it out", address.Host),
		)
	}
	if address.RawQuery != "" || address.Fragment != "" || address.ForceQuery {
		return nil, invalid(
			name,
			"",
			"has a query or a fragment; it ends with the path: "+
				address.Scheme+"://"+address.Host+address.EscapedPath(),
		)
	}
	switch {
	case address.Scheme == "https":
	case address.Scheme == "http" && allowHTTP:
	case address.Scheme == "http":
		return nil, invalid(
			name,
			trimmed,
			"is not https, so others could read access tokens on the way; "+
				"for an emulator on this machine set InsecureAllowCredentialWithHTTP",
		)
	default:
		return nil, invalid(name, trimmed, "must begin with https://")
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

// maybeSecret reports whether a value may be a key, a token or a password put in the wrong place.
func maybeSecret(value string) bool {
	harmless := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || strings.ContainsRune(".:/-", r)
	}
	return (len(value) > 36 || strings.Contains(value, "@")) &&
		strings.TrimFunc(value, harmless) != ""
}

// shown returns a value for an error message, or its length if it may be a secret.
func shown(value string) string {
	if maybeSecret(value) {
		return fmt.Sprintf("(%d characters)", len(value))
	}
	return strconv.Quote(value)
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
		return invalid("endpoint", endpoint.String(), "is a token service; "+expectedEndpoint)
	}
	return invalid("endpoint", endpoint.String(), "is an account domain; "+expectedEndpoint)
}

// stsAddress returns the base address of the token service: the endpoint if one is given, else that
// of the account's domain. endpointName is the field that the endpoint came from.
func stsAddress(
	account Account,
	endpointName, endpoint string,
	allowHTTP bool,
) (*url.URL, error) {
	const domainName = "Account.Domain"
	if endpoint != "" {
		address, err := parseEndpoint(endpointName, endpoint, allowHTTP)
		if err != nil {
			return nil, err
		}
		host := strings.ToLower(address.Hostname())
		if strings.HasSuffix("."+host, "."+serviceDomain) && !strings.HasPrefix(host, "sts.") {
			return nil, invalid(
				endpointName,
				endpoint,
				"is no token service; it must be https://sts.<account domain>",
			)
		}
		return address, nil
	}
	domain := strings.ToLower(strings.TrimSpace(account.Domain))
	switch {
	case domain == "":
		return nil, invalid(
			domainName,
			"",
			"is empty; the portal shows it, such as westeurope."+serviceDomain+
				"; or give the address of the token service",
		)
	case strings.ContainsAny(domain, ":/?#@\\ "):
		return nil, invalid(
			domainName,
			domain,
			"is not a domain such as westeurope."+serviceDomain+"; leave out scheme, port and path",
		)
	case strings.HasPrefix(domain, "sts."):
		return nil, invalid(
			domainName,
			domain,
			`is the host of the token service; leave out "sts."`,
		)
	case strings.HasPrefix(domain, "remoterendering."):
		return nil, invalid(
			domainName,
			domain,
			"is a rendering endpoint; the account domain is what the portal shows, such as westeurope."+
				serviceDomain,
		)
	}
	return parseEndpoint(domainName, "https://sts."+domain, false)
}

// leaseMinutes returns the lease as the service wants it. What is too short or too long for it, it
// says itself.
func leaseMinutes(lease time.Duration) (int32, error) {
	if lease%time.Minute != 0 {
		return 0, invalid(
			"MaxLeaseTime",
			lease.String(),
			"is not a whole number of minutes",
		)
	}
	return minutes(lease), nil
}

// isNil also finds the nil pointer inside an interface.
func isNil(cred any) bool {
	v := reflect.ValueOf(cred)
	return !v.IsValid() || v.Kind() == reflect.Pointer && v.IsNil()
}
