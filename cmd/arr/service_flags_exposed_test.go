// SPDX-License-Identifier: MIT

//go:build !windows

package main

import (
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering/cmd/arr/internal/failure"
	"github.com/arr-go/azremoterendering/emulator"
)

func TestFilesWithKeysThatOthersCanReadAreNamed(t *testing.T) {
	service := newTestService(t, emulator.Options{})
	profile := file(t, "config.toml", "[profiles.default]\naccount_key = \"the-secret-key\"\n")
	script := file(t, "arrconfig.json", `{"accountSettings":{"arrAccountKey":"the-secret-key"}}`)
	key := file(t, "my.key", "the-secret-key\n")
	harmless := file(t, "harmless.toml", "[profiles.default]\nsize = \"Standard\"\n")
	unfilled := file(t, "unfilled.json", `{"accountSettings":{"arrAccountKey":"<fill in>"}}`)
	for _, path := range []string{harmless, unfilled} {
		require.NoError(t, os.Chmod(path, 0o644))
	}
	args := []string{
		"session",
		"list",
		"--config",
		profile,
		"--arrconfig",
		script,
		"--key-file",
		key,
	}
	assert.Empty(t, service.arr(args...).stderr)
	assert.Empty(
		t,
		service.arr("session", "list", "--config", harmless, "--arrconfig", unfilled).stderr,
	)
	for _, path := range []string{profile, script, key} {
		require.NoError(t, os.Chmod(path, 0o640))
		r := service.arr(args...)
		assert.Equal(t, failure.OK, r.code)
		assert.Equal(
			t,
			"Warning: "+path+" holds a key or token, and other users of this machine can read it. "+
				"Fix it: chmod 600 '"+path+"'\n",
			r.stderr,
		)
		assert.Empty(t, service.arr(append(args, "--quiet")...).stderr)
		require.NoError(t, os.Chmod(path, 0o600))
	}
	require.NoError(t, os.Chmod(profile, 0o604))
	assert.Contains(t, service.arr("config", "--config", profile).stderr, "chmod 600")
}
