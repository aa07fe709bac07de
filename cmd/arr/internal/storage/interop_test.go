// SPDX-License-Identifier: MIT

//go:build interop

package storage_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering/cmd/arr/internal/storage"
	"github.com/arr-go/azremoterendering/internal/azurite"
	"github.com/arr-go/azremoterendering/internal/blobaccess"
)

func TestInteropOnlyWhatChangedIsUploaded(t *testing.T) {
	a, _ := withContainer(t, "models")
	dir := folder(
		t,
		map[string]string{"box.gltf": "{}", "textures/wood & co.png": "png", "empty": "", "ä/ö.bin": "x"},
	)
	upload := func() storage.Progress {
		var last storage.Progress
		done, err := a.Upload(t.Context(), storage.Upload{
			Path: dir, Container: "models", Prefix: `\Input\v1\`, Progress: func(p storage.Progress) { last = p },
		})
		require.NoError(t, err)
		assert.Equal(t, done, last, "the last report is the result")
		assert.Equal(t, done.Bytes, done.BytesDone)
		return done
	}
	assert.Equal(t, storage.Progress{Files: 4, FilesDone: 4, Bytes: 6, BytesDone: 6}, upload())
	assert.Equal(t, storage.Progress{
		Files: 4, FilesDone: 4, FilesUnchanged: 4, Bytes: 6, BytesDone: 6, BytesUnchanged: 6,
	}, upload())

	// of the same size
	require.NoError(t, os.WriteFile(filepath.Join(dir, "box.gltf"), []byte("[]"), 0o644))
	assert.Equal(t, 3, upload().FilesUnchanged)
	content, err := a.Read(t.Context(), "models", "Input/v1/box.gltf", 0)
	require.NoError(t, err)
	assert.Equal(t, "[]", string(content))

	one, err := a.Upload(
		t.Context(),
		storage.Upload{Path: filepath.Join(dir, "textures", "wood & co.png"), Container: "models"},
	)
	require.NoError(t, err)
	assert.Equal(t, 1, one.FilesDone)
	content, err = a.Read(t.Context(), "models", "wood & co.png", 3)
	require.NoError(t, err)
	assert.Equal(t, "png", string(content))
	_, err = a.Read(t.Context(), "models", "wood & co.png", 2)
	assert.ErrorIs(t, err, storage.ErrTooLarge)
}

func TestInteropManySmallFiles(t *testing.T) {
	a, _ := withContainer(t, "many")
	const n = 10_000
	dir := writeMany(t, n)
	what := storage.Upload{Path: dir, Container: "many", Prefix: "all"}
	took(t, "10,000 files", 90*time.Second, func() {
		done, err := a.Upload(t.Context(), what)
		require.NoError(t, err)
		assert.Equal(t, n, done.FilesDone)
		assert.Zero(t, done.FilesUnchanged)
	})
	took(t, "10,000 files unchanged", 20*time.Second, func() {
		done, err := a.Upload(t.Context(), what)
		require.NoError(t, err)
		assert.Equal(t, n, done.FilesUnchanged)
	})
}

// TestInteropLargeFile uploads 1 GB in a process of its own, whose memory must not grow with the
// file. It is interrupted once, and must not send again what has arrived.
func TestInteropLargeFile(t *testing.T) {
	if path := os.Getenv("ARR_TEST_UPLOAD"); path != "" {
		uploadAndTellMemory(t, path)
		return
	}
	a, server := withContainer(t, onDisk)
	path := filepath.Join(t.TempDir(), "large.bin")
	const size = 1 << 30
	writeLarge(t, path, size)
	what := storage.Upload{Path: path, Container: onDisk}

	interrupted, cancel := context.WithCancel(t.Context())
	defer cancel()
	what.Progress = func(p storage.Progress) {
		if p.BytesDone > size/2 {
			cancel()
		}
	}
	took(t, "half of 1 GB", time.Minute, func() {
		_, err := a.Upload(interrupted, what)
		require.ErrorIs(t, err, context.Canceled)
	})
	took(t, "the rest of 1 GB", time.Minute, func() {
		memory := inChild(t, server, path)
		t.Logf("largest memory of the process: %d MB", memory>>10)
		assert.Less(t, memory, 128<<10, "kB")
	})
	took(t, "1 GB unchanged", 30*time.Second, func() {
		what.Progress = nil
		done, err := a.Upload(t.Context(), what)
		require.NoError(t, err)
		assert.Equal(t, storage.Progress{
			Files: 1, FilesDone: 1, FilesUnchanged: 1, Bytes: size, BytesDone: size, BytesUnchanged: size,
		}, done)
	})
}

func TestInteropContainers(t *testing.T) {
	a, _ := account(t, azurite.Options{InMemory: true})
	_, err := a.Upload(
		t.Context(),
		storage.Upload{Path: folder(t, map[string]string{"a": "a"}), Container: "nowhere"},
	)
	require.ErrorContains(t, err, "answered 404 ContainerNotFound")
	failed, ok := errors.AsType[*blobaccess.Error](err)
	require.True(t, ok)
	assert.Equal(t, "Create the container, or check its name.", failed.Advice())
	for _, want := range []bool{true, false} {
		created, err := a.CreateContainer(t.Context(), "nowhere")
		require.NoError(t, err)
		assert.Equal(t, want, created)
	}
	_, err = a.Read(t.Context(), "nowhere", "info.json", 0)
	assert.ErrorContains(t, err, "404 BlobNotFound")
}

// TestInteropSignatures makes signatures and uses them for what they are for, and for more.
func TestInteropSignatures(t *testing.T) {
	a, server := withContainer(t, "models")
	dir := folder(t, map[string]string{"box.glb": "glb"})
	_, err := a.Upload(t.Context(), storage.Upload{Path: dir, Container: "models"})
	require.NoError(t, err)

	signedIn := func(sas string) *storage.Account {
		b, err := storage.New(storage.Settings{Endpoint: server.Endpoint, SAS: "?" + sas})
		require.NoError(t, err)
		return b
	}
	made := func(rights storage.Rights) string {
		sas, err := a.ContainerSAS(t.Context(), "models", rights, time.Hour)
		require.NoError(t, err)
		return sas.Reveal()
	}
	input, output := made(storage.InputRights), made(storage.OutputRights)
	content, err := signedIn(input).Read(t.Context(), "models", "box.glb", 0)
	require.NoError(t, err)
	assert.Equal(t, "glb", string(content))
	reused, err := signedIn(input).ContainerSAS(t.Context(), "models", storage.InputRights, time.Hour)
	require.NoError(t, err)
	assert.Equal(t, input, reused.Reveal())
	_, err = signedIn(input).ContainerSAS(t.Context(), "models", storage.OutputRights, time.Hour)
	assert.ErrorContains(t, err, `needs "w"`)

	read, err := a.BlobSAS(t.Context(), "models", "box.glb", time.Hour)
	require.NoError(t, err)
	resp, err := http.Get(a.BlobURL("models", "box.glb") + "?" + read.Reveal())
	require.NoError(t, err)
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	assert.Equal(t, "glb", string(body))

	for name, sas := range map[string]string{
		"wrong":         strings.Replace(input, "sig=", "sig=AAAA", 1),
		"expired":       expired(t, server, "rlw"),
		"too few right": output,
	} {
		_, err := signedIn(sas).Upload(t.Context(), storage.Upload{Path: dir, Container: "models"})
		failed, ok := errors.AsType[*blobaccess.Error](err)
		require.True(t, ok, "%s: %v", name, err)
		assert.True(t, failed.Denied(), name)
		assert.NotEmpty(t, failed.Advice())
		assert.NotContains(t, err.Error(), "sig=")
		assert.NotContains(t, err.Error(), server.Key)
		t.Logf("%s: %v", name, err)
	}
}
