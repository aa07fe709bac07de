// SPDX-License-Identifier: MIT

package main

import (
	"syscall"
	"time"
)

// cpuTime returns the CPU time of this process so far, in user and in system mode.
func cpuTime() time.Duration {
	var created, ended, system, user syscall.Filetime
	process, err := syscall.GetCurrentProcess()
	if err != nil || syscall.GetProcessTimes(process, &created, &ended, &system, &user) != nil {
		return 0
	}
	const unit = 100 // nanoseconds
	ticks := func(t syscall.Filetime) int64 { return int64(t.HighDateTime)<<32 | int64(t.LowDateTime) }
	return time.Duration((ticks(system) + ticks(user)) * unit)
}
