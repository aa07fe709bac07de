// SPDX-License-Identifier: MIT

package blobconverter_test

import (
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering/emulator/conversion/blobconverter"
)

func TestAllowHosts(t *testing.T) {
	allow := blobconverter.AllowHosts(".blob.core.windows.net", "localhost", "127.0.0.1", "[::1]", "Azurite")
	for address, allowed := range map[string]bool{
		"https://models.blob.core.windows.net/in":             true,
		"https://models.z7.BLOB.core.windows.net:443/in":      true,
		"https://models.blob.core.windows.net./in":            true,
		"http://models.blob.core.windows.net/in":              false,
		"https://blob.core.windows.net/in":                    false,
		"https://models.blob.core.windows.net.evil.test/in":   false,
		"https://evilblob.core.windows.net/in":                false,
		"http://localhost:10000/devstoreaccount1/in":          true,
		"http://127.0.0.1:10000/devstoreaccount1/in":          true,
		"http://127.0.0.2:10000/devstoreaccount1/in":          false,
		"http://[::1]:10000/devstoreaccount1/in":              true,
		"http://[0:0:0:0:0:0:0:1]:10000/devstoreaccount1/in":  true,
		"http://azurite:10000/devstoreaccount1/in":            true,
		"http://metadata.azurite:10000/devstoreaccount1/in":   false,
		"http://169.254.169.254/metadata/instance":            false,
		"https://models.blob.core.windows.net@evil.test/in":   false,
		"https://evil.test/.blob.core.windows.net/localhost":  false,
		"https://models.blob.core.chinacloudapi.cn/container": false,
	} {
		container, err := url.Parse(address)
		require.NoError(t, err)
		assert.Equal(t, allowed, allow(container) == nil, "%s: %v", address, allow(container))
	}
}
