// SPDX-License-Identifier: MIT

package blobconverter

import (
	"fmt"
	"net"
	"net/url"
	"strings"
)

// AllowHosts returns a value for [Options.Allow]: it allows the containers of some hosts. A host is
// a name or an address without a port; one that begins with a dot stands for all names below the
// rest. Case makes no difference. Addresses with http are allowed only for hosts that are listed in
// full, because a name pattern is for storage on the internet, where a SAS must not travel
// unencrypted.
func AllowHosts(hosts ...string) func(container *url.URL) error {
	allowed := make(map[string]bool)
	for _, host := range hosts {
		allowed[canonicalHost(host)] = true
	}
	return func(container *url.URL) error {
		host := canonicalHost(container.Hostname())
		if allowed[host] {
			return nil
		}
		for rest := host; ; {
			_, below, found := strings.Cut(rest, ".")
			if !found {
				return fmt.Errorf("storage on host %q is not allowed", host)
			}
			if rest = below; !allowed["."+rest] {
				continue
			}
			if container.Scheme != "https" {
				return fmt.Errorf("storage on host %q is allowed with https only", host)
			}
			return nil
		}
	}
}

// canonicalHost returns a host in one of its spellings.
func canonicalHost(host string) string {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if ip := net.ParseIP(strings.Trim(host, "[]")); ip != nil {
		return ip.String()
	}
	return host
}
