// SPDX-License-Identifier: MIT

package config

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const commented = `# The team's settings.
# Ask Ana before you change them.

` + work + lab

const work = `default_profile = "work" # for the office

[profiles.work]  # the usual one
region = 'westeurope'   # near
# the key is in the safe
account_id = "` + accountA + `"

`

const lab = `# the lab has a key of its own
[profiles.lab]
endpoint = "https://arr.example.com"
account_key = "` + secret + `"
  [profiles.lab.price]
  standard = 3.2
`

// profilesOf writes a config file and opens it.
func profilesOf(t *testing.T, text string) *Profiles {
	t.Helper()
	path := filepath.Join(t.TempDir(), "config.toml")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	profiles, err := OpenProfiles(path)
	require.NoError(t, err)
	return profiles
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(text)
}

// A change of one setting leaves everything else as it is.
func TestChangesKeepComments(t *testing.T) {
	for name, test := range map[string]struct {
		change   func(*Profiles) error
		old, new string
	}{
		"another value": {
			func(p *Profiles) error { return p.Set("work", Region, "eastus") },
			`region = 'westeurope'   # near`, `region = "eastus"   # near`,
		},
		"a new setting": {
			func(p *Profiles) error { return p.Set("work", Size, "Premium") },
			"account_id = \"" + accountA + "\"\n", "account_id = \"" + accountA + "\"\nsize = \"Premium\"\n",
		},
		"a setting in a table within": {
			func(p *Profiles) error { return p.Set("lab", PriceStandard, "4") },
			"  standard = 3.2\n", "  standard = \"4\"\n",
		},
		"a new setting in a table within": {
			func(p *Profiles) error { return p.Set("lab", PricePremium, "9 EUR") },
			"  standard = 3.2\n", "  standard = 3.2\npremium = \"9 EUR\"\n",
		},
		"a new profile": {
			func(p *Profiles) error { return p.Set("my home", Lease, "1h") },
			"  standard = 3.2\n", "  standard = 3.2\n\n[profiles.\"my home\"]\nlease = \"1h\"\n",
		},
		"a setting less": {
			func(p *Profiles) error { _, err := p.Unset("work", Region); return err },
			"region = 'westeurope'   # near\n", "",
		},
		"what excludes it goes": {
			func(p *Profiles) error { return p.Set("work", Endpoint, "https://b.example.com") },
			"region = 'westeurope'   # near\n# the key is in the safe\naccount_id = \"" + accountA + "\"\n",
			"# the key is in the safe\naccount_id = \"" + accountA + "\"\nendpoint = \"https://b.example.com\"\n",
		},
		"another default": {
			func(p *Profiles) error { return p.Use("lab") },
			`default_profile = "work" # for the office`, `default_profile = "lab" # for the office`,
		},
		"a profile less": {
			func(p *Profiles) error { return p.Delete("lab") },
			lab, "",
		},
		"the default profile less": {
			func(p *Profiles) error { return p.Delete("work") },
			work, "\n",
		},
		"a path": {
			func(p *Profiles) error { return p.Set("work", CAFile, "~/ca.pem") },
			"account_id = \"" + accountA + "\"\n", "account_id = \"" + accountA + "\"\nca_file = \"~/ca.pem\"\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			for _, newline := range []string{"\n", "\r\n"} {
				as := func(text string) string { return strings.ReplaceAll(text, "\n", newline) }
				require.Contains(t, commented, test.old)
				p := profilesOf(t, as(commented))
				require.NoError(t, test.change(p))
				require.NoError(t, p.Save())
				assert.Equal(t, as(strings.Replace(commented, test.old, test.new, 1)), read(t, p.Path()))
			}
		})
	}
}

func TestEveryWayToWriteAProfileIsChangedOrRefused(t *testing.T) {
	for text, want := range map[string]string{
		"":                              "[profiles.work]\nsize = \"x\"\n",
		"[profiles]\n":                  "[profiles]\n\n[profiles.work]\nsize = \"x\"\n",
		"profiles.work.lease = \"1h\"":  "profiles.work.lease = \"1h\"\nprofiles.work.size = \"x\"\n",
		"[profiles]\nwork.size = \"y\"": "[profiles]\nwork.size = \"x\"",
		"[profiles]\nwork.lease=\"1h\"": "[profiles]\nwork.lease=\"1h\"\nwork.size = \"x\"\n",
		"[profiles.work]":               "[profiles.work]\nsize = \"x\"\n",
		"[profiles.work]\nsize = \"\"\"a\nb\"\"\"\nlease = \"1h\"": "[profiles.work]\nsize = \"x\"\nlease = \"1h\"",
		"[profiles.work]\nlease = \"1h\"\n\n# other\n[profiles.b]\n": "" +
			"[profiles.work]\nlease = \"1h\"\nsize = \"x\"\n" +
			"\n# other\n[profiles.b]\n",
	} {
		p := profilesOf(t, text)
		require.NoError(t, p.Set("work", Size, "x"), text)
		require.NoError(t, p.Save())
		assert.Equal(t, want, read(t, p.Path()), text)
	}
	inline := "profiles.work = {lease = \"1h\"}\n"
	p := profilesOf(t, inline)
	require.ErrorContains(t, p.Set("work", Size, "x"), "edit the file by hand")
	_, err := p.Unset("work", Lease)
	require.ErrorContains(t, err, "edit the file by hand")
	assert.Equal(t, inline, read(t, p.Path()))
	require.NoError(t, profilesOf(t, inline).Delete("work"))
}

