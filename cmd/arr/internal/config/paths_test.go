// SPDX-License-Identifier: MIT

package config

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestPathsAreRelativeToWhereTheyStand(t *testing.T) {
	s := newScene(t)
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("USERPROFILE", home)
	elsewhere := filepath.Join(t.TempDir(), "settings", "arr.toml")
	key := func(path string) string {
		return "[profiles.default]\nregion = \"eastus\"\naccount_id = \"" + accountA +
			"\"\naccount_key_file = '" + path + "'\nca_file = '" + path + "'\n"
	}
	for _, test := range []struct{ inFile, want string }{
		{"arr.key", filepath.Join(filepath.Dir(elsewhere), "arr.key")},
		{"../keys/arr.key", filepath.Join(filepath.Dir(filepath.Dir(elsewhere)), "keys", "arr.key")},
		{"./arr.key", filepath.Join(filepath.Dir(elsewhere), "arr.key")},
		{"~/arr.key", filepath.Join(home, "arr.key")},
		{filepath.Join(home, "arr.key"), filepath.Join(home, "arr.key")},
	} {
		s.write(elsewhere, key(test.inFile))
		s.inputs.File = elsewhere
		target := s.target()
		assert.Equal(t, test.want, target.Secret, test.inFile)
		assert.Equal(t, test.want, target.CAFile, test.inFile)
	}
	s.write(filepath.Join("sub", "arr.toml"), key("arr.key"))
	s.inputs.File = filepath.Join("sub", "arr.toml")
	assert.Equal(t, filepath.Join("sub", "arr.key"), s.target().Secret)
	s.environment["ARR_ACCOUNT_KEY_FILE"] = "arr.key"
	assert.Equal(t, "arr.key", s.target().Secret, "a variable stands in no file")
	s.environment["ARR_ACCOUNT_KEY_FILE"] = "~/arr.key"
	assert.Equal(t, filepath.Join(home, "arr.key"), s.target().Secret)
	s.inputs.Flags[KeyFile] = "~/other.key"
	assert.Equal(t, filepath.Join(home, "other.key"), s.target().Secret)
}

func TestTildeInTheNamesOfSettingsFiles(t *testing.T) {
	s := newScene(t)
	home, err := os.UserHomeDir()
	require.NoError(t, err)
	s.write(filepath.Join(home, "arr", "a.toml"), "[profiles.default]\nregion = \"eastus\"\n")
	s.write(filepath.Join(home, "arr", "a.json"), filledScript)
	t.Chdir(t.TempDir())
	s.inputs.File, s.inputs.Script = "~/arr/a.toml", "~/arr/a.json"
	assert.Equal(t, accountB, s.target().Account.ID)
	assert.Equal(t, "https://remoterendering.eastus.mixedreality.azure.com", s.target().Endpoint)
}
