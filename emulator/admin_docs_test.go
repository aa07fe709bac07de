// SPDX-License-Identifier: MIT

package emulator_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering/emulator"
)

// Every curl line of the section about control works as it stands.
func TestControlLinesOfTheDocs(t *testing.T) {
	for _, name := range []string{"sh", "curl"} {
		if _, err := exec.LookPath(name); err != nil {
			t.Skip("there is no " + name)
		}
	}
	page, err := os.ReadFile("../docs/emulator.md")
	require.NoError(t, err)
	_, section, _ := strings.Cut(string(page), "\n## Control\n")
	block := regexp.MustCompile("(?s)```sh\n(.*?)```").FindStringSubmatch(section)
	require.NotNil(t, block)
	lines := strings.Split(strings.TrimSpace(block[1]), "\n")
	require.Greater(t, len(lines), 10)

	s := start(t, emulator.Options{Admin: true})
	server, err := s.Listen("")
	require.NoError(t, err)
	home := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(home, ".curlrc"),
		[]byte("silent\nfail-with-body\nmax-time = 2\nnoproxy = \"*\"\n"), 0o600))
	setting := strings.Replace(lines[0], "http://127.0.0.1:20210", server.URL, 1)
	for _, line := range lines[1:] {
		s.authorize()
		_ = s.put("my-session", standard5) // which the line before may have removed or ended
		cmd := exec.CommandContext(t.Context(), "sh", "-c", setting+"\n"+line)
		cmd.Env = append(os.Environ(), "CURL_HOME="+home, "HOME="+home)
		output, err := cmd.Output()
		if strings.Contains(line, "/events") {
			assert.Contains(t, string(output), ": connected", line) // and it does not end
			continue
		}
		assert.NoErrorf(t, err, "%s: %s", line, output)
	}
	require.NoError(t, server.Close())
}
