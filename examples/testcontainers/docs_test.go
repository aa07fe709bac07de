// SPDX-License-Identifier: MIT

package arrcontainer_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The recipe in the docs is part of the program here, which is compiled and run.
func TestRecipeOfTheDocsIsTheProgram(t *testing.T) {
	page, err := os.ReadFile("../../docs/containers.md")
	require.NoError(t, err)
	program, err := os.ReadFile("emulator.go")
	require.NoError(t, err)
	blocks := regexp.MustCompile("(?s)```go\n(.*?)```").FindAllStringSubmatch(string(page), -1)
	require.NotEmpty(t, blocks)
	for _, block := range blocks {
		indented := "\t" + strings.ReplaceAll(strings.TrimSpace(block[1]), "\n", "\n\t")
		assert.Contains(t, string(program), indented)
	}
}
