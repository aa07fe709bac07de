// SPDX-License-Identifier: MIT

package config

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	arr "github.com/arr-go/azremoterendering"
)

func TestAMisspeltRegionGetsTheOneThatWasMeant(t *testing.T) {
	for text, meant := range map[string]string{
		"westeurop":     "westeurope",
		"WestEurpoe":    "westeurope",
		"west-europe":   "westeurope",
		"est-us":        "eastus",
		"uksuoth":       "uksouth",
		"southeastasai": "southeastasia",
		"norteurope":    "northeurope",
	} {
		for _, name := range []Name{Region, Endpoint, AccountDomain} {
			s := newScene(t)
			s.environment["ARR_ACCOUNT_ID"], s.environment["ARR_ACCOUNT_KEY"] = accountA, secret
			s.inputs.Flags[Endpoint] = "eastus"
			if name == Region {
				delete(s.inputs.Flags, Endpoint)
			}
			s.inputs.Flags[name] = text
			err := s.fails()
			assert.ErrorContains(t, err, "--"+string(name)+": there is no region")
			assert.ErrorContains(t, err, "did you mean "+meant+"?")
		}
	}
	s := newScene(t)
	s.write("arrconfig.json", scriptOf(`"region": "westeurop"`))
	assert.ErrorContains(t, s.fails(), "accountSettings.region in arrconfig.json: there is no region")
}

// The set of regions is open, and so are the names of hosts.
func TestWhatMayBeMeantAsItIsIsNoMisspelling(t *testing.T) {
	for text, want := range map[string]string{
		"westus3":        arr.Region("westus3").Endpoint(),
		"eastus3":        arr.Region("eastus3").Endpoint(),
		"japanwest":      arr.Region("japanwest").Endpoint(),
		"northcentralus": arr.Region("northcentralus").Endpoint(),
		"marsnorth":      arr.Region("marsnorth").Endpoint(),
		"eastos.example": "https://eastos.example",
		"eastos:8443":    "https://eastos:8443",
		"https://eastos": "https://eastos",
		"West Europe":    arr.RegionWestEurope.Endpoint(),
		" UK South ":     arr.RegionUKSouth.Endpoint(),
		"East US 2":      arr.RegionEastUS2.Endpoint(),
		"https://remoterendering.westeurop.mixedreality.azure.com": arr.Region("westeurop").Endpoint(),
	} {
		endpoint, _, err := ParseEndpoint(text)
		require.NoError(t, err, text)
		assert.Equal(t, want, endpoint, text)
	}
}

func TestMisspeltNamesInTheConfigFile(t *testing.T) {
	for key, meant := range map[string]string{
		"acount_id": "account_id", "Regoin": "region", "account-key": "account_key", "leese": "lease",
	} {
		s := newScene(t)
		s.config("[profiles.default]\n" + key + " = \"" + secret + "\"\n")
		assert.ErrorContains(t, s.fails(), "is not known: did you mean "+meant+"?")
	}
	s := newScene(t)
	s.config("[profiles.work]\n[profiles.lab]\n")
	for profile, want := range map[string]string{
		"wrok": "did you mean work?", "Lab": "did you mean lab?", `"work"`: "did you mean work?",
	} {
		s.inputs.Profile = profile
		assert.ErrorContains(t, s.fails(), want)
	}
	s.inputs.Profile = "elsewhere"
	assert.NotContains(t, s.fails().Error(), "did you mean")
}

// cmd.exe and docker --env-file keep quotes, and so do people who paste.
func TestAValueInQuotesIsTold(t *testing.T) {
	for name, test := range map[string]struct {
		variable, value string
	}{
		"a key":                    {"ARR_ACCOUNT_KEY", `"` + secret + `"`},
		"a key in single quotes":   {"ARR_ACCOUNT_KEY", `'` + secret + `'`},
		"a key out of a text":      {"ARR_ACCOUNT_KEY", "\u201c" + secret + "\u201d"},
		"a token":                  {"ARR_ACCESS_TOKEN", `"` + secret + `"`},
		"an id":                    {"ARR_ACCOUNT_ID", `"` + accountB + `"`},
		"a region":                 {"ARR_REGION", "`westeurope`"},
		"a domain":                 {"ARR_ACCOUNT_DOMAIN", `"eastus"`},
		"the address of a service": {"ARR_STS_ENDPOINT", `"https://sts.arr.example.com"`},
		"a path":                   {"ARR_CA_FILE", `"~/ca.pem"`},
		"a tenant":                 {"ARR_TENANT", `"t"`},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t)
			s.environment["ARR_ACCOUNT_ID"] = accountA
			s.inputs.Flags[Region] = "eastus"
			if test.variable == "ARR_REGION" {
				delete(s.inputs.Flags, Region)
			}
			s.environment[test.variable] = test.value
			assert.ErrorContains(t, s.fails(), test.variable+" is still in quotes: remove the quotes")
		})
	}
	s := newScene(t)
	s.write("arrconfig.json", strings.Replace(filledScript, secret, "'"+secret+"'", 1))
	assert.ErrorContains(t, s.fails(), "arrAccountKey in arrconfig.json is still in quotes")
	s.write("arrconfig.json", strings.Replace(filledScript, secret, `'`, 1))
	assert.Equal(t, "'", s.target().Secret, "one quote is not around anything")
}
