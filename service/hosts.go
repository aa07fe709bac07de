// SPDX-License-Identifier: MIT

package service

import (
	"net"
	"slices"
	"strings"

	"github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/internal/naming"
)

// hosts knows which regions are served, and by which host names.
type hosts struct {
	domain        string // of all hosts
	defaultRegion azremoterendering.Region
	served        []azremoterendering.Region // in addition to defaultRegion; nil: all
}

// regionOf returns the region that the host of a request names, as in
// remoterendering.<region>.mixedreality.azure.com, below any domain, otherwise the default region.
// It reports false if that region is not served.
func (h hosts) regionOf(hostport string) (azremoterendering.Region, bool) {
	host := strings.ToLower(hostport)
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.TrimSuffix(host, ".")
	below, found := strings.CutPrefix(host, naming.RenderingPrefix)
	if !found || below == h.domain || below == naming.ServiceDomain {
		return h.defaultRegion, true
	}
	name, _, found := strings.Cut(below, ".")
	if !found || !regionPattern.MatchString(name) {
		return h.defaultRegion, true // such as remoterendering.example
	}
	region := azremoterendering.Region(name)
	return region, region == h.defaultRegion || h.served == nil || slices.Contains(h.served, region)
}
