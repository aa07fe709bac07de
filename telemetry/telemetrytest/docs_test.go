// SPDX-License-Identifier: MIT

package telemetrytest_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func readDocs(t *testing.T) string {
	t.Helper()
	page, err := os.ReadFile("../../docs/telemetry.md")
	require.NoError(t, err)
	return string(page)
}

// The page lists each metric that is exported, under its name in Prometheus, and no other.
func TestTheDocsListTheMetrics(t *testing.T) {
	listed := make(map[string]bool)
	for _, row := range regexp.MustCompile("(?m)^\\| `arr\\.[^|]+\\| `(arr_[^`]+)` \\|").
		FindAllStringSubmatch(readDocs(t), -1) {
		listed[row[1]] = true
	}
	golden, err := os.ReadFile("testdata/metrics.golden")
	require.NoError(t, err)
	exported := make(map[string]bool)
	for line := range strings.Lines(string(golden)) {
		if name := strings.Fields(line)[0]; name != "target_info" {
			exported[name] = true
		}
	}
	assert.Equal(t, exported, listed)
}

// The code on the page is that of the example.
func TestTheCodeOnThePageIsThatOfTheExample(t *testing.T) {
	code, err := os.ReadFile("../../examples/telemetry/sessions.go")
	require.NoError(t, err)
	example := strings.ReplaceAll(string(code), "\n\t", "\n")
	blocks := regexp.MustCompile("(?s)```go\n(.*?)```").FindAllStringSubmatch(readDocs(t), -1)
	require.NotEmpty(t, blocks)
	for _, block := range blocks {
		assert.Contains(t, example, block[1])
	}
}
