// SPDX-License-Identifier: MIT

//go:build interop

package emulator_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering/emulator"
)

// TestInteropPrintedPython runs the lines for Python in the manual of arr emulator, as they are.
func TestInteropPrintedPython(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), interopTimeout)
	t.Cleanup(cancel)
	python := pythonWithClient(ctx, t)
	manual, err := os.ReadFile("../docs/cli/arr_emulator.md")
	require.NoError(t, err)
	_, text, found := strings.Cut(string(manual), "\n  Python ")
	require.True(t, found, "the manual has no line for Python")
	line, _, found := strings.Cut(text, "\n  Java ")
	require.True(t, found, "the line for Java does not follow")

	e, err := emulator.New(emulator.Options{})
	require.NoError(t, err)
	authority, err := emulator.OpenAuthority(filepath.Join(t.TempDir(), "authority"), interopDomain)
	require.NoError(t, err)
	server, err := e.ListenTLS("127.0.0.1:0", authority.TLSConfig())
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, server.Close()) })

	command := exec.CommandContext(ctx, python, "-I", "-c", `
from os import environ as env
from azure.core.credentials import AzureKeyCredential
from azure.mixedreality.remoterendering import RemoteRenderingClient
client = `+strings.TrimSpace(line)+`
print(list(client.list_rendering_sessions()))
`)
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