func TestWhatASettingMayBe(t *testing.T) {
	p := profilesOf(t, commented)
	for name, values := range map[Name][]string{
		AccountKey: {secret}, AccessToken: {secret}, StorageKey: {secret}, KeyStdin: {"true"},
		Endpoint: {"", "westeurpoe", "ftp://x", `"eastus"`}, Region: {"https://x"}, AccountID: {"me", secret},
		Auth: {"magic"}, AllowHTTP: {"yes", "1"}, Retries: {"-1", "many"}, Lease: {"5x"}, PriceStandard: {"cheap"},
	} {
		for _, value := range values {
			err := p.Set("work", name, value)
			require.Error(t, err, "%s %s", name, value)
			assert.NotContains(t, err.Error(), secret)
		}
	}
	require.ErrorContains(t, p.Set("lab", KeyFile, "my.key"), "remove it first with \"arr config unset account-key\"")
	require.NoError(t, p.Save())
	assert.Equal(t, commented, read(t, p.Path()))
	require.NoError(t, p.Set("work", KeyFile, "my.key"))
	assert.True(t, filepath.IsAbs(p.Value("work", KeyFile)), "a file is relative to where the command runs")
	require.ErrorContains(t, p.Use("wirk"), "did you mean work?")
	require.ErrorContains(t, p.Delete("wirk"), "did you mean work?")
}

func TestTheConfigFileIsWrittenInOneStepAndForNobodyElse(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "deep", "config.toml")
	p, err := OpenProfiles(path)
	require.NoError(t, err)
	require.NoError(t, p.Set("default", Size, "Premium"))
	require.NoError(t, p.Save())
	files, err := os.ReadDir(filepath.Dir(path))
	require.NoError(t, err)
	assert.Len(t, files, 1, "no temporary file stays")
	if runtime.GOOS == "windows" {
		return
	}
	for file, mode := range map[string]os.FileMode{path: 0o600, filepath.Dir(path): 0o700} {
		info, err := os.Stat(file)
		require.NoError(t, err)
		assert.Equal(t, mode, info.Mode().Perm(), file)
	}
	require.NoError(t, os.Chmod(path, 0o644))
	require.NoError(t, p.Set("default", Size, "Standard"))
	require.NoError(t, p.Save())
	info, err := os.Stat(path)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())
}

// People keep such files in a repository of their own, and link them.
func TestALinkStaysALink(t *testing.T) {
	folder := t.TempDir()
	target := filepath.Join(folder, "dotfiles", "arr.toml")
	middle, link := filepath.Join(folder, "m"), filepath.Join(folder, "l")
	require.NoError(t, os.Mkdir(filepath.Dir(target), 0o700))
	if err := os.Symlink(filepath.Join("dotfiles", "arr.toml"), middle); err != nil {
		t.Skip("no links here:", err)
	}
	require.NoError(t, os.Symlink(middle, link))
	for _, size := range []string{"Premium", "Standard"} { // the file is made, and written again
		p, err := OpenProfiles(link)
		require.NoError(t, err)
		require.NoError(t, p.Set("default", Size, size))
		require.NoError(t, p.Save())
		assert.Contains(t, read(t, target), size)
		_, err = os.Readlink(link)
		require.NoError(t, err)
	}
}

func TestAChangeOfAnotherProgramIsNotLost(t *testing.T) {
	p := profilesOf(t, commented)
	require.NoError(t, p.Set("work", Size, "Premium"))
	require.NoError(t, os.WriteFile(p.Path(), []byte(commented+"# more\n"), 0o600))
	require.ErrorContains(t, p.Save(), "changed by another program")
	assert.Equal(t, commented+"# more\n", read(t, p.Path()))
}

// Whatever a file holds, a change is made as it was meant, or not at all.
func FuzzSet(f *testing.F) {
	f.Add(commented, "work", "1h")
	f.Add("profiles.a.b = 1\n[profiles]\n", "a", "2h")
	f.Fuzz(func(t *testing.T, text, profile, value string) {
		before, err := parseFile([]byte(text))
		if err != nil {
			return
		}
		p := &Profiles{path: "config.toml", text: []byte(text), file: before}
		if p.Set(profile, Tenant, value) != nil {
			return
		}
		after, err := parseFile(p.text)
		if err != nil || after.profiles[profile][Tenant] != value || !sameBut(before, after, profile) {
			t.Errorf("%q: %q %q became %q", text, profile, value, p.text)
		}
	})
}
