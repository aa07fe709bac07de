// SPDX-License-Identifier: MIT

package main

import (
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering/cmd/arr/internal/failure"
	"github.com/arr-go/azremoterendering/emulator"
)

// asUTF16 is what Windows PowerShell writes with > and Out-File.
func asUTF16(text string) string {
	var out []byte
	for _, unit := range utf16.Encode([]rune("\ufeff" + text)) {
		out = append(out, byte(unit), byte(unit>>8))
	}
	return string(out)
}

func TestKeysAreReadInEveryEncoding(t *testing.T) {
	service := newTestService(t, emulator.Options{})
	service.ready("demo")
	for name, text := range map[string]string{
		"with a line end":     service.Key() + "\r\n",
		"UTF-8 with a mark":   "\ufeff" + service.Key() + "\n",
		"UTF-16":              asUTF16(service.Key() + "\r\n"),
		"UTF-16 unmarked":     asUTF16(service.Key())[2:],
		"a line end in front": "\n" + service.Key(),
	} {
		key := file(t, "arr.key", text)
		for _, place := range []struct {
			stdin string
			args  []string
		}{{"", []string{"--key-file", key}}, {text, []string{"--key-stdin"}}} {
			args := append([]string{"session", "list", "--quiet"}, place.args...)
			r := runArr(t, service.withoutKey(), place.stdin, args...)
			assert.Equal(t, failure.OK, r.code, "%s: %s", name, r.stderr)
			assert.Equal(t, "demo\n", r.stdout, name)
		}
	}
}

func TestCertificatesAreReadInEveryEncoding(t *testing.T) {
	authority, err := emulator.OpenAuthority(t.TempDir(), "arr.test")
	require.NoError(t, err)
	service := newTestService(t, emulator.Options{})
	server, err := service.ListenTLS("", authority.TLSConfig())
	require.NoError(t, err)
	t.Cleanup(func() { _ = server.Close() })
	text, err := os.ReadFile(authority.CertificateFile())
	require.NoError(t, err)
	block, _ := pem.Decode(text)
	for name, certificate := range map[string]string{
		"UTF-8 with a mark":       "\ufeff" + string(text),
		"UTF-16":                  asUTF16(string(text)),
		"line ends of Windows":    strings.ReplaceAll(string(text), "\n", "\r\n"),
		"a comment in Latin-1":    "# M\xfcller\n" + string(text),
		"DER, as Windows exports": string(block.Bytes),
	} {
		r := runArr(
			t,
			append(service.environment, "ARR_ENDPOINT="+server.URL, "ARR_STS_ENDPOINT="+server.URL),
			"",
			"session", "list", "--quiet", "--ca-file", file(t, "ca.pem", certificate),
		)
		assert.Equal(t, failure.OK, r.code, "%s: %s", name, r.stderr)
	}
	r := runArr(t, service.environment, "", "session", "list", "--ca-file", file(t, "ca.pem", "x"))
	assert.Contains(t, r.stderr, "holds no certificate in PEM or DER")
}

// A pipe in a folder that others can write to must not stop arr, and a key is no reason to wait.
func TestAPipeIsNoFile(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("pipes have no place in folders here")
	}
	service := newTestService(t, emulator.Options{})
	folder := t.TempDir()
	pipe := filepath.Join(folder, "arrconfig.json")
	require.NoError(t, exec.CommandContext(t.Context(), "mkfifo", pipe).Run())
	for _, args := range [][]string{
		{},
		{"--arrconfig", pipe},
		{"--config", pipe, "--arrconfig", os.DevNull},
		{"--key-file", pipe, "--arrconfig", file(t, "x.json", "{}")},
		{"--ca-file", pipe, "--arrconfig", file(t, "x.json", "{}")},
	} {
		cmd := command(t, service.environment, append([]string{"session", "list"}, args...)...)
		cmd.Dir = folder
		p := startCommand(t, cmd)
		assert.Equal(t, failure.Usage, p.wait(), args)
		assert.Contains(t, p.stderr.String(), "is a pipe or a device, not a regular file", args)
	}
}

// A key that is not alone is told so, and never shown.
func TestAKeyThatIsNotAloneIsTold(t *testing.T) {
	service := newTestService(t, emulator.Options{})
	key := service.Key()
	for text, want := range map[string]string{
		`"` + key + `"`:                          "in quotes: remove the quotes",
		"'" + key + "'\n":                        "in quotes: remove the quotes",
		asUTF16("\u201c" + key + "\u201d\r\n"):   "in quotes: remove the quotes",
		"ARR_ACCOUNT_KEY=" + key:                 "holds the name of the key too",
		"export ARR_ACCOUNT_KEY='" + key + "'\n": "holds the name of the key too",
		`{"arrAccountKey": "` + key + `"}`:       "holds the name of the key too",
		key + " " + key:                          "holds more than an account key",
		"\n\n":                                   "holds no account key",
		"\xff\xfek":                              "ends in the middle of a character",
		strings.Repeat("k", 1<<20) + "and one":   "has more than 1048576 bytes",
	} {
		path := file(t, "arr.key", text)
		for _, r := range []result{
			runArr(t, service.withoutKey(), "", "session", "list", "--key-file", path),
			runArr(t, service.withoutKey(), text, "session", "list", "--key-stdin"),
		} {
			assert.Equal(t, failure.Usage, r.code, r.stderr)
			assert.Contains(t, r.stderr, want)
			assert.NotContains(t, r.stderr, key)
		}
	}
}
