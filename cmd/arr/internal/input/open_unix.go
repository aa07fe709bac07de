// SPDX-License-Identifier: MIT

//go:build unix

package input

import (
	"os"
	"syscall"
)

// open opens a file for reading. Opening a pipe without O_NONBLOCK waits for a writer, and a
// terminal without O_NOCTTY may become that of the program.
func open(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK|syscall.O_NOCTTY, 0)
}
