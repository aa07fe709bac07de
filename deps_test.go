// SPDX-License-Identifier: MIT

package azremoterendering_test

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestClientCompilesAzcoreAndNothingElse keeps what a program gets by importing the client small:
// no emulator, no command line, no azidentity, none of the test libraries.
func TestClientCompilesAzcoreAndNothingElse(t *testing.T) {
	out, err := exec.CommandContext(
		t.Context(),
		"go",
		"list",
		"-deps",
		"-f",
		"{{with .Module}}{{.Path}}{{end}}",
		".",
		"./lease",
	).
		Output()
	require.NoError(t, err)
	modules := map[string]bool{}
	for _, module := range strings.Fields(string(out)) {
		modules[module] = true
	}
	assert.Equal(t, map[string]bool{
		"github.com/arr-go/azremoterendering":            true,
		"github.com/Azure/azure-sdk-for-go/sdk/azcore":   true,
		"github.com/Azure/azure-sdk-for-go/sdk/internal": true,
		"golang.org/x/net":                               true,
		"golang.org/x/text":                              true,
	}, modules)

	out, err = exec.CommandContext(t.Context(), "go", "list", "-deps", ".").Output()
	require.NoError(t, err)
	for _, unwanted := range []string{
		"azremoterendering/emulator", "azremoterendering/lease", "azidentity", "testing",
	} {
		for _, pkg := range strings.Fields(string(out)) {
			assert.False(t, strings.HasSuffix(pkg, unwanted), "the client imports %s", pkg)
		}
	}
}
