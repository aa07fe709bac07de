// SPDX-License-Identifier: MIT

package naming

import (
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestCheckID(t *testing.T) {
	for id, reason := range map[string]string{
		"":                       "is empty",
		"a":                      "",
		"Session-1_b":            "",
		strings.Repeat("x", 256): "",
		strings.Repeat("x", 257): "has 257 characters; at most 256 are allowed",
		"a/b":                    "has a character that is not allowed",
		"..":                     "has a character that is not allowed",
		"é":                      "has a character that is not allowed",
	} {
		if reason == "" {
			assert.Empty(t, CheckID(id), id)
		} else {
			assert.Contains(t, CheckID(id), reason, id)
		}
	}
}

func TestUUIDs(t *testing.T) {
	assert.True(t, IsUUID(NewUUID()))
	assert.NotEqual(t, NewUUID(), NewUUID())
	assert.True(t, IsUUID("00000000-1111-2222-3333-44445555ABCD"))
	for _, text := range []string{
		"", "00000000111122223333444455556666", "00000000-1111-2222-3333-44445555666g",
		"00000000-1111-2222-3333-4444555566667", "{0000000-1111-2222-3333-44445555666}",
	} {
		assert.False(t, IsUUID(text), text)
	}
}

func TestHosts(t *testing.T) {
	assert.Equal(t, Sample, RenderingEndpoint("westeurope"))
	assert.Equal(t, "westeurope.mixedreality.azure.com", AccountDomain("westeurope"))
	assert.Equal(t, "mixedreality.azure.com", AccountDomain("eastus2"))
	for host, want := range map[string]bool{
		"mixedreality.azure.com":          true,
		"STS.Mixedreality.azure.com":      true,
		"evilmixedreality.azure.com":      false,
		"mixedreality.azure.com.example":  false,
		"sts.uksouth.mixedreality.local":  false,
		"a.b.c.mixedreality.azure.com":    true,
		"remoterendering.example":         false,
		"mixedreality.azure.com:443":      false,
		"remoterendering.mixedreality.aa": false,
	} {
		assert.Equal(t, want, UnderServiceDomain(host), host)
	}
}

func TestParseEndpoint(t *testing.T) {
	for endpoint, want := range map[string]string{
		Sample:                          Sample + "/",
		"  https://Host.example:443/  ": "https://host.example/",
		"http://127.0.0.1:80":           "http://127.0.0.1/",
		"https://host:8443/base//":      "https://host:8443/base",
		"https://[::1]:443":             "https://[::1]/",
	} {
		address, reason := ParseEndpoint(endpoint, true)
		require.Empty(t, reason, endpoint)
		assert.Equal(t, want, address.String())
	}
	for endpoint, reason := range map[string]string{
		"":                       "is empty",
		"westeurope":             "is not an address",
		"https://":               "is not an address",
		"https://:443":           "is not an address",
		"https://u:secret@host":  "user name or password",
		"https://host?a=secret":  "query",
		"https://host?":          "query",
		"https://host#f":         "fragment",
		"http://host":            "not https",
		"ftp://host":             "must begin with https://",
		"https://host/%zzsecret": "is not an address",
	} {
		_, got := ParseEndpoint(endpoint, false)
		assert.Contains(t, got, reason, endpoint)
		assert.NotContains(t, got, "secret")
	}
}

func TestHostsInTheWrongPlace(t *testing.T) {
	address := func(host string) *url.URL { return &url.URL{Scheme: "https", Host: host} }
	assert.Empty(t, CheckRenderingHost(address("remoterendering.uksouth."+ServiceDomain)))
	assert.Empty(t, CheckRenderingHost(address("127.0.0.1:8080")))
	assert.Contains(t, CheckRenderingHost(address("sts."+ServiceDomain)), "is a token service")
	assert.Contains(t, CheckRenderingHost(address("uksouth."+ServiceDomain)), "is an account domain")
	assert.Empty(t, CheckSTSHost(address("sts.uksouth."+ServiceDomain)))
	assert.Contains(t, CheckSTSHost(address("uksouth."+ServiceDomain)), "is not a token service")
	for domain, reason := range map[string]string{
		"uksouth." + ServiceDomain:         "",
		"":                                 "is empty",
		"https://uksouth." + ServiceDomain: "leave out scheme",
		"sts.uksouth." + ServiceDomain:     `leave out "sts."`,
		"remoterendering.uksouth." + ServiceDomain: "is a rendering endpoint",
	} {
		assert.Contains(t, CheckAccountDomain(domain), reason, domain)
	}
}

func TestNextLinks(t *testing.T) {
	first, err := url.Parse("https://host.example/base/accounts/A1/sessions")
	require.NoError(t, err)
	for link, want := range map[string]string{
		"?skiptoken=2": "https://host.example/base/accounts/A1/sessions?skiptoken=2",
		"https://HOST.example:443/base/accounts/a1/sessions?s=2": "https://HOST.example:443" +
			"/base/accounts/a1/sessions?s=2",
		"/base/accounts/A1/other?s=1#x": "https://host.example/base/accounts/A1/other?s=1",
	} {
		got, err := NewNextLinks(first).Follow(link)
		require.NoError(t, err, link)
		assert.Equal(t, want, got)
	}
	for _, link := range []string{
		"https://evil.example/base/accounts/A1/sessions", "//evil.example/base/accounts/A1/sessions",
		"http://host.example/base/accounts/A1/sessions?s=2", "https://host.example:8443/base/accounts/A1/s",
		"https://u@host.example/base/accounts/A1/sessions?s=2", "/base/accounts/A2/sessions",
		"../../A2/sessions", "/base/accounts/A1/..%2fA2/sessions",
	} {
		_, err := NewNextLinks(first).Follow(link)
		var foreign *ForeignLinkError
		assert.ErrorAs(t, err, &foreign, link)
	}
	links := NewNextLinks(first)
	_, err = links.Follow("?api-version=2021-01-01")
	assert.ErrorContains(t, err, "twice", "the first page")
	_, err = links.Follow("?s=2")
	require.NoError(t, err)
	_, err = links.Follow("?s=2&api-version=other")
	assert.ErrorContains(t, err, "twice")
	_, err = links.Follow("https://host.example/%zz?sig=secret")
	assert.EqualError(t, err, "the next link is not an address")
}

func TestRegionOf(t *testing.T) {
	for host, want := range map[string]string{
		"remoterendering.westeurope.mixedreality.azure.com": "westeurope",
		"RemoteRendering.UKSouth.arr.test":                  "uksouth",
		"remoterendering.westus2.localhost":                 "westus2",
		"remoterendering.mixedreality.azure.com":            "",
		"remoterendering.arr.test":                          "",
		"remoterendering.example":                           "",
		"sts.westeurope.mixedreality.azure.com":             "",
		"127.0.0.1":                                         "",
		"":                                                  "",
	} {
		assert.Equal(t, want, RegionOf(host), host)
	}
}
