// SPDX-License-Identifier: MIT

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering/cmd/arr/internal/failure"
	"github.com/arr-go/azremoterendering/emulator"
)

// file writes a file and returns its path.
func file(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

func TestConfigShowsSourcesAndNoSecrets(t *testing.T) {
	script := file(
		t,
		"arrconfig.json",
		"\ufeff"+`{"accountSettings":{"arrAccountId":"00000000-1111-2222-3333-444455556666",
"arrAccountKey":"the-secret-key","arrAccountDomain":"eastus2"},
"renderingSessionSettings":{"remoteRenderingDomain":"<select>","vmSize":"standard","maxLeaseTime":"<hh:mm:ss>"}}`,
	)
	profile := file(
		t,
		"config.toml",
		"default_profile = \"work\"\n[profiles.work]\nregion = \"westeurope\"\naccess_token = \"another-secret-key\"\n",
	)
	environment := []string{"ARR_LEASE=2h"}
	var record transcript
	for _, args := range [][]string{
		{"config"}, {"config", "--output", "json"}, {"config", "--quiet"},
		{"config", "--region", "eastus", "--auth", "entra"},
	} {
		r := runArr(t, environment, "", append(args, "--config", profile, "--arrconfig", script)...)
		require.Equal(t, failure.OK, r.code, r.stderr)
		for old, placeholder := range map[string]string{profile: "config.toml", script: "arrconfig.json"} {
			r.stdout = strings.ReplaceAll(r.stdout, old, placeholder)
		}
		record.add(args, r)
	}
	record.compare(t, "config.txt")
}

func TestConfigNamesWhatItDoesNotUse(t *testing.T) {
	script := file(t, "arrconfig.json", `{
  // kept from an older release
  "accountSettings": {"region": "eastus", "arrAcountKey": "the-secret-key",},
  "assetConversionSettings": {"resourceGroup": "the-secret-key"},
}`)
	r := runArr(t, nil, "", "config", "--arrconfig", script)
	require.Equal(t, failure.OK, r.code, r.stderr)
	assert.Contains(t, r.stdout, "eastus")
	assert.Contains(t, r.stderr, "Not used in "+script+": "+
		"accountSettings.arrAcountKey (did you mean accountSettings.arrAccountKey?), "+
		"assetConversionSettings.resourceGroup\n")
	assert.NotContains(t, r.stdout+r.stderr, "the-secret-key")
	assert.NotContains(t, runArr(t, nil, "", "config", "--quiet", "--arrconfig", script).stderr, "Not used")
}

func TestAKeyInTheWrongPlaceIsNotShown(t *testing.T) {
	environment := []string{
		"ARR_ENDPOINT=westeurope",
		"ARR_ACCOUNT_ID=a-secret-key-of-some-length-with-a-number-1=",
		"ARR_ACCOUNT_KEY=k",
	}
	for _, args := range [][]string{{"config"}, {"config", "--output", "json"}, {"session", "list"}} {
		runArr(t, environment, "", args...) // which looks for it
	}
	assert.Contains(
		t,
		runArr(t, environment, "", "config").stdout,
		"(hidden: it is not an account id, and may be a key)",
	)
}

func TestScriptSettingsAreEnough(t *testing.T) {
	service := newTestService(t, emulator.Options{})
	service.ready("demo")
	cmd := command(t, nil, "session", "list", "--quiet")
	cmd.Dir = filepath.Dir(
		file(
			t,
			"arrconfig.json",
			`{"accountSettings":{"arrAccountId":"`+service.Account().ID+`","arrAccountKey":"`+service.Key()+`",
"arrAccountDomain":"`+service.url+`"},"renderingSessionSettings":{"remoteRenderingDomain":"`+service.url+`"}}`,
		),
	)
	output, err := cmd.Output()
	require.NoError(t, err)
	assert.Equal(t, "demo\n", string(output))
}

func TestMistakesInSettings(t *testing.T) {
	profile := file(t, "config.toml", "\n[profiles.default]\nendpont = \"westeurope\"\n")
	script := file(
		t,
		"arrconfig.json",
		`{"renderingSessionSettings":{"remoteRenderingDomain":"<select from available regions>"}}`,
	)
	for want, args := range map[string][]string{
		`config.toml: line 3, column 1: key "profiles.default.endpont" is not known`:        {"--config", profile},
		"renderingSessionSettings.remoteRenderingDomain in " + script + " is not filled in": {"--arrconfig", script},
		"--endpoint and --region exclude each " +
			"other": {"--endpoint", "eastus", "--region", "eastus"},
		"--key-file and --key-stdin exclude each other": {"--region", "eastus", "--key-file", "x", "--key-stdin"},
		"give one of key, token, entra":                 {"--region", "eastus", "--auth", "x"},
	} {
		r := runArr(t, nil, "", append([]string{"session", "list"}, args...)...)
		assert.Equal(t, failure.Usage, r.code)
		assert.Contains(t, r.stderr, want)
		assert.Contains(t, r.stderr, "See: arr session list --help")
	}
}

func TestTLSWithItsAuthority(t *testing.T) {
	authority, err := emulator.OpenAuthority(t.TempDir(), "arr.test")
	require.NoError(t, err)
	service := newTestService(t, emulator.Options{})
	server, err := service.ListenTLS("", authority.TLSConfig())
	require.NoError(t, err)
	t.Cleanup(func() { _ = server.Close() })
	environment := append(
		service.environment,
		"ARR_ENDPOINT="+server.URL,
		"ARR_STS_ENDPOINT="+server.URL,
	)
	r := runArr(
		t,
		append(environment, "ARR_CA_FILE="+authority.CertificateFile()),
		"",
		"session",
		"list",
	)
	assert.Equal(t, failure.OK, r.code, r.stderr)
	r = runArr(t, environment, "", "session", "list")
	assert.Equal(t, failure.Other, r.code)
	assert.Contains(t, r.stderr, "certificate")
	r = runArr(
		t,
		nil,
		"",
		"regions",
		"--latency",
		"--endpoint",
		server.URL,
		"--ca-file",
		authority.CertificateFile(),
		"--output",
		"json",
	)
	assert.Equal(t, failure.OK, r.code, r.stderr)
	assert.Contains(t, r.stdout, `"tlsMilliseconds":`)
}
