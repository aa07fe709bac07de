// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering/cmd/arr/internal/failure"
	"github.com/arr-go/azremoterendering/internal/connect"
)

// hostileValues are values that a shell must leave as they are.
func hostileValues() []string {
	return []string{
		``,
		`plain`,
		`'`,
		`''`,
		`it's`,
		`"quoted"`,
		`$HOME ${HOME} $(id) $env:PATH`,
		"`id`",
		`back\slash\`,
		`\'`,
		`with  two spaces `,
		`; exit 3 #`,
		`& | < > * ? ~ ! [a] {b,c} %PATH% ^`,
		`-n`,
		`=`,
		"@'",
		"typographic \u2018 \u2019 \u201a \u201b",
		"\u65e5\u672c",
		`Ab+/0123456789=`,
	}
}

// sourced returns what a variable is after a shell has read the file.
func sourced(t *testing.T, shell []string, script string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, shell[0], append(shell[1:], script)...)
	cmd.Stderr = os.Stderr
	text, err := cmd.Output()
	require.NoError(t, err, script)
	return string(text)
}

func TestEnvFileForSh(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("there is no sh")
	}
	file := newEnvFile(filepath.Join(t.TempDir(), "it's an $env.sh"), envByName)
	for _, value := range hostileValues() {
		require.NoError(t, file.clear())
		require.NoError(t, file.write([]variable{{"ARR_OTHER", "x"}, {"ARR_VALUE", value}}))
		assert.Equal(
			t,
			value+"|x",
			sourced(
				t,
				[]string{"sh", "-c"},
				file.sourceCommand()+`; sh -c 'printf "%s|%s" "$ARR_VALUE" "$ARR_OTHER"'`,
			),
		)
	}
}

func TestEnvFileForPowerShell(t *testing.T) {
	shell, err := exec.LookPath("pwsh")
	if err != nil {
		t.Skip("there is no PowerShell; TestPowerShellQuoting has its rules")
	}
	file := newEnvFile(filepath.Join(t.TempDir(), "it's an $env.ps1"), envByName)
	for _, value := range hostileValues() {
		if value == "" {
			continue // PowerShell takes an empty variable for none
		}
		require.NoError(t, file.clear())
		require.NoError(t, file.write([]variable{{"ARR_VALUE", value}}))
		script := "[Console]::OutputEncoding = [Text.Encoding]::UTF8; " + file.sourceCommand() +
			"; [Console]::Write($env:ARR_VALUE)"
		assert.Equal(
			t,
			value,
			sourced(t, []string{shell, "-NoProfile", "-NonInteractive", "-Command"}, script),
		)
	}
}

// A string between single quotes ends at a single quote of whatever kind, unless there are two;
// nothing else has a meaning in it.
func TestPowerShellQuoting(t *testing.T) {
	for value, want := range map[string]string{
		``:                     `''`,
		`plain`:                `'plain'`,
		`it's`:                 `'it''s'`,
		`''`:                   `''''''`,
		"\u2018\u2019":         "'\u2018\u2018\u2019\u2019'",
		"\u201a \u201b":        "'\u201a\u201a \u201b\u201b'",
		"$(id) \"x\" `n \\ $a": "'$(id) \"x\" `n \\ $a'",
	} {
		assert.Equal(t, want, connect.QuotePowerShell(value))
	}
	lines := func(text string) string { _, rest, _ := strings.Cut(text, "\n"); return rest }
	text, err := newEnvFile("x.PS1", envByName).text([]variable{{"A", "it's"}, {"B", "2"}})
	require.NoError(t, err)
	assert.Equal(t, "$env:A = 'it''s'\n$env:B = '2'\n", lines(text))
	text, err = newEnvFile("x.ps1", envByName).text([]variable{{"A", "\u65e5"}})
	require.NoError(t, err)
	assert.Equal(t, "$env:A = '\u65e5'\n", lines(text))
	assert.True(t, strings.HasPrefix(text, "\ufeff"), "Windows PowerShell needs the mark")
}

func TestEnvFileRefusesLineEnds(t *testing.T) {
	for _, name := range []string{"x.sh", "x.ps1"} {
		file := newEnvFile(filepath.Join(t.TempDir(), name), envByName)
		for _, value := range []string{"a\nb", "a\rb", "a\x00b", "a\x1b[2J"} {
			err := file.write([]variable{{"ARR_VALUE", value}})
			require.ErrorContains(t, err, "the value of ARR_VALUE: it has a control character")
			assert.NotContains(t, err.Error(), value)
			assert.NoFileExists(t, file.path)
		}
	}
}

