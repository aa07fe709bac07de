// SPDX-License-Identifier: MIT

//go:build interop

package storage_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering/cmd/arr/internal/storage"
	"github.com/arr-go/azremoterendering/internal/azurite"
)

// onDisk is the container of the one test whose blobs are too large to be kept in memory.
const onDisk = "large"

// account starts Azurite and signs in by its connection string.
func account(t *testing.T, options azurite.Options) (*storage.Account, *azurite.Server) {
	t.Helper()
	server := azurite.Start(t, options)
	a, err := storage.New(storage.Settings{ConnectionString: server.ConnectionString()})
	require.NoError(t, err)
	return a, server
}

// withContainer also creates a container.
func withContainer(t *testing.T, name string) (*storage.Account, *azurite.Server) {
	t.Helper()
	a, server := account(t, azurite.Options{InMemory: name != onDisk})
	created, err := a.CreateContainer(t.Context(), name)
	require.NoError(t, err)
	require.True(t, created)
	return a, server
}

// folder writes files into a new folder: names and contents.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(content), 0o644))
	}
	return dir
}

// took logs how long a part of a test took, and fails if that was longer than the limit.
func took(t *testing.T, what string, limit time.Duration, do func()) {
	t.Helper()
	start := time.Now()
	do()
	duration := time.Since(start)
	t.Logf("%s: %v", what, duration.Round(10*time.Millisecond))
	require.Less(t, duration, limit, what)
}

func writeMany(t *testing.T, n int) string {
	t.Helper()
	dir := t.TempDir()
	for i := range n {
		sub := filepath.Join(dir, fmt.Sprintf("part%02d", i%100))
		if i < 100 {
			require.NoError(t, os.Mkdir(sub, 0o755))
		}
		require.NoError(
			t,
			os.WriteFile(filepath.Join(sub, fmt.Sprintf("%05d.txt", i)), fmt.Appendf(nil, "file %d", i), 0o644),
		)
	}
	return dir
}
