// SPDX-License-Identifier: MIT

//go:build unix

package process

import (
	"os"
	"os/exec"
	"syscall"
)

// prepare makes the program the leader of a process group of its own. As a side effect the
// keyboard's interrupt does not reach it: the owner of the backend decides about its end.
func prepare(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	dieWithParent(cmd.SysProcAttr)
}

// Errors of signals are ignored: they say that the group is gone, which is looked at anyway.

func askGroup(leader *os.Process)  { _ = syscall.Kill(-leader.Pid, syscall.SIGTERM) }
func killGroup(leader *os.Process) { _ = syscall.Kill(-leader.Pid, syscall.SIGKILL) }

// groupAlive reports whether the group has members that can be signalled. Those that have ended
// count until their parent, or the first process of the system, has taken note of it.
func groupAlive(leader *os.Process) bool { return syscall.Kill(-leader.Pid, 0) == nil }
