// SPDX-License-Identifier: MIT

package config

import (
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/cmd/arr/internal/input"
)

func TestParseLease(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"90m": 90 * time.Minute, "1h30m": 90 * time.Minute, "1h30m0s": 90 * time.Minute,
		"01:30:00": 90 * time.Minute, "1:30": 90 * time.Minute,
		"4:0:0": 4 * time.Hour, "24:00:00": 24 * time.Hour, "00:05": 5 * time.Minute,
		" 5m ": 5 * time.Minute, "60s": time.Minute, "0m": 0,
	} {
		lease, err := ParseLease(text)
		require.NoError(t, err, text)
		assert.Equal(t, want, lease, text)
	}
	for _, text := range []string{"", "90", "soon", "-5m", "90s", "00:00:30", "1:60", "1:00:60",
		"1:2:3:4", ":", "::", "1:-2", "99999:00", "9999h",
		"1.00:00:00", "+1:00"} {
		_, err := ParseLease(text)
		assert.Error(t, err, text)
	}
}

func TestAddresses(t *testing.T) {
	for text, want := range map[string]string{
		"westeurope": arr.RegionWestEurope.Endpoint(),
		"WestEurope": arr.RegionWestEurope.Endpoint(),
		"https://remoterendering.westeurope.mixedreality.azure.com/": arr.RegionWestEurope.Endpoint(),
		"westeurope.mixedreality.azure.com":                          arr.RegionWestEurope.Endpoint(),
		"marsnorth": "https://" +
			"remoterendering.marsnorth.mixedreality.azure.com",
		"https://arr.example.com/": "https://arr.example.com",
		"arr.example.com:8443":     "https://arr.example.com:8443",
		"http://127.0.0.1:20210":   "http://127.0.0.1:20210",
		"localhost":                "https://localhost",
	} {
		endpoint, _, err := ParseEndpoint(text)
		require.NoError(t, err, text)
		assert.Equal(t, want, endpoint, text)
	}
	for text, want := range map[string][2]string{
		"eastus2": {"mixedreality.azure.com", ""},
		"https://sts.eastus.mixedreality.azure.com": {"eastus.mixedreality.azure.com", ""},
		"mixedreality.azure.com":                    {"mixedreality.azure.com", ""},
		"https://sts.mixedreality.azure.com":        {"mixedreality.azure.com", ""},
		"sts.arr.test":                              {"arr.test", ""},
		"https://tokens.example.com":                {"", "https://tokens.example.com"},
		"http://127.0.0.1:20210":                    {"", "http://127.0.0.1:20210"},
	} {
		domain, sts, err := parseAccountDomain(text)
		require.NoError(t, err, text)
		assert.Equal(t, want, [2]string{domain, sts}, text)
	}
	for _, text := range []string{"", "ftp://x", "https://", "a b c://", "https://me@x"} {
		_, _, err := ParseEndpoint(text)
		assert.Error(t, err, text)
	}
}

// asItComes is the file as it comes with the script, shortened.
const asItComes = `{
    "accountSettings": {
      "arrAccountId": "<fill in the account ID from the Azure Portal>",
      "arrAccountKey": "<fill in the account key from the Azure Portal>",
      "arrAccountDomain": "<select from available regions: westeurope or specify the full url>"
    },
    "renderingSessionSettings": {
      "remoteRenderingDomain": "<select from available regions: westeurope or specify the full url>",
      "vmSize": "<standard or premium>",
      "maxLeaseTime": "<hh:mm:ss>"
    },
    "assetConversionSettings": {"resourceGroup": "<resource group>", "n": 7}
}`

