// SPDX-License-Identifier: MIT

//go:build !darwin && !windows

package keystore

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The library would start a bus with dbus-launch, which nobody ends.
func TestNoBusIsStarted(t *testing.T) {
	if busIn(filepath.Join("/run/user", strconv.Itoa(os.Getuid()))) {
		t.Skip("this machine has a session bus")
	}
	folder := t.TempDir()
	started := filepath.Join(folder, "started")
	script := "#!/bin/sh\n: > '" + started + "'\nexit 1\n"
	require.NoError(t, os.WriteFile(filepath.Join(folder, "dbus-launch"), []byte(script), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(folder, "bus"), nil, 0o600))
	t.Setenv("PATH", folder)
	t.Setenv("XDG_RUNTIME_DIR", folder) // the library does not look there
	for _, address := range []string{"", "autolaunch:"} {
		t.Setenv("DBUS_SESSION_BUS_ADDRESS", address)
		_, err := Get(t.Context(), Key("account", "sts.example.com"))
		var unavailable *UnavailableError
		require.ErrorAs(t, err, &unavailable, "%q", address)
		assert.NoFileExists(t, started, "%q", address)
	}
}

func TestABusIsFoundInTheFolderOfAUser(t *testing.T) {
	for name, c := range map[string]struct {
		file, text string
		found      bool
	}{
		"nothing":            {"another", "", false},
		"socket":             {"bus", "", true},
		"file with address":  {"dbus-session", "DBUS_SESSION_BUS_ADDRESS=unix:path=/tmp/x\n", true},
		"file of other kind": {"dbus-session", "something else\n", false},
		"file without value": {"dbus-session", "DBUS_SESSION_BUS_ADDRESS=\n", false},
	} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			require.NoError(t, os.WriteFile(filepath.Join(folder, c.file), []byte(c.text), 0o600))
			assert.Equal(t, c.found, busIn(folder))
		})
	}
}

// A keyring whose service does not start keeps its callers waiting for minutes.
func TestASilentKeyringIsLeft(t *testing.T) {
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere")
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		silent := make(chan struct{})
		defer close(silent)
		_, err := within(ctx, func() (string, error) {
			<-silent
			return "", nil
		})
		var unavailable *UnavailableError
		require.ErrorAs(t, err, &unavailable)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.ErrorContains(t, err, "it does not answer")
	})
}
