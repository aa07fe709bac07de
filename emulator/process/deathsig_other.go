// SPDX-License-Identifier: MIT

//go:build unix && !linux

package process

import "syscall"

func dieWithParent(*syscall.SysProcAttr) {}

func holdThread() (release func()) { return func() {} }
