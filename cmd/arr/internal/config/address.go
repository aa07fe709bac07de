// SPDX-License-Identifier: MIT

package config

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/cmd/arr/internal/spelling"
	"github.com/arr-go/azremoterendering/internal/naming"
)

// regionOf returns the region that a text names: by itself, or as an address or domain of the
// hosted service. prefix begins the hosts of one of its services.
func regionOf(text, prefix string) (arr.Region, bool) {
	name := strings.TrimSuffix(strings.TrimPrefix(strings.ToLower(text), "https://"), "/")
	if short, ok := strings.CutSuffix(name, "."+naming.ServiceDomain); ok {
		name = strings.TrimPrefix(short, prefix)
		return arr.Region(name), slices.Contains(arr.Regions(), arr.Region(name))
	}
	isName := name != "" && name != "localhost" &&
		!strings.ContainsFunc(
			name,
			func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') },
		)
	return arr.Region(name), isName && name == strings.ToLower(text)
}

// misspelt returns an error for a word that is probably a typing error in the name of a known
// region. The set of regions is open, so names that differ in digits alone are not, such as
// eastus3, nor are those of Azure regions that never had the service.
func misspelt(text string) error {
	names := make([]string, 0, len(arr.Regions()))
	for _, region := range arr.Regions() {
		names = append(names, string(region))
	}
	near := spelling.Nearest(text, names)
	isOther := slices.Contains([]string{"japanwest", "northcentralus"}, strings.ToLower(text))
	if near == "" || isOther || strings.ContainsAny(text, ".:/") || letters(text) == letters(near) {
		return nil
	}
	return fmt.Errorf(
		"there is no region %q: did you mean %s? If it is new, give its address instead",
		text,
		near,
	)
}

func letters(name string) string { return strings.TrimRight(strings.ToLower(name), "0123456789") }

// withoutSpaces turns the name of a known region as the Azure portal shows it, such as "West
// Europe", into the name itself.
func withoutSpaces(text string) string {
	text = strings.TrimSpace(text)
	name := arr.Region(strings.ToLower(strings.ReplaceAll(text, " ", "")))
	if slices.Contains(arr.Regions(), name) {
		return string(name)
	}
	return text
}

// parseRegion reads the name of a region. Names that the module does not know are allowed: the set
// is open.
func parseRegion(text string) (arr.Region, error) {
	text = withoutSpaces(text)
	if err := misspelt(text); err != nil {
		return "", err
	}
	region, ok := regionOf(text, "")
	if !ok || strings.Contains(text, ".") {
		return "", errors.New("a region is a name such as westeurope")
	}
	return region, nil
}

// ParseEndpoint reads a rendering endpoint: a region, a host, or an address. The region is empty if
// the text names none.
func ParseEndpoint(text string) (endpoint string, region arr.Region, err error) {
	text = withoutSpaces(text)
	if err := misspelt(text); err != nil {
		return "", "", err
	}
	if region, ok := regionOf(text, naming.RenderingPrefix); ok {
		return region.Endpoint(), region, nil
	}
	address, err := withScheme(text)
	return address, "", err
}

// parseAccountDomain reads an account domain: a region, a domain, or the address of the token
// service. The STS endpoint is empty if it follows from the domain.
func parseAccountDomain(text string) (domain, sts string, err error) {
	text = withoutSpaces(text)
	if err := misspelt(text); err != nil {
		return "", "", err
	}
	if region, ok := regionOf(text, naming.STSPrefix); ok {
		return region.AccountDomain(), "", nil
	}
	if !strings.Contains(text, "://") {
		return strings.TrimPrefix(strings.TrimSuffix(text, "/"), naming.STSPrefix), "", nil
	}
	address, err := withScheme(text)
	if err != nil {
		return "", "", err
	}
	parsed, err := url.Parse(address)
	if err != nil {
		return "", "", errors.New(
			"it is not an address such as https://" + naming.STSPrefix + "westeurope." + naming.ServiceDomain,
		)
	}
	domain, isSTS := strings.CutPrefix(parsed.Hostname(), naming.STSPrefix)
	if isSTS && parsed.Scheme == "https" && parsed.Port() == "" && parsed.Path == "" {
		return domain, "", nil
	}
	return "", address, nil
}

// withScheme completes a host to an address. A password has no place in one, and is not quoted.
func withScheme(text string) (string, error) {
	if strings.Contains(text, "@") {
		return "", errors.New("an address has no user name and no password")
	}
	if !strings.Contains(text, "://") {
		text = "https://" + text
	}
	address, err := url.Parse(text)
	if err != nil || address.Hostname() == "" ||
		address.Scheme != "https" && address.Scheme != "http" {
		return "", errors.New(
			"give a region such as westeurope, or an address such as " + naming.Sample,
		)
	}
	return strings.TrimRight(text, "/"), nil
}

// Plain reports whether an address is http, and whether it leads to this machine.
func Plain(address string) (plain, loopback bool) {
	parsed, err := url.Parse(address)
	if err != nil {
		return false, false
	}
	host := strings.ToLower(parsed.Hostname())
	ip, err := netip.ParseAddr(host)
	return parsed.Scheme == "http", host == "localhost" || err == nil && ip.IsLoopback()
}

// IsHosted reports whether an address or domain belongs to the hosted service, and nobody on the
// way can take its place.
func IsHosted(text string) bool {
	if text == "" {
		return true
	}
	if !strings.Contains(text, "://") {
		text = "https://" + text
	}
	address, err := url.Parse(text)
	return err == nil && address.Scheme == "https" && IsHostedName(address.Hostname())
}

// IsHostedName reports whether a host name belongs to the hosted service.
func IsHostedName(host string) bool {
	return naming.UnderServiceDomain(strings.TrimSuffix(host, "."))
}
