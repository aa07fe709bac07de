// SPDX-License-Identifier: MIT

package emulator_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator"
)

// What changed in the hosted service from year to year, as recorded.
func TestVintages(t *testing.T) {
	const (
		numbered = `^\d{9,10}-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.remoterendering\.vm\.eastus2\.`
		lettered = `^arreustandard[0-9a-f]{32}\.remoterendering\.vm\.eastus2\.`
		old      = "2021-01-01-preview, 2021-01-01"
	)
	for vintage, want := range map[emulator.Vintage]struct {
		versions, host, missingAsset string
		preview                      int  // the status of a request with 2021-08-01-preview
		secondID                     bool // of the token service
	}{
		0:                    {old + ", 2021-08-01-preview", lettered, "InputContainerError", 200, true},
		emulator.Vintage2021: {old, numbered, "ConversionProcessFailed", 400, false},
		emulator.Vintage2022: {old + ", 2021-08-01-preview", lettered, "ConversionProcessFailed", 200, false},
		emulator.Vintage2023: {old + ", 2021-08-01-preview", lettered, "InputContainerError", 200, true},
	} {
		s := start(t, emulator.Options{
			Region:    azremoterendering.RegionEastUS2,
			Decisions: emulator.Decisions{Vintage: vintage},
		})
		s.create("a", standard5)
		r := s.get("a")
		assert.Equal(t, want.versions, r.header.Get("api-supported-versions"))
		assert.Regexp(t, want.host, r.session(t).Hostname)
		r = s.call(http.MethodGet, s.list()+"?api-version=2021-08-01-preview", "")
		assert.Equal(t, want.preview, r.status)

		exchange := s.send(http.MethodGet, s.sts(), "", nil)
		assert.Equal(t, want.secondID, exchange.header.Get("Mise-Correlation-Id") != "")
		assert.NotContains(t, r.header, "Mise-Correlation-Id", "only the token service sends it")
	}
}

// Teraflops of Standard are those that were recorded.
func TestTeraflopsByRegion(t *testing.T) {
	for region, want := range map[azremoterendering.Region]float64{
		azremoterendering.RegionEastUS:     8.1,
		azremoterendering.RegionEastUS2:    8.1,
		azremoterendering.RegionWestEurope: 10.6,
		azremoterendering.RegionWestUS2:    14,
	} {
		s := start(t, emulator.Options{Region: region})
		s.create("a", standard5)
		assert.InDelta(t, want, s.get("a").session(t).Teraflops, 0.001, region)
	}
}

// A slash at the end of the path of a list makes no difference.
func TestListsWithASlash(t *testing.T) {
	s := start(t, emulator.Options{})
	s.create("a", standard5)
	account := "/accounts/" + s.Account().ID
	for _, list := range []string{account + "/sessions", account + "/conversions"} {
		plain := s.call(http.MethodGet, list+apiVersion, "")
		slashed := s.call(http.MethodGet, list+"/"+apiVersion, "")
		assert.Equal(t, http.StatusOK, slashed.status)
		assert.Equal(t, plain.body, slashed.body)
	}
	r := s.call(http.MethodPut, account+"/sessions/"+apiVersion, standard5)
	assert.Equal(t, http.StatusMethodNotAllowed, r.status)
}
