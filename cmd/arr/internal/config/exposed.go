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
	for _, name := range []Name{KeyFile, StorageSecretFile} {
		if path := s.effective(name).Text; path != "" {
			files = append(slices.Clip(files), path)
		}
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
