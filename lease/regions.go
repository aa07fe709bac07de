// SPDX-License-Identifier: MIT

package lease

import (
	"slices"

	arr "github.com/arr-go/azremoterendering"
)

// Regions are the regions of one account in which sessions may live: an [*arr.SessionsClient]
// stands for one region, an [*arr.RegionsClient] for several.
type Regions interface {
	// Clients returns the clients of the regions, in order of preference.
	Clients() []*arr.SessionsClient
}

// clientsOf returns the clients of the regions, and refuses nil ones.
func clientsOf(regions Regions) ([]*arr.SessionsClient, error) {
	if r, ok := regions.(*arr.RegionsClient); regions == nil || ok && r == nil {
		return nil, invalid("regions", nil, "is nil")
	}
	clients := regions.Clients()
	if len(clients) == 0 || slices.Contains(clients, nil) {
		return nil, invalid("regions", nil, "has no client, or a nil client")
	}
	return clients, nil
}