func TestPlaceholdersAreNotFilledIn(t *testing.T) {
	s := newScene(t)
	s.write("arrconfig.json", "\ufeff"+asItComes)
	assert.ErrorContains(
		t,
		s.fails(),
		"renderingSessionSettings.remoteRenderingDomain in arrconfig.json is not filled in",
	)
	s.inputs.Flags[Endpoint] = "westeurope"
	assert.ErrorContains(
		t,
		s.fails(),
		"accountSettings.arrAccountKey in arrconfig.json is not filled in",
	)
	s.environment["ARR_ACCOUNT_KEY"] = secret
	assert.ErrorContains(
		t,
		s.fails(),
		"accountSettings.arrAccountId in arrconfig.json is not filled in",
	)
	s.environment["ARR_ACCOUNT_ID"] = accountA
	assert.ErrorContains(
		t,
		s.fails(),
		"accountSettings.arrAccountDomain in arrconfig.json is not filled in",
	)
	s.environment["ARR_ACCOUNT_DOMAIN"] = "eastus"
	assert.Equal(t, "eastus.mixedreality.azure.com", s.target().Account.Domain)
	_, err := s.load().SessionSize()
	assert.ErrorContains(
		t,
		err,
		"renderingSessionSettings.vmSize in arrconfig.json is not filled in",
	)
	_, err = s.load().MaxLease()
	assert.ErrorContains(
		t,
		err,
		"renderingSessionSettings.maxLeaseTime in arrconfig.json is not filled in",
	)
}

// parsed returns the settings of an arrconfig.json as it stands on a disk.
func parsed(text string) (map[Name]string, error) {
	decoded, err := input.Decode([]byte(text))
	if err != nil {
		return nil, err
	}
	script, err := parseScript(decoded)
	if err != nil {
		return nil, err
	}
	values := make(map[Name]string)
	for name, value := range script.values {
		values[name] = value.text
	}
	return values, nil
}

func TestScriptSettings(t *testing.T) {
	units := utf16.Encode([]rune("\ufeff" + filledScript))
	little := make([]byte, 0, 2*len(units))
	for _, unit := range units {
		little = append(little, byte(unit), byte(unit>>8))
	}
	for name, text := range map[string]string{
		"UTF-8": filledScript, "with a mark": "\ufeff" + filledScript, "UTF-16": string(little),
		"other case": strings.ReplaceAll(filledScript, "accountSettings", "AccountSettings"),
	} {
		values, err := parsed(text)
		require.NoError(t, err, name)
		assert.Equal(
			t,
			map[Name]string{
				Endpoint:      "westeurope",
				AccountID:     accountB,
				AccountDomain: "eastus2",
				AccountKey:    secret,
				Size:          "premium",
				Lease:         "4:0:0",
			},
			values,
			name,
		)
	}
	for text, want := range map[string]string{
		"{\n\"a\": 1,\n,}":        "line 3, column 1 is not JSON",
		"":                        "it is empty",
		"[]":                      "not a JSON object",
		`{"accountSettings": []}`: "accountSettings is not an object",
		`{"accountSettings": {"arrAccountKey": 1}}`: "accountSettings.arrAccountKey is not text in quotes",
		"\xff\xfe{": "UTF-16 or UTF-32 that ends in the middle",
		`{"accountSettings": {"arrAccountKey": abc==}}`: "line 1, column 39 is not JSON",
	} {
		_, err := parsed(text)
		require.ErrorContains(t, err, want)
		assert.NotContains(t, err.Error(), "abc")
	}
	values, err := parsed(`{"accountSettings": {"arrAccountKey": null, "arrAccountId": " "}}`)
	require.NoError(t, err)
	assert.Empty(t, values)
}

