// SPDX-License-Identifier: MIT

package main

import (
	"os"

	"golang.org/x/sys/windows"
)

// echoOff keeps a console from showing what is typed.
func echoOff(terminal *os.File) error {
	handle := windows.Handle(terminal.Fd())
	var mode uint32
	if err := windows.GetConsoleMode(handle, &mode); err != nil {
		return err
	}
	return windows.SetConsoleMode(handle, mode&^windows.ENABLE_ECHO_INPUT)
}
