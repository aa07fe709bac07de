// SPDX-License-Identifier: MIT

package config

import (
	"net/url"
	"slices"
	"strings"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/internal/naming"
)

// endpointList reads endpoints that are separated by commas, each once, and returns the region of
// the first.
func endpointList(
	text string,
	read func(string) (string, arr.Region, error),
) (list []string, first arr.Region, err error) {
	for i, part := range strings.Split(text, ",") {
		endpoint, region, err := read(strings.TrimSpace(part))
		if err != nil {
			return nil, "", err
		}
		if i == 0 {
			first = region
		}
		if !slices.Contains(list, endpoint) {
			list = append(list, endpoint)
		}
	}
	return list, first, nil
}

// Regions returns the endpoints in which sessions of a command may live: those that its flags name,
// otherwise the configured one and its fallbacks.
func (t Target) Regions() []string {
	if t.Named {
		return t.Endpoints
	}
	return t.WithFallback()
}

// WithFallback returns the endpoints at which a session is created, in order of preference.
func (t Target) WithFallback() []string {
	list := slices.Clone(t.Endpoints)
	for _, endpoint := range t.Fallback {
		if !slices.Contains(list, endpoint) {
			list = append(list, endpoint)
		}
	}
	return list
}

// AllRegions returns Regions, and the endpoints of all other regions of the service. It reports
// false if the preferred endpoint names no region, so that the others cannot be derived from it.
func (t Target) AllRegions() ([]string, bool) {
	address, err := url.Parse(t.Endpoint)
	if err != nil || naming.RegionOf(address.Hostname()) == "" {
		return t.Regions(), false
	}
	host := strings.ToLower(address.Host)
	own := naming.RenderingPrefix + naming.RegionOf(address.Hostname()) + "."
	list := t.Regions()
	for _, region := range arr.Regions() {
		other := *address
		other.Host = naming.RenderingPrefix + string(region) + "." + strings.TrimPrefix(host, own)
		if !slices.Contains(list, other.String()) {
			list = append(list, other.String())
		}
	}
	return list, true
}
