// SPDX-License-Identifier: MIT

// Package naming has the rules for the names of the protocol: the hosts of the service, the ids of
// accounts, sessions and conversions, and which next links may be followed. The client, package
// lease, the emulator and the command line use it, so that each rule exists once.
//
// A check returns the reason why a value is refused, as the end of a sentence that begins with the
// name of the value, and "" if the value is valid. A reason never contains the value.
package naming

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"strings"
)

const (
	// ServiceDomain is the domain of the hosted service. All its hosts lie below it.
	ServiceDomain = "mixedreality.azure.com"
	// RenderingPrefix begins the host name of a rendering endpoint; a region and the domain follow.
	RenderingPrefix = "remoterendering."
	// STSPrefix begins the host name of a token service; the account domain follows.
	STSPrefix = "sts."

	// regionlessAccounts is the region whose accounts have the service domain without a region.
	regionlessAccounts = "eastus2"
)

// RenderingHost returns the host of the rendering endpoint of a region below a domain.
func RenderingHost(region, domain string) string { return RenderingPrefix + region + "." + domain }

// RenderingEndpoint returns the rendering endpoint of a region of the hosted service.
func RenderingEndpoint(region string) string {
	return "https://" + RenderingHost(region, ServiceDomain)
}

// AccountDomain returns the domain of the accounts that were created in a region of the hosted
// service.
func AccountDomain(region string) string {
	if region == regionlessAccounts {
		return ServiceDomain
	}
	return region + "." + ServiceDomain
}

// UnderServiceDomain reports whether a host, without a port, belongs to the hosted service.
func UnderServiceDomain(host string) bool {
	return Below(host, ServiceDomain)
}

// Below reports whether a host, without a port, is a domain or lies below it.
func Below(host, domain string) bool {
	return strings.HasSuffix("."+strings.ToLower(host), "."+strings.ToLower(domain))
}

// MaxIDLength is the documented limit of session and conversion ids, in characters.
const MaxIDLength = 256

// CheckID checks the id of a session or a conversion: 1 to 256 characters of A–Z, a–z, 0–9, - and
// _ (mr-arr.json 2021-01-01).
func CheckID(id string) (reason string) {
	switch {
	case id == "":
		return "is empty"
	case len(id) > MaxIDLength:
		return fmt.Sprintf("has %d characters; at most %d are allowed", len(id), MaxIDLength)
	case !OnlyIDCharacters(id):
		return "has a character that is not allowed; use A–Z, a–z, 0–9, - and _"
	}
	return ""
}

// OnlyIDCharacters reports whether a text, which may be part of an id, has no character that an id
// cannot have.
func OnlyIDCharacters(text string) bool {
	for i := range len(text) {
		if c := text[i]; !alphanumeric(c) && c != '-' && c != '_' {
			return false
		}
	}
	return true
}

func alphanumeric(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z'
}

// IsUUID reports whether a text is a UUID in its usual form, in lower or upper case. Account ids
// are UUIDs.
func IsUUID(text string) bool {
	if len(text) != 36 {
		return false
	}
	for i := range len(text) {
		switch c := text[i]; i {
		case 8, 13, 18, 23:
			if c != '-' {
				return false
			}
		default:
			if (c < '0' || c > '9') && (c < 'a' || c > 'f') && (c < 'A' || c > 'F') {
				return false
			}
		}
	}
	return true
}

// NewUUID returns a new random UUID (RFC 9562, version 4) in lower case.
func NewUUID() string {
	var id [16]byte
	rand.Read(id[:]) // never fails: the runtime ends the program if the system has no randomness
	id[6] = id[6]&0x0f | 0x40
	id[8] = id[8]&0x3f | 0x80
	text := make([]byte, 0, 36)
	for i, part := range [][]byte{id[0:4], id[4:6], id[6:8], id[8:10], id[10:16]} {
		if i > 0 {
			text = append(text, '-')
		}
		text = hex.AppendEncode(text, part)
	}
	return string(text)
}

// RegionOf returns the region that the host of a rendering endpoint, without a port, names:
// remoterendering.<region>.<domain>. It is empty if the host names none. A domain has at least two
// labels, or is localhost.
func RegionOf(host string) (region string) {
	below, isRendering := strings.CutPrefix(strings.ToLower(host), RenderingPrefix)
	region, domain, _ := strings.Cut(below, ".")
	if !isRendering || below == ServiceDomain || region == "" ||
		!strings.Contains(domain, ".") && domain != "localhost" {
		return ""
	}
	return region
}
