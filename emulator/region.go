// SPDX-License-Identifier: MIT

package emulator

import (
	"net"
	"slices"
	"strings"

	"github.com/arr-go/azremoterendering"
)

// serviceDomain is the domain of the service and the part that all its hosts share.
const serviceDomain = "mixedreality.azure.com"

// geography knows which regions there are and by which host names they are reached.
type geography struct {
	domain string // below which the hosts lie
	home   azremoterendering.Region
	served []azremoterendering.Region // beside home; nil: all
}

// regionOf returns the region that the host of a request stands for: the one it names, as in
// remoterendering.<region>.mixedreality.azure.com, under whatever domain, otherwise the default
// one. It reports false if that region is not served.
func (g geography) regionOf(hostport string) (azremoterendering.Region, bool) {
	host := strings.ToLower(hostport)
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.TrimSuffix(host, ".")
	below, found := strings.CutPrefix(host, "remoterendering.")
	if !found || below == g.domain || below == serviceDomain {
		return g.home, true
	}
	name, _, found := strings.Cut(below, ".")
	if !found || !regionPattern.MatchString(name) {
		return g.home, true // such as remoterendering.example
	}
	region := azremoterendering.Region(name)
	return region, region == g.home || g.served == nil || slices.Contains(g.served, region)
}

// endpoint returns the address of the session service in the default region.
func (g geography) endpoint() string {
	return "https://remoterendering." + string(g.home) + "." + g.domain
}
