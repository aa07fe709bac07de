// SPDX-License-Identifier: MIT

package config

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	arr "github.com/arr-go/azremoterendering"
)

const (
	accountA = "00000000-1111-2222-3333-444455556666"
	accountB = "99999999-1111-2222-3333-444455556666"
	secret   = "c2VjcmV0LWtleQ=="
)

// scene is a machine with files and variables.
type scene struct {
	t           *testing.T
	inputs      Inputs
	environment map[string]string
}

// newScene makes a machine with nothing configured, whose working folder is empty.
func newScene(t *testing.T) *scene {
	s := &scene{t: t, environment: make(map[string]string)}
	folder := t.TempDir()
	t.Setenv("HOME", folder)
	t.Setenv("XDG_CONFIG_HOME", folder)
	t.Setenv("AppData", folder)
	t.Chdir(folder)
	s.inputs = Inputs{
		Flags:  make(map[Name]string),
		Getenv: func(name string) string { return s.environment[name] },
	}
	return s
}

func (s *scene) write(path, text string) {
	require.NoError(s.t, os.MkdirAll(filepath.Dir(path), 0o700))
	require.NoError(s.t, os.WriteFile(path, []byte(text), 0o600))
}

func (s *scene) config(text string) {
	folder, err := os.UserConfigDir()
	require.NoError(s.t, err)
	s.write(filepath.Join(folder, "arr", "config.toml"), text)
}

func (s *scene) load() *Settings {
	s.t.Helper()
	settings, err := Load(s.inputs)
	require.NoError(s.t, err)
	return settings
}

func (s *scene) target() Target {
	s.t.Helper()
	target, err := s.load().Target()
	require.NoError(s.t, err)
	return target
}

// fails returns the error of loading or of the target.
func (s *scene) fails() error {
	s.t.Helper()
	settings, err := Load(s.inputs)
	if err == nil {
		_, err = settings.Target()
	}
	require.Error(s.t, err)
	var mistake *Mistake
	require.ErrorAs(s.t, err, &mistake)
	assert.NotContains(s.t, err.Error(), secret)
	return err
}

const filledScript = `{"accountSettings":{"arrAccountId":"` + accountB + `","arrAccountKey":"` + secret +
	`","arrAccountDomain":"eastus2"},
"renderingSessionSettings":{"remoteRenderingDomain":"westeurope","vmSize":"premium","maxLeaseTime":"4:0:0"},
"assetConversionSettings":{"resourceGroup":"<not ours>"}}`

func TestLayersWinInTheirOrder(t *testing.T) {
	s := newScene(t)
	s.write("arrconfig.json", filledScript)
	values := s.load()
	size, err := values.SessionSize()
	require.NoError(t, err)
	lease, err := values.MaxLease()
	require.NoError(t, err)
	assert.Equal(t, arr.SessionSizePremium, size)
	assert.Equal(t, 4*time.Hour, lease)
	assert.Equal(
		t,
		Target{
			Endpoint:   arr.RegionWestEurope.Endpoint(),
			Endpoints:  []string{arr.RegionWestEurope.Endpoint()},
			Account:    arr.Account{ID: accountB, Domain: "mixedreality.azure.com"},
			Retries:    -1,
			SignIn:     SignInKey,
			Credential: AccountKey,
			Secret:     secret,
		},
		s.target(),
	)

	s.config(
		"default_profile = \"p\"\n[profiles.p]\nregion = \"eastus\"\nsize = \"Standard\"\n" +
			"[profiles.q]\nlease = \"5m\"\n",
	)
	assert.Equal(
		t,
		arr.RegionEastUS.Endpoint(),
		s.target().Endpoint,
		"region and endpoint are one setting: the profile wins",
	)
	s.environment["ARR_ENDPOINT"] = "https://arr.example.com/"
	assert.Equal(t, "https://arr.example.com", s.target().Endpoint)
	s.inputs.Flags[Region] = "japaneast"
	assert.Equal(t, arr.RegionJapanEast.Endpoint(), s.target().Endpoint)

	s.environment["ARR_PROFILE"] = "q"
	lease, err = s.load().MaxLease()
	require.NoError(t, err)
	assert.Equal(t, 5*time.Minute, lease)
	s.inputs.Profile = "p"
	lease, err = s.load().MaxLease()
	require.NoError(t, err)
	assert.Equal(t, 4*time.Hour, lease, "the flag wins over the variable")
}

