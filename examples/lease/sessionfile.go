// SPDX-License-Identifier: MIT

package main

import (
	"errors"
	"io/fs"
	"os"
	"strings"
)

// sessionFile is the path of a file with a session id. With an empty path nothing is stored.
type sessionFile string

// read returns the id, or the empty string if there is none.
func (f sessionFile) read() (string, error) {
	if f == "" {
		return "", nil
	}
	text, err := os.ReadFile(string(f))
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	return strings.TrimSpace(string(text)), err
}

func (f sessionFile) write(id string) error {
	if f == "" {
		return nil
	}
	return os.WriteFile(string(f), []byte(id+"\n"), 0o600)
}

func (f sessionFile) remove() error {
	if f == "" {
		return nil
	}
	if err := os.Remove(string(f)); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
