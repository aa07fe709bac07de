// SPDX-License-Identifier: MIT

package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering/cmd/arr/internal/failure"
)

func TestRoot(t *testing.T) {
	code, stdout, stderr := runOnce(t, "emulater")
	assert.Equal(t, failure.Usage, code)
	assert.Empty(t, stdout)
	assert.Equal(
		t,
		"arr: there is no command \"emulater\"; did you mean \"emulator\"?\nSee: arr --help\n",
		stderr,
	)

	code, _, stderr = runOnce(t, "xyzzy")
	assert.Equal(t, failure.Usage, code)
	assert.Contains(t, stderr, `there is no command "xyzzy"`)

	for _, args := range [][]string{nil, {"--help"}, {"help"}} {
		code, stdout, _ = runOnce(t, args...)
		assert.Equal(t, failure.OK, code)
		assert.Contains(t, stdout, "Run the emulator of the service")
	}
	code, stdout, _ = runOnce(t, "version")
	assert.Equal(t, failure.OK, code)
	assert.Regexp(t, `^arr version \S+ go1\.\S+ \w+/\w+\n$`, stdout)
	code, stdout, _ = runOnce(t, "version", "--output", "json")
	assert.Equal(t, failure.OK, code)
	assert.Regexp(
		t,
		`^{"version":"[^"]+","go":"go1\.[^"]+","os":"\w+","architecture":"\w+"}\n$`,
		stdout,
	)
	code, stdout, _ = runOnce(t, "completion", "bash")
	assert.Equal(t, failure.OK, code)
	assert.Contains(t, stdout, "bash completion V2 for arr")
	code, stdout, _ = runOnce(t, "__complete", "emulator", "--spelling", "")
	assert.Equal(t, failure.OK, code)
	assert.Contains(t, stdout, "omitted\nnull\n")
}

func TestBuiltinCommandsRefuseWhatTheyDoNotKnow(t *testing.T) {
	for want, args := range map[string][]string{
		`there is no command "tcsh"`:         {"completion", "tcsh"},
		`there is no help on "nothing"`:      {"help", "nothing"},
		`there is no help on "session nope"`: {"help", "session", "nope"},
	} {
		code, stdout, stderr := runOnce(t, args...)
		assert.Equal(t, failure.Usage, code, args)
		assert.Empty(t, stdout, args)
		assert.Contains(t, stderr, want)
	}
	for _, args := range [][]string{
		{"help", "session", "create"}, {"help", "output"}, {"help", "help"}, {"completion"},
		{"session", "--help"},
	} {
		code, stdout, _ := runOnce(t, args...)
		assert.Equal(t, failure.OK, code, args)
		assert.NotEmpty(t, stdout, args)
	}
}

// The help is the manual. ARR_GOLDEN=1 rewrites the file.
func TestHelp(t *testing.T) {
	code, help, stderr := runOnce(t, "emulator", "--help")
	assert.Equal(t, failure.OK, code)
	assert.Empty(t, stderr)
	golden := filepath.Join("testdata", "emulator-help.txt")
	if os.Getenv("ARR_GOLDEN") != "" {
		require.NoError(t, os.WriteFile(golden, []byte(help), 0o644))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	assert.Equal(t, string(want), help, "if this is meant, set ARR_GOLDEN=1")
}