func TestDefaultsWithNothingConfigured(t *testing.T) {
	s := newScene(t)
	assert.True(t, IsUnconfigured(s.fails()))
	values := s.load()
	size, err := values.SessionSize()
	require.NoError(t, err)
	lease, err := values.MaxLease()
	require.NoError(t, err)
	assert.Equal(t, arr.SessionSizeStandard, size)
	assert.Equal(t, UsualLease, lease)
}

func TestSignIn(t *testing.T) {
	s := newScene(t)
	s.environment["ARR_REGION"], s.environment["ARR_ACCOUNT_ID"] = "westeurope", accountA
	target := s.target()
	assert.Equal(t, SignInKey, target.SignIn)
	assert.Empty(t, target.Credential, "the program asks for it")
	assert.Equal(
		t,
		"westeurope.mixedreality.azure.com",
		target.Account.Domain,
		"that of the region",
	)

	s.environment["ARR_ACCESS_TOKEN"] = secret
	assert.Equal(t, SignInToken, s.target().SignIn)
	s.environment["ARR_ACCOUNT_KEY"] = secret
	assert.ErrorContains(t, s.fails(), "ARR_ACCOUNT_KEY and ARR_ACCESS_TOKEN exclude each other")
	s.environment["ARR_AUTH"] = "key"
	assert.Equal(t, AccountKey, s.target().Credential)
	s.inputs.Flags[KeyFile] = "my.key"
	target = s.target()
	assert.Equal(t, KeyFile, target.Credential)
	assert.Equal(t, "my.key", target.Secret)
	s.environment["ARR_AUTH"], s.environment["ARR_TENANT"] = "azure-cli", "t"
	target = s.target()
	assert.Equal(t, SignInAzureCLI, target.SignIn)
	assert.Equal(t, "t", target.Tenant)
	assert.Empty(t, target.Secret)
	s.environment["ARR_AUTH"] = "password"
	assert.ErrorContains(t, s.fails(), "ARR_AUTH: give one of key, token, entra")
}

func TestMistakes(t *testing.T) {
	base := map[string]string{
		"ARR_ENDPOINT":    "westeurope",
		"ARR_ACCOUNT_ID":  accountA,
		"ARR_ACCOUNT_KEY": secret,
	}
	for _, test := range []struct {
		environment map[string]string
		flags       map[Name]string
		want        string
	}{
		{
			environment: map[string]string{"ARR_REGION": "eastus"},
			want:        "ARR_ENDPOINT and ARR_REGION exclude each other",
		},
		{flags: map[Name]string{Region: "the east"}, want: "--region: a region is a name such as westeurope"},
		{
			environment: map[string]string{"ARR_ACCOUNT_ID": ""},
			want:        "there is no account id: set ARR_ACCOUNT_ID or --account-id, or account_id in a profile",
		},
		{flags: map[Name]string{Endpoint: "https://arr.example.com"}, want: "there is no account domain"},
		{
			flags: map[Name]string{Endpoint: "http://arr.example.com", AccountDomain: "arr.example.com"},
			want:  "http, and account key and access token",
		},
		{flags: map[Name]string{STSEndpoint: "http://arr.example.com"}, want: "http, and account key and access token"},
		{
			flags: map[Name]string{Endpoint: "https://me:" + secret + "@arr.example.com"},
			want:  "no user name and no password",
		},
		{flags: map[Name]string{Endpoint: "ftp://arr.example.com"}, want: "--endpoint: give a region"},
		{flags: map[Name]string{Retries: "many"}, want: "--retries: give a number"},
		{flags: map[Name]string{AllowHTTP: "perhaps"}, want: "--allow-http: give true or false"},
		{
			environment: map[string]string{"ARR_PROFILE": "work"},
			want:        `ARR_PROFILE names profile "work", and there is no config file`,
		},
	} {
		s := newScene(t)
		for _, layer := range []map[string]string{base, test.environment} {
			for name, value := range layer {
				s.environment[name] = value
			}
		}
		if test.flags != nil {
			s.inputs.Flags = test.flags
		}
		assert.ErrorContains(t, s.fails(), test.want)
	}
}

