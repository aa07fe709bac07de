// SPDX-License-Identifier: MIT

package config

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	arr "github.com/arr-go/azremoterendering"
)

// scriptOf returns an arrconfig.json whose account settings have further members.
func scriptOf(members string) string {
	return `{"accountSettings": {"arrAccountId": "` + accountB + `", "arrAccountKey": "` + secret + `", ` +
		members + `}, "renderingSessionSettings": {"vmSize": "premium", "maxLeaseTime": "4:0:0"}}`
}

func TestSettingsOfEveryReleaseOfTheScript(t *testing.T) {
	for name, test := range map[string]struct {
		members                   string
		endpoint, domain, service string
	}{
		"a region for both": {
			`"region": "westus2"`,
			arr.RegionWestUS2.Endpoint(), "westus2.mixedreality.azure.com", "",
		},
		"a region and addresses without a value": {
			`"region": "eastus", "authenticationEndpoint": null, "serviceEndpoint": null`,
			arr.RegionEastUS.Endpoint(), "eastus.mixedreality.azure.com", "",
		},
		"addresses": {
			`"serviceEndpoint": "https://remoterendering.westeurope.mixedreality.azure.com",
			"authenticationEndpoint": "https://sts.mixedreality.azure.com"`,
			arr.RegionWestEurope.Endpoint(), "mixedreality.azure.com", "",
		},
		"addresses before a region": {
			`"region": "eastus", "serviceEndpoint": "https://arr.example.com",
			"authenticationEndpoint": "https://tokens.example.com"`,
			"https://arr.example.com", "", "https://tokens.example.com",
		},
		"addresses before a placeholder": {
			`"region": "<select from available regions>", "serviceEndpoint": "https://arr.example.com",
			"arrAccountDomain": "<select>", "authenticationEndpoint": "https://sts.eastus.mixedreality.azure.com"`,
			"https://arr.example.com", "eastus.mixedreality.azure.com", "",
		},
		"a region before a placeholder": {
			`"region": "eastus2", "serviceEndpoint": "<optional>"`,
			arr.RegionEastUS2.Endpoint(), "mixedreality.azure.com", "",
		},
		"members in other case": {
			`"Region": "ukSouth"`,
			arr.RegionUKSouth.Endpoint(), "uksouth.mixedreality.azure.com", "",
		},
		"the region as the portal shows it": {
			`"region": "West Europe"`,
			arr.RegionWestEurope.Endpoint(), "westeurope.mixedreality.azure.com", "",
		},
		"comments and trailing commas": {
			"// ours\n\"region\": \"westeurope\", /* not\n\"region\": \"eastus\" */ ",
			arr.RegionWestEurope.Endpoint(), "westeurope.mixedreality.azure.com", "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t)
			s.write("arrconfig.json", scriptOf(test.members))
			target := s.target()
			assert.Equal(t, test.endpoint, target.Endpoint)
			assert.Equal(t, test.domain, target.Account.Domain)
			assert.Equal(t, test.service, target.STSEndpoint)
			assert.Equal(t, secret, target.Secret)
		})
	}
}

func TestWhatOverridesAnOlderMemberIsTheNewerOne(t *testing.T) {
	s := newScene(t)
	s.write("arrconfig.json", strings.Replace(
		scriptOf(`"serviceEndpoint": "https://old.example.com", "region": "eastus",
		"authenticationEndpoint": "https://sts.old.example.com", "arrAccountDomain": "japaneast"`),
		`"vmSize"`, `"remoteRenderingDomain": "japaneast", "vmSize"`, 1))
	target := s.target()
	assert.Equal(t, arr.RegionJapanEast.Endpoint(), target.Endpoint)
	assert.Equal(t, "japaneast.mixedreality.azure.com", target.Account.Domain)
	_, ignored := s.load().Ignored()
	assert.Equal(t, []string{
		"accountSettings.authenticationEndpoint",
		"accountSettings.region",
		"accountSettings.serviceEndpoint",
	}, ignored)
}

