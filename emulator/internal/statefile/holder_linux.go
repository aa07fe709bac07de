// SPDX-License-Identifier: MIT

package statefile

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// holder names the process that has locked a file, as far as the system tells: a line of
// /proc/locks such as "1: FLOCK  ADVISORY  WRITE 4242 fd:01:131074 0 EOF" has process and inode. A
// process in another container has no number there.
func holder(path string) string {
	const unknown = "another process"
	info, err := os.Stat(path)
	if err != nil {
		return unknown
	}
	status, ok := info.Sys().(*syscall.Stat_t)
	locks, err := os.ReadFile("/proc/locks")
	if !ok || err != nil {
		return unknown
	}
	for line := range strings.Lines(string(locks)) {
		fields := strings.Fields(line)
		if len(fields) < 6 || fields[1] != "FLOCK" ||
			!strings.HasSuffix(fields[5], ":"+strconv.FormatUint(status.Ino, 10)) {
			continue
		}
		process, err := strconv.Atoi(fields[4])
		if err != nil || process <= 0 {
			continue
		}
		if process == os.Getpid() {
			return "this process"
		}
		name, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", process))
		if err != nil {
			return fmt.Sprintf("process %d", process)
		}
		return fmt.Sprintf("process %d (%s)", process, strings.TrimSpace(string(name)))
	}
	return unknown
}
