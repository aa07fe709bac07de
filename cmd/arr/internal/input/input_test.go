// SPDX-License-Identifier: MIT

package input

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestDecode(t *testing.T) {
	for data, want := range map[string]string{
		"":                              "",
		"a":                             "a",
		"key\r\n":                       "key\r\n",
		"\ufeffkey":                     "key",
		"\xff\xfek\x00e\x00":            "ke",
		"\xfe\xff\x00k\x00e":            "ke",
		"k\x00e\x00":                    "ke",
		"\x00k\x00e":                    "ke",
		"\xff\xfe\x00\x00k\x00\x00\x00": "k",
		"\x00\x00\xfe\xff\x00\x00\x00k": "k",
		"\xff\xfe":                      "",
		"M\xfcller":                     "M\xfcller",
		"0\x82\x01\x00":                 "0\x82\x01\x00",
	} {
		got, err := Decode([]byte(data))
		require.NoError(t, err, "%q", data)
		assert.Equal(t, want, string(got), "%q", data)
	}
	for _, data := range []string{"\xff\xfek", "\xfe\xffk\x00\x00", "\xff\xfe\x00\x00k"} {
		_, err := Decode([]byte(data))
		assert.ErrorIs(t, err, errHalf, "%q", data)
	}
}

func TestCheckUTF8NamesTheLine(t *testing.T) {
	require.NoError(t, CheckUTF8([]byte("M\u00fcller\n\ufffd")))
	for text, line := range map[string]string{
		"M\xfcller":               "line 1 ",
		"\u00fc\n\n\xe4\nabc":     "line 3 ",
		"\ufffd\nabc\xc3":         "line 2 ",
		"a\nM\xfcller\nM\xfcller": "line 2 ",
	} {
		assert.ErrorContains(t, CheckUTF8([]byte(text)), line)
	}
}

func TestPath(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("USERPROFILE", home)
	absolute := filepath.Join(home, "x")
	for _, test := range []struct{ path, folder, want string }{
		{"", "", ""},
		{"", "f", ""},
		{"a.key", "", "a.key"},
		{"a.key", "f", filepath.Join("f", "a.key")},
		{"../a.key", filepath.Join("f", "g"), filepath.Join("f", "a.key")},
		{absolute, "f", absolute},
		{"~", "f", home},
		{"~/a.key", "f", filepath.Join(home, "a.key")},
		{"~other/a.key", "", "~other/a.key"},
		{"./~/a.key", "", "./~/a.key"},
	} {
		assert.Equal(t, test.want, Path(test.path, test.folder), "%q in %q", test.path, test.folder)
	}
}

func TestReadFileLimitsTheSize(t *testing.T) {
	path := filepath.Join(t.TempDir(), "big")
	require.NoError(t, os.WriteFile(path, bytes.Repeat([]byte("x"), MaxSize), 0o600))
	text, err := ReadFile(path)
	require.NoError(t, err)
	assert.Len(t, text, MaxSize)
	require.NoError(t, os.WriteFile(path, bytes.Repeat([]byte("x"), MaxSize+1), 0o600))
	_, err = ReadFile(path)
	assert.EqualError(t, err, path+" has more than 1048576 bytes")
	_, err = Read(strings.NewReader(strings.Repeat("x", MaxSize+1)))
	assert.ErrorIs(t, err, errTooLarge)
}

func FuzzDecode(f *testing.F) {
	for _, seed := range []string{"", "a\x00", "\xff\xfea\x00", "\xfe\xff\xd8\x00", "\xff\xfe\x00\x00a\x00\x00\x00"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		kind, _ := encodingOf(data)
		text, err := Decode(data)
		if err != nil {
			return
		}
		if kind != nil && !utf8.Valid(text) {
			t.Errorf("%q: %q is not UTF-8", data, text)
		}
		if kind == nil && !bytes.HasSuffix(data, text) {
			t.Errorf("%q became %q", data, text)
		}
		if valid := utf8.Valid(text); valid != (CheckUTF8(text) == nil) {
			t.Errorf("%q: valid is %v", text, valid)
		}
	})
}
