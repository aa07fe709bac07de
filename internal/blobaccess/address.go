// SPDX-License-Identifier: MIT

package blobaccess

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"unicode/utf8"
)

// ParseContainerURL reads the address of a container, such as
// https://account.blob.core.windows.net/models. The errors do not repeat a query, which may be a
// SAS.
func ParseContainerURL(text string) (*url.URL, error) {
	address, err := url.Parse(strings.TrimSpace(text))
	if err != nil {
		return nil, errors.New("the container address is not a URL")
	}
	if address.Scheme != "https" && address.Scheme != "http" || address.Host == "" {
		return nil, errors.New("the container address is not a URL of http or https")
	}
	if address.User != nil {
		return nil, errors.New("the container address has a user name or a password")
	}
	if address.RawQuery != "" || address.Fragment != "" {
		return nil, errors.New("the container address has a query; give a SAS in its own field")
	}
	address.Path, address.RawPath = strings.TrimSuffix(address.Path, "/"), ""
	if parts := strings.Count(address.Path, "/"); parts == 0 || parts > 2 {
		return nil, fmt.Errorf(
			"%s is not an address of a container: expected https://account.blob.core.windows.net/container",
			withoutQuery(address),
		)
	}
	return address, nil
}

// BlobURL returns the address of a blob in a container. Slashes in the name stay slashes, as in the
// answers of the service.
func BlobURL(container *url.URL, name string) string {
	return (&url.URL{Scheme: container.Scheme, Host: container.Host, Path: container.Path + "/" + name}).String()
}

// PathStyle says whether an address has the account in its path rather than in its host name, as
// those of Azurite have.
func PathStyle(address *url.URL) bool {
	host := address.Hostname()
	return net.ParseIP(host) != nil || !strings.Contains(host, ".")
}

const maxBlobName = 1024

// CleanPrefix makes a prefix of blob names from what a user writes for a folder: backslashes become
// slashes, a slash in front is dropped and one at the end is added. Empty means no prefix.
func CleanPrefix(prefix string) (string, error) {
	prefix = strings.Trim(strings.ReplaceAll(prefix, `\`, "/"), "/")
	if prefix == "" || prefix == "." {
		return "", nil
	}
	return prefix + "/", CheckName(prefix)
}

// CheckName checks the name of a blob against the rules of the storage service and of this project:
// UTF-8 of at most 1,024 characters, no empty, "." or ".." part, no part that ends in a dot.
// Storage and URLs would change such names silently.
func CheckName(name string) error {
	if !utf8.ValidString(name) {
		return fmt.Errorf("the name %q is not UTF-8", name)
	}
	if utf8.RuneCountInString(name) > maxBlobName {
		return fmt.Errorf("the name %q… is longer than %d characters", name[:32], maxBlobName)
	}
	for part := range strings.SplitSeq(name, "/") {
		if part == "" || strings.HasSuffix(part, ".") || strings.ContainsAny(part, "\\\x00") {
			return fmt.Errorf("the name %q has a part that storage does not keep: %q", name, part)
		}
	}
	return nil
}
