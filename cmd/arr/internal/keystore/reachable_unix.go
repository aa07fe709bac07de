// SPDX-License-Identifier: MIT

//go:build !darwin && !windows

package keystore

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// reachable returns an error if there is no session bus. The library would start one with
// dbus-launch, and leave it behind. It looks where the library looks, and nowhere else.
func reachable() error {
	if address := os.Getenv("DBUS_SESSION_BUS_ADDRESS"); address != "" && address != "autolaunch:" {
		return nil
	}
	if busIn(filepath.Join("/run/user", strconv.Itoa(os.Getuid()))) {
		return nil
	}
	return errors.New("there is no D-Bus session")
}

// busIn reports whether the folder of a user has a socket of a bus, or a file with its address.
func busIn(folder string) bool {
	if _, err := os.Stat(filepath.Join(folder, "bus")); err == nil {
		return true
	}
	text, err := os.ReadFile(filepath.Join(folder, "dbus-session"))
	address, named := strings.CutPrefix(string(text), "DBUS_SESSION_BUS_ADDRESS=")
	return err == nil && named && strings.TrimSpace(address) != ""
}
