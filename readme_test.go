// SPDX-License-Identifier: MIT

package azremoterendering_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestProgramOfTheReadme builds the program that the README offers for copying, and runs it up to
// the first check: it wants https, which the emulator does not speak.
func TestProgramOfTheReadme(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	_, program, found := strings.Cut(string(readme), "```go\npackage main")
	require.True(t, found)
	program, _, found = strings.Cut(program, "```")
	require.True(t, found)
	dir := t.TempDir()
	source, binary := filepath.Join(dir, "main.go"), filepath.Join(dir, "program.exe")
	require.NoError(t, os.WriteFile(source, []byte("package main"+program), 0o600))
	out, err := exec.CommandContext(t.Context(), "go", "build", "-o", binary, source).
		CombinedOutput()
	require.NoError(t, err, string(out))
	out, err = exec.CommandContext(t.Context(), "gofmt", "-l", source).CombinedOutput()
	require.NoError(t, err, string(out))
	require.Empty(t, string(out), "the program is formatted")

	command := exec.CommandContext(t.Context(), binary)
	command.Env = append(
		os.Environ(),
		"ARR_ENDPOINT=http://127.0.0.1:1",
		"ARR_ACCOUNT_ID="+testAccount.ID,
		"ARR_ACCOUNT_DOMAIN="+testAccount.Domain,
		"ARR_ACCOUNT_KEY="+testKey,
	)
	out, err = command.CombinedOutput()
	require.Error(t, err)
	require.Contains(t, string(out), "InsecureAllowCredentialWithHTTP")
}
