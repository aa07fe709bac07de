// SPDX-License-Identifier: MIT

// Package recordings plays and makes recordings of exchanges between clients and the service. Only
// tests import it; the recordings of this project are in testdata/recordings.
package recordings

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gopkg.in/dnaeon/go-vcr.v4/pkg/cassette"

	"github.com/arr-go/azremoterendering/internal/testkit"
)

// Server is the first label of the host name of every server in the recordings.
const Server = "1234567890-aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"

// Vector is the correlation vector of the n-th answer of a recording, from 0.
func Vector(n int) string { return fmt.Sprintf("recordedAnswer%08d.0", n) }

// Load returns the exchanges of a file, of which there must be at least one.
func Load(t testing.TB, file string) []*cassette.Interaction {
	t.Helper()
	tape, err := cassette.Load(nameOf(file))
	require.NoError(t, err)
	require.NotEmpty(t, tape.Interactions, "a recording without answers tests nothing")
	return tape.Interactions
}

// nameOf returns the name of a file as go-vcr wants it.
func nameOf(file string) string { return strings.TrimSuffix(file, ".yaml") }

// Files returns the files of a folder whose names match one of the patterns. A folder that
// cannot be read, or has none, fails the test: it would otherwise pass without having looked at
// anything.
func Files(t testing.TB, folder string, patterns ...string) []string {
	t.Helper()
	entries, err := os.ReadDir(folder)
	require.NoError(t, err)
	var files []string
	for _, entry := range entries {
		for _, pattern := range patterns {
			matched, err := path.Match(pattern, entry.Name())
			require.NoError(t, err)
			if matched {
				files = append(files, filepath.Join(folder, entry.Name()))
				break
			}
		}
	}
	require.NotEmpty(t, files, "no cassette %v in %s", patterns, folder)
	return files
}

// CheckNoSecrets fails if a recording contains a secret.
func CheckNoSecrets(t testing.TB, file string) {
	t.Helper()
	data, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.NotContains(t, string(data), testkit.Key)
	assert.NotRegexp(t, `Bearer [^e]`, string(data), "only a challenge, which has error= there")
	assert.NotRegexp(t, `eyJ[\w-]*\.eyJ[\w-]*\.`, string(data), "a token with its header")
	for _, i := range Load(t, file) {
		assert.Equal(t, []string{"Sanitized"}, i.Request.Headers.Values("Authorization"))
	}
}