func TestWhatIsIgnoredIsNamed(t *testing.T) {
	s := newScene(t)
	s.write("arrconfig.json", `{"$schema": "x", "accountSetings": {"a": 1}, "assetConversionSettings": {"b": 2},
"accountSettings": {"arrAcountKey": "`+secret+`", "subscription": 7, "region": "eastus"},
"renderingSessionSettings": null, "`+strings.Repeat("Zm9v+", 20)+`": 1, "a\u001b[2Jb": 1}`)
	path, ignored := s.load().Ignored()
	assert.Equal(t, "arrconfig.json", path)
	assert.ElementsMatch(t, []string{
		"$schema",
		"accountSetings (did you mean accountSettings?)",
		"assetConversionSettings.b",
		"accountSettings.arrAcountKey (did you mean accountSettings.arrAccountKey?)",
		"accountSettings.subscription",
		"(100 characters)",
		"a\ufffd[2Jb",
	}, ignored)
}

func TestAmbiguousMembersAreRefused(t *testing.T) {
	for text, want := range map[string]string{
		"{\n\"accountSettings\": {},\n\"AccountSettings\": {}}": `line 1: ` +
			`"AccountSettings" is there twice`,
		"{\n\"accountSettings\": {\"region\": \"a\",\n\"REGION\": \"b\"}}": `line 2: ` +
			`accountSettings: "REGION" is there twice`,
		"{\n\n\"accountSettings\":\n[\"region\"]}": "line 4: " +
			"accountSettings is not an object",
		"{\"renderingSessionSettings\": {\n\"maxLeaseTime\": 4}}": "line 2: " +
			"renderingSessionSettings.maxLeaseTime is not text",
		"{\"accountSettings\": {\"region\": 'eastus'}}": "line 1, column 32 is not JSON",
		"{\"accountSettings\": {\"arrAccountKey\": \"M\xfcller\"}}": "line 1 has a " +
			"character that is not UTF-8",
		"{\n\"accountSettings\": {\"arrAccountKey\": \"" + secret + "\n\"}}\n": "line 2, column 38 is not JSON",
	} {
		s := newScene(t)
		s.write("arrconfig.json", text)
		assert.ErrorContains(t, s.fails(), want)
	}
}

// inEncodings returns a text as editors and shells write it.
func inEncodings(text string) map[string]string {
	wide := func(text string, big bool, width int) string {
		var out []byte
		for _, unit := range utf16.Encode([]rune(text)) {
			bytes := []byte{byte(unit), byte(unit >> 8), 0, 0}[:width]
			for i := range bytes {
				if big {
					out = append(out, bytes[width-1-i])
				} else {
					out = append(out, bytes[i])
				}
			}
		}
		return string(out)
	}
	return map[string]string{
		"UTF-8":                              text,
		"UTF-8 with a mark":                  "\ufeff" + text,
		"UTF-16, little-endian":              wide("\ufeff"+text, false, 2),
		"UTF-16, big-endian":                 wide("\ufeff"+text, true, 2),
		"UTF-16, little-endian without mark": wide(text, false, 2),
		"UTF-16, big-endian without mark":    wide(text, true, 2),
		"UTF-32, little-endian":              wide("\ufeff"+text, false, 4),
		"UTF-32, big-endian":                 wide("\ufeff"+text, true, 4),
		"with line ends of Windows":          strings.ReplaceAll(text, "\n", "\r\n"),
	}
}

func TestSettingsFilesInEveryEncoding(t *testing.T) {
	for name, text := range inEncodings(filledScript + "\n") {
		s := newScene(t)
		s.write("arrconfig.json", text)
		assert.Equal(t, accountB, s.target().Account.ID, name)
	}
	profile := "[profiles.default]\nregion = \"eastus\"\naccount_id = \"" + accountA + "\"\n"
	for name, text := range inEncodings(profile) {
		s := newScene(t)
		s.config(text)
		assert.Equal(t, accountA, s.target().Account.ID, name)
	}
}

func TestOnlyRegularFilesAreRead(t *testing.T) {
	s := newScene(t)
	require.NoError(t, os.Mkdir("arrconfig.json", 0o700))
	assert.ErrorContains(t, s.fails(), "arrconfig.json is a folder, not a file")
	s.inputs.Script, s.inputs.File = "", "."
	assert.ErrorContains(t, s.fails(), "is a folder, not a file")
	s.inputs.File = os.DevNull
	require.NoError(t, os.Remove("arrconfig.json"))
	assert.True(t, IsUnconfigured(s.fails()), "the null device is an empty file")
	if runtime.GOOS == "windows" {
		return // where making a link takes a right
	}
	s.write(filepath.Join("real", "a.json"), filledScript)
	require.NoError(t, os.Symlink(filepath.Join("real", "a.json"), "arrconfig.json"))
	assert.Equal(t, accountB, s.target().Account.ID, "a link to a file is as good")
}
