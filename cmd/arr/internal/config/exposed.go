// SPDX-License-Identifier: MIT

package config

import (
	"os"
	"runtime"
	"slices"
)

// Exposed returns the files that hold a key or a token and that other users of this machine can
// read. Windows has no modes that would tell.
func (s *Settings) Exposed() []string {
	files := s.secretFiles
	if key := s.effective(KeyFile).Text; key != "" {
		files = append(slices.Clip(files), key)
	}
	var exposed []string
	for _, path := range files {
		const readByOthers = 0o044
		info, err := os.Stat(path)
		if err == nil && runtime.GOOS != "windows" && info.Mode().IsRegular() &&
			info.Mode()&readByOthers != 0 {
			exposed = append(exposed, path)
		}
	}
	return exposed
}
