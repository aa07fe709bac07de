// SPDX-License-Identifier: MIT

//go:build !windows

package main

import (
	"os"

	"golang.org/x/sys/unix"
)

// echoOff keeps a terminal from showing what is typed.
func echoOff(terminal *os.File) error {
	state, err := unix.IoctlGetTermios(int(terminal.Fd()), getTermios)
	if err != nil {
		return err
	}
	state.Lflag &^= unix.ECHO
	return unix.IoctlSetTermios(int(terminal.Fd()), setTermios, state)
}
