// SPDX-License-Identifier: MIT

package azremoterendering

import "slices"

// Region is an Azure region in which the hosted service ran rendering servers. The set is open: the
// methods work for any name.
//
// The region of an account and that of a session are independent: an account may use every region's
// endpoint, and a session lives in the region whose endpoint created it. The service never moves a
// request to another region; to fall back, call another endpoint.
//
// The names are those of Microsoft's list of regions for Remote Rendering (reference/regions). The
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

const serviceDomain = "mixedreality.azure.com"

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
func (r Region) Endpoint() string {
	return "https://remoterendering." + string(r) + "." + serviceDomain
}

// AccountDomain returns the domain of accounts that were made in the region, such as
// "westeurope.mixedreality.azure.com". Accounts of East US 2 have the domain without a region,
// "mixedreality.azure.com".
func (r Region) AccountDomain() string {
	if r == RegionEastUS2 {
		return serviceDomain
	}
	return string(r) + "." + serviceDomain
}