func TestPlainHTTPStaysOnThisMachineOrIsAllowed(t *testing.T) {
	s := newScene(t)
	s.environment = map[string]string{"ARR_ACCOUNT_ID": accountA, "ARR_ACCOUNT_KEY": secret}
	for _, address := range []string{"http://127.0.0.1:20210", "http://[::1]:80", "http://localhost:1"} {
		s.environment["ARR_ENDPOINT"], s.environment["ARR_STS_ENDPOINT"] = address, address
		assert.Equal(t, address, s.target().Endpoint)
	}
	s.environment["ARR_ENDPOINT"], s.environment["ARR_ALLOW_HTTP"] = "http://arr.example.com", "true"
	assert.Equal(t, "http://arr.example.com", s.target().Endpoint)
}

// An arrconfig.json that somebody has put into a folder must not draw the key of the environment to
// themselves.
func TestFoundScriptSettingsDoNotLeadAwayAKeyFromElsewhere(t *testing.T) {
	const hostile = `{"accountSettings":{"arrAccountId":"` + accountB +
		`","arrAccountDomain":"https://sts.evil.example"},
"renderingSessionSettings":{"remoteRenderingDomain":"westeurope"}}`
	s := newScene(t)
	s.write("arrconfig.json", hostile)
	s.environment["ARR_ACCOUNT_KEY"] = secret
	assert.ErrorContains(
		t,
		s.fails(),
		"accountSettings.arrAccountDomain in arrconfig.json leads to evil.example",
	)
	s.inputs.Script = "arrconfig.json"
	assert.Equal(t, "evil.example", s.target().Account.Domain, "anyone who names the file means it")
	s.inputs.Script = ""
	s.environment["ARR_ACCOUNT_DOMAIN"] = "westeurope"
	assert.Equal(t, "westeurope.mixedreality.azure.com", s.target().Account.Domain)
	s.write(
		"arrconfig.json",
		`{"renderingSessionSettings":{"remoteRenderingDomain":"https://evil.example"}}`,
	)
	s.environment["ARR_ACCOUNT_ID"] = accountA
	assert.ErrorContains(
		t,
		s.fails(),
		"remoteRenderingDomain in arrconfig.json leads to https://evil.example",
	)
}

func TestEntriesHoldNoSecret(t *testing.T) {
	s := newScene(t)
	s.write("arrconfig.json", filledScript)
	s.environment["ARR_ACCESS_TOKEN"] = secret
	s.environment["ARR_ENDPOINT"] = "https://me:" + secret + "@arr.example.com"
	values := s.load()
	sources := make(map[Name]string)
	for _, entry := range append(values.Entries(), values.Defaults()...) {
		assert.NotContains(t, entry.Value, secret)
		sources[entry.Name] = entry.Source
		if entry.Name == AccountKey || entry.Name == AccessToken {
			assert.Equal(t, Entry{Name: entry.Name, Secret: true, Source: entry.Source}, entry)
		}
	}
	assert.Equal(t, "ARR_ACCESS_TOKEN", sources[AccessToken])
	assert.Equal(t, "accountSettings.arrAccountKey in arrconfig.json", sources[AccountKey])
	assert.Equal(t, "default", sources[Output])
}
