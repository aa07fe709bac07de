// SPDX-License-Identifier: MIT

//go:build unix

package statefile

import (
	"errors"
	"os"
	"syscall"
)

// noFollow makes opening a symbolic link an error, and does not wait for the writer of a pipe.
const noFollow = syscall.O_NOFOLLOW | syscall.O_NONBLOCK

// onlyForOwner says that the permissions of a file tell who can read it.
const onlyForOwner = true

// syncFolder makes a new name in a folder outlive a crash of the machine, where the file system
// can.
func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	defer folder.Close()
	if err := folder.Sync(); err != nil && !errors.Is(err, syscall.EINVAL) &&
		!errors.Is(err, syscall.ENOTSUP) {
		return err
	}
	return nil
}
