// SPDX-License-Identifier: MIT

//go:build unix

package emulator

import (
	"crypto/tls"
	"log/slog"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A pipe in place of the certificate stands for a file system that does not answer.
func TestHandshakesDoNotWaitForTheFileSystem(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "tls.crt")
	require.NoError(t, syscall.Mkfifo(pipe, 0o600))
	key := filepath.Join(t.TempDir(), "missing")
	files := &CertificateFiles{certFile: pipe, keyFile: key, logger: slog.New(slog.DiscardHandler)}
	before := new(tls.Certificate)
	files.current.Store(before)

	answered := make(chan *tls.Certificate)
	for range 8 {
		go func() { answered <- files.certificate() }()
	}
	for range 8 {
		select {
		case certificate := <-answered:
			assert.Same(t, before, certificate)
		case <-time.After(10 * time.Second):
			require.Fail(t, "a handshake waits for the file system")
		}
	}
	begin := time.Now()
	for range 100 {
		assert.Same(t, before, files.certificate())
	}
	assert.Less(t, time.Since(begin), certificateCheckPatience, "only the first ones wait")

	files.mu.Lock()
	over := files.over
	files.mu.Unlock()
	require.NotNil(t, over)
	writer, err := os.OpenFile(pipe, os.O_WRONLY, 0)
	require.NoError(t, err)
	require.NoError(t, writer.Close())
	<-over
}
