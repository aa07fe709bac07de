// SPDX-License-Identifier: MIT

package azremoterendering

import (
	"slices"

	"github.com/arr-go/azremoterendering/internal/naming"
)

// Region is an Azure region in which the hosted service ran rendering servers. The methods work for
// other names too.
//
// The regions of an account and of its sessions are independent. An account can use the endpoint of
// every region, and a session runs in the region whose endpoint created it. The service never moves
// a request to another region; to fall back, use another endpoint.
//
// The names come from Microsoft's list of regions for Remote Rendering (reference/regions). The
// hosted service was announced to retire on 30 September 2025.
type Region string

// The regions of the hosted service.
const (
	RegionAustraliaEast  Region = "australiaeast"
	RegionEastUS         Region = "eastus"
	RegionEastUS2        Region = "eastus2"
	RegionJapanEast      Region = "japaneast"
	RegionNorthEurope    Region = "northeurope"
	RegionSouthCentralUS Region = "southcentralus"
	RegionSoutheastAsia  Region = "southeastasia"
	RegionUKSouth        Region = "uksouth"
	RegionWestEurope     Region = "westeurope"
	RegionWestUS2        Region = "westus2"
)

var regions = []Region{
	RegionAustraliaEast,
	RegionEastUS,
	RegionEastUS2,
	RegionJapanEast,
	RegionNorthEurope,
	RegionSouthCentralUS,
	RegionSoutheastAsia,
	RegionUKSouth,
	RegionWestEurope,
	RegionWestUS2,
}

// Regions returns the regions of the hosted service, in alphabetical order.
func Regions() []Region { return slices.Clone(regions) }

// Endpoint returns the rendering endpoint of the region, such as
// "https://remoterendering.westeurope.mixedreality.azure.com".
func (r Region) Endpoint() string { return naming.RenderingEndpoint(string(r)) }

// AccountDomain returns the domain of accounts that were created in the region, such as
// "westeurope.mixedreality.azure.com". For East US 2 it is "mixedreality.azure.com", without a
// region.
func (r Region) AccountDomain() string { return naming.AccountDomain(string(r)) }
