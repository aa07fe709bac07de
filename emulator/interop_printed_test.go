// SPDX-License-Identifier: MIT

//go:build interop

package emulator_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering/emulator"
	"github.com/arr-go/azremoterendering/internal/connect"
)

// TestInteropPrintedPython runs the lines for Python that the help of arr emulator and the status
// page show, as they are.
func TestInteropPrintedPython(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), interopTimeout)
	t.Cleanup(cancel)
	python := pythonWithClient(ctx, t)
	e, err := emulator.New(emulator.Options{})
	require.NoError(t, err)
	authority, err := emulator.OpenAuthority(filepath.Join(t.TempDir(), "authority"), interopDomain)
	require.NoError(t, err)
	server, err := e.ListenTLS("127.0.0.1:0", authority.TLSConfig())
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, server.Close()) })

	program := connect.Named("Python").Text(true) + "\nprint(list(client.list_rendering_sessions()))\n"
	command := exec.CommandContext(ctx, python, "-I", "-c", program)
	command.Env = append(
		withoutProxies(os.Environ()),
		"REQUESTS_CA_BUNDLE="+authority.CertificateFile(),
		"ARR_ENDPOINT="+server.URL,
		"ARR_STS_ENDPOINT="+server.URL,
		"ARR_ACCOUNT_ID="+e.Account().ID,
		"ARR_ACCOUNT_KEY="+e.Key(),
		"ARR_ACCOUNT_DOMAIN="+e.Account().Domain,
	)
	output, err := command.CombinedOutput()
	require.NoError(t, err, "%s", output)
	assert.Equal(t, "[]\n", string(output))
}
