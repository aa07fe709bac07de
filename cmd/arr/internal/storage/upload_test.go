// SPDX-License-Identifier: MIT

package storage

import (
	"bytes"
	"crypto/md5"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func planned(t *testing.T, path, prefix string) ([]file, error) {
	t.Helper()
	root, only, err := openSource(path)
	require.NoError(t, err)
	t.Cleanup(func() { _ = root.Close() })
	return files(root, only, prefix)
}

func write(t *testing.T, path, content string) {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(t, os.WriteFile(path, []byte(content), 0o644))
}

func TestFilesBecomeBlobs(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "box.gltf"), "{}")
	write(t, filepath.Join(dir, "textures", "wood.png"), "png")
	list, err := planned(t, dir, "Input/")
	require.NoError(t, err)
	assert.Equal(t, []file{
		{"box.gltf", "Input/box.gltf", 2}, {"textures/wood.png", "Input/textures/wood.png", 3},
	}, list)
	list, err = planned(t, filepath.Join(dir, "textures", "wood.png"), "")
	require.NoError(t, err)
	assert.Equal(t, []file{{"wood.png", "wood.png", 3}}, list)
}

func TestLinksStayWithinTheFolder(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("links need privileges")
	}
	for want, target := range map[string]string{
		"": "box.gltf", "out of the folder": "../secret", "nor a link to one": "sub",
	} {
		dir := filepath.Join(t.TempDir(), "models")
		write(t, filepath.Join(dir, "box.gltf"), "{}")
		write(t, filepath.Join(dir, "sub", "x"), "x")
		write(t, filepath.Join(dir, "..", "secret"), "secret")
		require.NoError(t, os.Symlink(target, filepath.Join(dir, "link")))
		list, err := planned(t, dir, "")
		if want == "" {
			require.NoError(t, err)
			assert.Contains(t, list, file{"link", "link", 2})
			continue
		}
		assert.ErrorContains(t, err, want)
	}
}

func TestNamesThatStorageWouldChangeAreRefused(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("there are no such files")
	}
	for _, name := range []string{"dot.", `back\slash`, "latin\xe4"} {
		dir := t.TempDir()
		write(t, filepath.Join(dir, name), "")
		_, err := planned(t, dir, "")
		assert.Error(t, err, name)
	}
}

func TestLargeFilesAreDividedIntoBlocks(t *testing.T) {
	small, err := digestOf(t.Context(), strings.NewReader(""), 0)
	require.NoError(t, err)
	assert.Nil(t, small.blocks)
	empty := md5.Sum(nil)
	assert.Equal(t, empty[:], small.sum)

	content := bytes.Repeat([]byte("0123456789abcdef"), (maxAtOnce+blockSize/2)/16)
	large, err := digestOf(t.Context(), bytes.NewReader(content), int64(len(content)))
	require.NoError(t, err)
	require.Len(t, large.blocks, 5)
	whole := md5.Sum(content)
	assert.Equal(t, whole[:], large.sum)
	assert.Equal(t, md5.Sum(content[4*blockSize:]), large.blocks[4])
	ids := map[string]bool{}
	for i, sum := range large.blocks {
		id := blockID(i, sum)
		assert.Len(t, id, len(blockID(49_999, sum)), "storage wants ids of one length")
		ids[id] = true
	}
	assert.Len(t, ids, 5)

	_, err = digestOf(t.Context(), strings.NewReader("short"), 6)
	assert.ErrorContains(t, err, "became shorter")
}

func TestRetriesAreCountedOnce(t *testing.T) {
	m := &meter{}
	b := &body{SectionReader: io.NewSectionReader(strings.NewReader("0123456789"), 2, 6), meter: m}
	for range 3 {
		_, err := b.Seek(0, io.SeekStart)
		require.NoError(t, err)
		text, err := io.ReadAll(b)
		require.NoError(t, err)
		assert.Equal(t, "234567", string(text))
	}
	assert.Equal(t, int64(6), m.finish().BytesDone)
}
