// SPDX-License-Identifier: MIT

//go:build !unix

package process

import (
	"os"
	"os/exec"
)

func prepare(*exec.Cmd) {}

// There is no signal that asks a process to end which every program would understand. The error
// says that it is gone.

func askGroup(leader *os.Process)  { leader.Kill() }
func killGroup(leader *os.Process) { leader.Kill() }

func groupAlive(*os.Process) bool { return false }

func holdThread() (release func()) { return func() {} }
