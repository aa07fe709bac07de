// SPDX-License-Identifier: MIT

//go:build unix

package localca

import (
	"io/fs"
	"os"
	"syscall"
)

// ownedByOthers reports whether a file belongs to a user other than this one and root.
func ownedByOthers(info fs.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && stat.Uid != 0 && int(stat.Uid) != os.Geteuid()
}
