// SPDX-License-Identifier: MIT

//go:build unix

package localca_test

import (
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering/internal/localca"
)

func TestAuthorityDoesNotWaitForAPipe(t *testing.T) {
	for name, path := range map[string]func(*localca.Authority) string{
		"key":         keyFile,
		"certificate": (*localca.Authority).CertificateFile,
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			pipe := path(openAuthority(t, dir, arrTest))
			require.NoError(t, os.Remove(pipe))
			require.NoError(t, syscall.Mkfifo(pipe, 0o600))
			opened := make(chan error, 1)
			go func() {
				_, err := localca.Open(dir, arrTest)
				opened <- err
			}()
			select {
			case err := <-opened:
				assert.ErrorContains(t, err, "is not a regular file")
			case <-time.After(10 * time.Second):
				assert.Fail(t, "it waits for a writer")
			}
		})
	}
}
