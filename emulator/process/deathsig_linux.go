// SPDX-License-Identifier: MIT

package process

import (
	"runtime"
	"syscall"
)

// dieWithParent has the kernel kill the program when this process ends, however it ends.
func dieWithParent(attributes *syscall.SysProcAttr) { attributes.Pdeathsig = syscall.SIGKILL }

// holdThread keeps the calling goroutine on its thread until release. What the kernel takes for the
// parent is the thread that started the program: without this it might end earlier, and take the
// program along, because a goroutine that was locked to it has returned.
func holdThread() (release func()) {
	runtime.LockOSThread()
	return runtime.UnlockOSThread
}