func TestEnvFileOfTheEmulator(t *testing.T) {
	const key = `it's"a$key\` + "`x`"
	folder := t.TempDir()
	file := newEnvFile(filepath.Join(folder, "arr.env"), envByName)
	// one of an earlier run, which anybody may read
	require.NoError(t, os.WriteFile(file.path, []byte(envMark+"pid 1\nexit 3\n"), 0o644))
	p, c := startEmulator(
		t,
		[]string{keyVariable + "=" + key},
		"--env-file",
		file.path,
		"--tls",
		"--ca-dir",
		t.TempDir(),
	)
	assert.Equal(t, key, c.AccountKey)
	create(t, c.client(t, trusting(t, c.CAFile)))
	info, err := os.Stat(file.path)
	require.NoError(t, err)
	assert.Equal(t, fs.FileMode(0o600), info.Mode().Perm())
	entries, err := os.ReadDir(folder)
	require.NoError(t, err)
	assert.Len(t, entries, 1, "no draft is left")
	script := file.sourceCommand() +
		`; printf '%s\n' "$ARR_ENDPOINT" "$ARR_STS_ENDPOINT" "$ARR_ACCOUNT_ID" "$ARR_ACCOUNT_KEY" ` +
		`"$ARR_ACCOUNT_DOMAIN" "$ARR_CA_FILE"`
	assert.Equal(
		t,
		[]string{c.Endpoint, c.STSEndpoint, c.AccountID, key, c.AccountDomain, c.CAFile, ""},
		strings.Split(sourced(t, []string{"sh", "-c"}, script), "\n"),
	)
	p.stop()
	assert.NoFileExists(t, file.path, "it is removed at the end")
}

// Started twice by mistake: the second has no port, and the first goes on.
func TestAStartThatFailsLeavesTheEnvFileOfARunningEmulator(t *testing.T) {
	path := filepath.Join(t.TempDir(), "arr.env")
	p, c := startEmulator(t, nil, "--env-file", path)
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	r := runArr(t, nil, "", "emulator", "--listen", strings.TrimPrefix(c.Endpoint, "http://"), "--env-file", path)
	assert.Equal(t, failure.Other, r.code, r.stderr)
	assert.Contains(t, r.stderr, "cannot listen on")
	got, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, string(want), string(got))
	p.stop()
	assert.NoFileExists(t, path)
}

func TestSourceCommand(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("paths are written otherwise")
	}
	assert.Equal(t, ". './arr.env'", newEnvFile("arr.env", envByName).sourceCommand())
	assert.Equal(t, ". './-x y'", newEnvFile("./-x y", envByName).sourceCommand())
	assert.Equal(t, ". '/tmp/arr.env'", newEnvFile("/tmp/arr.env", envByName).sourceCommand())
	assert.Equal(t, ". './arr.ps1'", newEnvFile("arr.ps1", envByName).sourceCommand())
}

// What is wrong with a file has nothing to do with a network.
func TestABadEnvFileGetsAdviceAboutTheFile(t *testing.T) {
	folder := t.TempDir()
	readable := file(t, "plain", "")
	foreign := file(t, "foreign", "export MINE=1\n")
	for _, test := range []struct{ path, what, advice string }{
		{filepath.Join(folder, "none", "x.sh"), "there is no folder", "Make the folder"},
		{filepath.Join(readable, "x.sh"), "--env-file: ", "another path for --env-file"},
		{folder, "is a folder", "Choose another path"},
		{foreign, "was not written by arr emulator", "Choose another path"},
		{os.DevNull, "is there and is not a regular file", "Choose another path"},
		{filepath.Join(folder, strings.Repeat("x", 300)), "file name too long", "Choose another path"},
		{filepath.Join(folder, "a\nb.sh"), "has a control character", "Choose another path"},
	} {
		r := runArr(t, nil, "", "emulator", "--listen", "127.0.0.1:0", "--env-file", test.path)
		assert.Equal(t, failure.Usage, r.code, r.stderr)
		assert.Contains(t, r.stderr, test.what)
		assert.Contains(t, r.stderr, test.advice)
		assert.NotContains(t, r.stderr, "network")
	}
	place := filepath.Join(t.TempDir(), "a\nb")
	r := runArr(t, nil, "", "emulator", "--listen", "127.0.0.1:0", "--tls", "--ca-dir", place,
		"--env-file", filepath.Join(folder, "x.sh"))
	assert.Equal(t, failure.Usage, r.code, r.stderr)
	assert.Contains(t, r.stderr, "--env-file cannot hold the value of ARR_CA_FILE")
	assert.Contains(t, r.stderr, "do without --env-file")
	assert.NoFileExists(t, filepath.Join(folder, "x.sh"))
}
