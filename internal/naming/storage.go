// SPDX-License-Identifier: MIT

package naming

import (
	"net/url"
	"strings"
)

// AssetExtension is what the name of a converted model must end in (mr-arr.json 2021-01-01).
const AssetExtension = ".arrAsset"

// CheckContainerURL checks the address of a storage container. sasField is the name of the field
// that the SAS of the container belongs into.
func CheckContainerURL(address, sasField string) (reason string) {
	const example = "https://<account>.blob.core.windows.net/<container>"
	if address == "" {
		return "is empty; use an address such as " + example
	}
	parsed, err := url.Parse(address)
	switch {
	case err == nil && parsed.User != nil:
		return "contains a user name or password; leave it out"
	case strings.ContainsAny(address, "?#"):
		return "has a query or a fragment; put a SAS, the part after ?, into " + sasField
	case err != nil || parsed.Host == "" || parsed.Scheme != "https" && parsed.Scheme != "http":
		return "is not an address such as " + example
	}
	return ""
}

// CheckSAS checks the shared access signature of a container, without a "?" in front. It may be
// empty.
func CheckSAS(sas string) (reason string) {
	switch {
	case strings.Contains(sas, "://"):
		return "is an address; pass only its query, the part after ?"
	case strings.ContainsFunc(sas, func(r rune) bool { return r <= ' ' || r > '~' }):
		return "contains a space or another character that a query cannot have"
	}
	return ""
}

// CheckBlobPath checks a prefix, a path or a file name in a container.
func CheckBlobPath(path string) (reason string) {
	switch {
	case strings.Contains(path, "://"):
		return "is an address; pass only the part below the container"
	case strings.Contains(strings.ToLower(path), "sig="):
		return "contains the signature of a SAS; leave the query out"
	}
	return ""
}
