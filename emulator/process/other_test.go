// SPDX-License-Identifier: MIT

//go:build !unix

package process_test

import "os"

// gone reports whether a process has ended.
func gone(pid int) bool {
	p, err := os.FindProcess(pid)
	if err == nil {
		p.Release()
	}
	return err != nil
}
