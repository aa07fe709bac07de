// SPDX-License-Identifier: MIT

package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering/cmd/arr/internal/failure"
)

// docker run --env-file takes everything behind the equals sign as it is.
func TestEnvFileAsDotenv(t *testing.T) {
	for _, value := range hostileValues() {
		text, err := newEnvFile("x", envDotenv).text([]variable{{"ARR_VALUE", value}, {"ARR_OTHER", "x"}})
		require.NoError(t, err)
		lines := strings.Split(text, "\n")
		require.Len(t, lines, 4)
		assert.True(t, strings.HasPrefix(lines[0], "#"), "a comment")
		assert.Equal(t, []string{"ARR_VALUE=" + value, "ARR_OTHER=x", ""}, lines[1:])
	}
}

func TestEnvFileAsJSON(t *testing.T) {
	for _, value := range hostileValues() {
		text, err := newEnvFile("x.json", envByName).text([]variable{{"ARR_VALUE", value}})
		require.NoError(t, err)
		var members map[string]string
		require.NoError(t, json.Unmarshal([]byte(text), &members))
		assert.Equal(t, value, members["ARR_VALUE"])
	}
}

func TestEnvFileOfEachFormatIsReplacedByTheNextRun(t *testing.T) {
	for _, format := range []envFormat{envSh, envPowerShell, envDotenv, envJSON} {
		path := filepath.Join(t.TempDir(), "x")
		first, second := newEnvFile(path, format), newEnvFile(path, format)
		require.NoError(t, first.clear())
		require.NoError(t, first.write([]variable{{"A", "\u65e5"}}))
		require.NoError(t, second.clear(), format)
		assert.NoFileExists(t, path, "it fools nobody while the next run does not listen yet")
		require.NoError(t, second.write([]variable{{"A", "2"}}))
		first.remove()
		assert.FileExists(t, path, "it is that of another run")
		second.remove()
		assert.NoFileExists(t, path)
	}
}

// A link in place of the file leads to one of the user, or of somebody else.
func TestEnvFileDoesNotFollowLinks(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("links need rights")
	}
	folder := t.TempDir()
	target := file(t, "target", "mine\n")
	link := filepath.Join(folder, "arr.env")
	for _, leadsTo := range []string{target, filepath.Join(folder, "missing")} {
		require.NoError(t, os.Symlink(leadsTo, link))
		r := runArr(t, nil, "", "emulator", "--listen", "127.0.0.1:0", "--env-file", link)
		assert.Equal(t, failure.Usage, r.code, r.stderr)
		assert.Contains(t, r.stderr, "is not a regular file")
		content, err := os.ReadFile(target)
		require.NoError(t, err)
		assert.Equal(t, "mine\n", string(content))
		assert.NoFileExists(t, filepath.Join(folder, "missing"))
		require.NoError(t, os.Remove(link))
	}
}

// What gets in place of the file after the start stays, whatever it is.
func TestEnvFileReplacesNothingThatCameSince(t *testing.T) {
	for name, put := range map[string]func(path, target string) error{
		"link": func(path, target string) error { return os.Symlink(target, path) },
		"file": func(path, _ string) error { return os.WriteFile(path, []byte("mine\n"), 0o600) },
	} {
		t.Run(name, func(t *testing.T) {
			if runtime.GOOS == "windows" && name == "link" {
				t.Skip("links need rights")
			}
			folder := t.TempDir()
			target := file(t, "target", "mine\n")
			f := newEnvFile(filepath.Join(folder, "arr.env"), envSh)
			require.NoError(t, f.clear())
			require.NoError(t, put(f.path, target))
			require.Error(t, f.write([]variable{{"ARR_ACCOUNT_KEY", "secret"}}))
			f.remove()
			for _, path := range []string{f.path, target} {
				content, err := os.ReadFile(path)
				require.NoError(t, err)
				assert.Equal(t, "mine\n", string(content))
			}
			entries, err := os.ReadDir(folder)
			require.NoError(t, err)
			assert.Len(t, entries, 1, "no draft with the key is left")
		})
	}
}

func TestEnvFileMayBeEmptyBefore(t *testing.T) {
	f := newEnvFile(file(t, "empty", ""), envSh) // as mktemp makes it
	require.NoError(t, f.clear())
	require.NoError(t, f.write([]variable{{"A", "1"}}))
}
