// SPDX-License-Identifier: MIT

package emulator_test

import (
	"encoding/base64"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator"
)

// The host of a request says which region it is for.
func TestRegionOfAHost(t *testing.T) {
	limited := []azremoterendering.Region{"eastus2"}
	for _, test := range []struct {
		host, domain string
		regions      []azremoterendering.Region
		region       string // as in the host name of a server; "" if it is not served
	}{
		{"remoterendering.uksouth.mixedreality.azure.com", "", nil, "uksouth"},
		{"RemoteRendering.UKSouth.MixedReality.azure.com:443", "", nil, "uksouth"},
		{"remoterendering.uksouth.mixedreality.azure.com.", "", nil, "uksouth"},
		{"remoterendering.mars1.example:8443", "", nil, "mars1"},
		{"remoterendering.uksouth.arr.test", "arr.test", nil, "uksouth"},
		{"127.0.0.1:8080", "", nil, "westeurope"},
		{"[::1]:8080", "", nil, "westeurope"},
		{"localhost", "", nil, "westeurope"},
		{"sts.uksouth.mixedreality.azure.com", "", nil, "westeurope"},
		{"remoterendering.example", "", nil, "westeurope"},
		{"remoterendering.mixedreality.azure.com", "", nil, "westeurope"},
		{"remoterendering.mixedreality.azure.com.:443", "arr.test", nil, "westeurope"},
		{"remoterendering.arr.test", "arr.test", nil, "westeurope"},
		{"remoterendering.no-region.example", "", nil, "westeurope"},
		{"remoterendering..example", "", nil, "westeurope"},
		{"xremoterendering.uksouth.example", "", nil, "westeurope"},
		{"remoterendering.eastus2.example", "", limited, "eastus2"},
		{"remoterendering.westeurope.example", "", limited, "westeurope"},
		{"localhost", "", limited, "westeurope"},
		{"remoterendering.uksouth.example", "", limited, ""},
		{"remoterendering.eastus2.example", "", []azremoterendering.Region{}, ""},
	} {
		s := start(t, emulator.Options{Domain: test.domain, Regions: test.regions}).in(test.host)
		r := s.put("a", standard5)
		if test.region == "" {
			assert.Equal(t, http.StatusNotFound, r.status, test.host)
			assert.Empty(t, r.body)
			continue
		}
		require.Equal(t, http.StatusCreated, r.status, test.host)
		domain := "mixedreality.azure.com"
		if test.domain != "" {
			domain = test.domain
		}
		assert.True(
			t,
			strings.HasSuffix(s.look("a").Hostname, ".remoterendering.vm."+test.region+"."+domain),
			"%s: %s",
			test.host,
			s.look("a").Hostname,
		)
	}
}

func TestRegionsAreApart(t *testing.T) {
	here := start(t, emulator.Options{Decisions: emulator.Decisions{PageSize: 1}})
	there := here.in("remoterendering.eastus2.mixedreality.azure.com")
	alias := here.in("remoterendering.westeurope.mixedreality.azure.com")

	here.create("a", standard5)
	assert.Equal(t, "Ready", alias.look("a").Status, "the default region has a name too")
	assert.Equal(t, http.StatusNotFound, there.get("a").status)
	assert.Equal(t, http.StatusNotFound, there.stop("a").status)
	assert.Equal(t, http.StatusNotFound, there.patch("a", `{"maxLeaseTimeMinutes":6}`).status)
	assert.Empty(t, there.walk())

	there.create("a", `{"maxLeaseTimeMinutes":7,"size":"Standard"}`)
	there.create("b", standard5)
	assert.InDelta(t, 8.1, there.look("a").Teraflops, 0.001, "that of East US 2")
	assert.InDelta(t, 10.6, here.look("a").Teraflops, 0.001)
	assert.Equal(t, http.StatusNoContent, there.stop("a").status)
	assert.Equal(t, "Ready", here.look("a").Status)
	assert.Equal(t, []string{"a"}, here.walk())
	assert.Equal(t, []string{"b"}, there.walk())
}

// SetStatus goes by the id, which several places may know.
func TestSetStatusAcrossRegionsAndAccounts(t *testing.T) {
	here := start(t, twoAccounts)
	there := here.in("remoterendering.eastus2.example")
	others := here.as(otherID)
	there.create("there", standard5)
	require.NoError(t, here.SetStatus("there", azremoterendering.SessionStatusError))
	assert.Equal(t, "Error", there.look("there").Status)

	there.create("a", standard5)
	others.create("a", standard5)
	require.ErrorContains(t, here.SetStatus("a", azremoterendering.SessionStatusError), "several")
	here.create("a", standard5)
	require.NoError(t, here.SetStatus("a", azremoterendering.SessionStatusError))
	assert.Equal(t, []string{"Error", "Ready", "Ready"},
		[]string{here.look("a").Status, there.look("a").Status, others.look("a").Status})
}

func TestDomain(t *testing.T) {
	options := twoAccounts
	options.Domain = "arr.test"
	s := start(t, options)
	for _, account := range s.Accounts() {
		assert.Equal(t, "arr.test", account.Domain)
	}
	claims, err := base64.RawURLEncoding.DecodeString(strings.Split(s.token, ".")[1])
	require.NoError(t, err)
	assert.Contains(t, string(claims), `"iss":"https://sts.arr.test/"`)
	for _, host := range []string{"sts.arr.test", "sts.uksouth.arr.test", "localhost:1"} {
		s.in(host).authorize()
	}

	client, err := s.SessionsClient(&azremoterendering.SessionsClientOptions{})
	require.NoError(t, err)
	response, err := client.NewListPager(nil).NextPage(t.Context())
	require.NoError(t, err)
	assert.Empty(t, response.Sessions)

	for _, domain := range []string{
		"Arr.test", "arr..test", ".test", "arr.test.", "127.0.0.1", "arr.test/x", "arr.test:80",
		"-a.test", strings.Repeat("a", 151),
	} {
		_, err := emulator.New(emulator.Options{Domain: domain})
		require.ErrorContains(t, err, "Options.Domain", domain)
	}
	_, err = emulator.New(
		emulator.Options{Regions: []azremoterendering.Region{"eastus", "East US"}},
	)
	require.ErrorContains(t, err, `Options.Regions[1] "East US"`)
}
