// SPDX-License-Identifier: MIT

package statefile

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	bolt "go.etcd.io/bbolt"
)

// opened opens a file that is closed with the test.
func opened(t *testing.T, path string) *File {
	t.Helper()
	f, err := Open(path)
	require.NoError(t, err)
	t.Cleanup(func() { _ = f.Close() })
	return f
}

// content returns all values of a bucket.
func content(t *testing.T, f *File, bucket string) map[string]string {
	t.Helper()
	all := make(map[string]string)
	require.NoError(t, f.Each(bucket, func(key, value []byte) error {
		all[string(key)] = string(value)
		return nil
	}))
	return all
}

func TestWhatIsWrittenIsThereAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state")
	f := opened(t, path)
	require.NoError(t, f.Write(Changes{{"b", "1"}: []byte("one"), {"b", "2"}: []byte("two")}))
	require.NoError(t, f.Write(Changes{{"b", "1"}: nil, {"c", "1"}: []byte("other")}))
	require.NoError(t, f.Close())
	f = opened(t, path)
	assert.Equal(t, map[string]string{"2": "two"}, content(t, f, "b"))
	assert.Equal(t, map[string]string{"1": "other"}, content(t, f, "c"))
	assert.Empty(t, content(t, f, "never"))
	entries, err := os.ReadDir(filepath.Dir(path))
	require.NoError(t, err)
	assert.Len(t, entries, 1, "no draft is left")
}

// A change is in the file with all others of its write, or not at all.
func TestWritesAreWhole(t *testing.T) {
	f := opened(t, filepath.Join(t.TempDir(), "state"))
	require.NoError(t, f.Write(Changes{{"b", "kept"}: []byte("x")}))
	require.Error(t, f.Write(Changes{{"b", "good"}: []byte("x"), {"b", ""}: []byte("no key")}))
	assert.Equal(t, map[string]string{"kept": "x"}, content(t, f, "b"))
	require.NoError(t, f.Close())
	require.Error(t, f.Write(Changes{{"b", "late"}: []byte("x")}))
}

func TestFileIsForItsUserAlone(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the mode of a file says nothing here")
	}
	path := filepath.Join(t.TempDir(), "state")
	require.NoError(t, opened(t, path).Close())
	mode := func() os.FileMode {
		info, err := os.Stat(path)
		require.NoError(t, err)
		return info.Mode()
	}
	assert.Equal(t, os.FileMode(0o600), mode())
	require.NoError(t, os.Chmod(path, 0o664))
	opened(t, path)
	assert.Equal(t, os.FileMode(0o600), mode())
}

func TestOneProcessUsesAFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state")
	opened(t, path)
	_, err := Open(path)
	want := "another process uses it"
	if runtime.GOOS == "linux" {
		want = "this process uses it"
	}
	require.ErrorContains(t, err, want)
}

// Files that are not state files are refused, and left as they are.
func TestForeignFilesAreRefused(t *testing.T) {
	folder := t.TempDir()
	at := func(name string) string { return filepath.Join(folder, name) }
	write := func(name string, content []byte) {
		require.NoError(t, os.WriteFile(at(name), content, 0o644))
	}
	state := at("state")
	f := opened(t, state)
	many := make(Changes)
	for i := range 2000 {
		many[Key{"b", fmt.Sprint(i)}] = make([]byte, 100)
	}
	require.NoError(t, f.Write(many))
	require.NoError(t, f.Close())
	whole, err := os.ReadFile(state)
	require.NoError(t, err)

	write("text", []byte("my precious notes\n"))
	write("long text", make([]byte, 100_000))
	write("two pages", whole[:8192])
	write("three pages", whole[:3*4096])
	write("ten pages", whole[:10*4096]) // the end of the file may be unused
	write("some bytes more", whole[:10*4096+17])
	broken := append([]byte(nil), whole...)
	for i := 8192; i < len(broken); i++ {
		broken[i] ^= 0x5a
	}
	write("broken", broken)
	other, err := bolt.Open(at("database"), 0o644, nil)
	require.NoError(t, err)
	require.NoError(t, other.Close())
	require.NoError(t, os.Mkdir(at("folder"), 0o755))
	require.NoError(t, os.Symlink(state, at("link")))
	require.NoError(t, os.Symlink(at("nowhere"), at("dangling link")))

	for name, want := range map[string]string{
		"text":            "is not a state file of the emulator",
		"long text":       "is not a state file of the emulator",
		"database":        "is not a state file of the emulator",
		"two pages":       "is damaged, or was cut off",
		"three pages":     "is damaged, or was cut off",
		"ten pages":       "is damaged, or was cut off",
		"some bytes more": "is damaged, or was cut off",
		"broken":          "is damaged, or was cut off",
		"folder":          "is a folder",
		"link":            "is a symbolic link",
		"dangling link":   "is a symbolic link",
		"no/folder":       "no such file or directory",
		"text/below":      "not a directory",
	} {
		before, _ := os.ReadFile(at(name))
		info, _ := os.Lstat(at(name))
		_, err := Open(at(name))
		require.ErrorContains(t, err, want, name)
		assert.ErrorContains(t, err, fmt.Sprintf("%q", at(name)), "the error names the file")
		after, _ := os.ReadFile(at(name))
		assert.Equal(t, before, after, name)
		now, _ := os.Lstat(at(name))
		if info != nil && now != nil {
			assert.Equal(t, info.ModTime(), now.ModTime(), name)
		}
	}
	_, err = os.Lstat(at("nowhere"))
	assert.ErrorIs(t, err, os.ErrNotExist, "nothing is made through a link")
	opened(t, state)
}

func TestEmptyFileBecomesOne(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state")
	require.NoError(t, os.WriteFile(path, nil, 0o644))
	require.NoError(t, opened(t, path).Close())
	opened(t, path)
}

func TestMigrations(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state")
	f, err := open(path, nil)
	require.NoError(t, err)
	require.NoError(t, f.Write(Changes{{"b", "1"}: []byte("x")}))
	require.NoError(t, f.Close())

	add := func(suffix string) migration {
		return func(tx *bolt.Tx) error {
			b := tx.Bucket([]byte("b"))
			return b.Put([]byte("1"), append(b.Get([]byte("1")), suffix...))
		}
	}
	failing := func(*bolt.Tx) error { return errors.New("cannot do this") }
	_, err = open(path, []migration{add("-2"), failing})
	require.ErrorContains(t, err, "to version 3 of its format: cannot do this")

	f, err = open(path, []migration{add("-two"), add("-three")})
	require.NoError(t, err)
	assert.Equal(t, "x-two-three", content(t, f, "b")["1"], "a migration that failed left nothing")
	require.NoError(t, f.Close())

	_, err = open(path, []migration{add("-two")})
	require.ErrorContains(t, err, "its format has version 3, and this emulator knows versions up to 2")
	f, err = open(path, []migration{add("-two"), add("-three")})
	require.NoError(t, err)
	assert.Equal(t, "x-two-three", content(t, f, "b")["1"], "a file is migrated once")
	require.NoError(t, f.Close())
}