func TestConfigFileMistakesNameTheLine(t *testing.T) {
	for text, want := range map[string]string{
		"\n\n[profiles.work]\nsize = \"x\"\n  acount_id = \"y\"\n": `line 5, column 3: key ` +
			`"profiles.work.acount_id" is not known: did you mean account_id?`,
		"profile = \"work\"\n": `line 1, column 1: key "profile" is not known`,
		"[profiles.work]\nlease = [\"5m\"]\n": `line 2, column 9: key ` +
			`"profiles.work.lease" is not text in quotes`,
		"\ndefault_profile = \"home\"\n": `line 2, column 1: key ` +
			`"default_profile" names a profile that is not there`,
		"[profiles.work]\naccount_key = " + secret + "\n":   "line 2, column 15 is not as it should be",
		"[profiles.work]\nlease = \"5m\"\nlease = \"6m\"\n": "line 3, column 1 is not as it should be",
		"[profiles]\nwork = \"x\"\n":                        "line 2, column 8: key \"profiles.work\" is not a table",
		"profiles = 5\n":                                    `line 1, column 12: key "profiles" is not a table`,
		"[profiles.work]\n[profiles.work]\n":                "line 2, column 2 is not as it should be",
		"[profiles.work]\nlease = 2026-01-01\n":             `line 2, column 9: key "profiles.work.lease" is`,
		"[profiles.w\xfcrk]\n":                              "line 1 has a character that is not UTF-8",
		"[profiles.work]\nkey_stdin = true\n": `line 2, column 1: key ` +
			`"profiles.work.key_stdin" is not known`,
		"[profiles.\"a,b\"]\nsizes = \"x\"\n":                             `key "profiles.\"a,b\".sizes" is not known`,
		"[profiles.\"x y\"]\nlease = \"5m\"\n[profiles.b.c]\nd = \"e\"\n": "not known",
	} {
		_, err := parseFile([]byte(text))
		require.Error(t, err, text)
		assert.Contains(t, err.Error(), want)
		assert.NotContains(t, err.Error(), secret)
	}
	f, err := parseFile(
		[]byte(
			"[profiles.default]\nretries = 0\nallow_http = true\naccount_key_file = \"f\"\n",
		),
	)
	require.NoError(t, err)
	values, used, ok := f.profile("")
	assert.True(t, ok)
	assert.Equal(t, "default", used)
	assert.Equal(t, map[Name]string{Retries: "0", AllowHTTP: "true", KeyFile: "f"}, values)
	_, _, ok = f.profile("other")
	assert.False(t, ok)
}

func TestFilesThatAreNotThere(t *testing.T) {
	s := newScene(t)
	s.inputs.File = "nowhere.toml"
	assert.ErrorContains(t, s.fails(), "cannot read the config file")
	s.inputs.File, s.inputs.Script = "", "nowhere.json"
	assert.ErrorContains(t, s.fails(), "cannot read the settings of the script")
	s.write("big.json", strings.Repeat(" ", input.MaxSize+1))
	s.inputs.Script = "big.json"
	assert.ErrorContains(t, s.fails(), "has more than")
}

func FuzzParseLease(f *testing.F) {
	for _, text := range []string{"90m", "1:30", "01:30:00", "", "-1h", "9999:59:59"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		lease, err := ParseLease(text)
		if err == nil && (lease < 0 || lease > longestLease || lease%time.Minute != 0) {
			t.Errorf("%q: %v", text, lease)
		}
	})
}

func FuzzParseScript(f *testing.F) {
	f.Add([]byte(asItComes))
	f.Add([]byte("\xff\xfe{\x00}\x00"))
	f.Add([]byte("{\x00}\x00"))
	f.Add([]byte(`{"accountSettings": {"region": "eastus", /* old */ "serviceEndpoint": null,},} // x`))
	f.Fuzz(func(t *testing.T, text []byte) {
		values, err := parsed(string(text))
		if err != nil && strings.Contains(err.Error(), "\n") {
			t.Errorf("more than a line: %v", err)
		}
		for name, value := range values {
			if name.members() == nil || value == "" {
				t.Errorf("%q: %q", name, value)
			}
		}
	})
}

func FuzzParseFile(f *testing.F) {
	f.Add([]byte("default_profile = \"p\"\n[profiles.p]\nlease = \"5m\"\n"))
	f.Add([]byte("[profiles.p]\nx = 1\n"))
	f.Add([]byte("\xff\xfe[\x00p\x00"))
	f.Add([]byte("profiles.p = {lease = [1]}\n[profiles.p]\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		decoded, err := input.Decode(text)
		if err != nil {
			return
		}
		parsed, err := parseFile(decoded)
		if err != nil && strings.Contains(err.Error(), "\n") {
			t.Errorf("more than a line: %v", err)
		}
		if err == nil && parsed.defaultProfile != "" &&
			parsed.profiles[parsed.defaultProfile] == nil {
			t.Errorf("%q has no profile %q", text, parsed.defaultProfile)
		}
	})
}

func FuzzParseEndpoint(f *testing.F) {
	for _, text := range []string{"westeurope", "https://x.example", "http://[::1]:80", "a@b"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		endpoint, _, err := ParseEndpoint(text)
		if err == nil && !strings.Contains(endpoint, "://") {
			t.Errorf("%q: %q", text, endpoint)
		}
		_, _, _ = parseAccountDomain(text)
	})
}
