// SPDX-License-Identifier: MIT

//go:build interop

package emulator_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering/emulator"
	"github.com/arr-go/azremoterendering/internal/testkit"
)

// clockSeen is what a program saw whose session expired because it advanced the clock.
type clockSeen struct {
	Created string // the status of the new session
	Clock   struct {
		Scale  float64
		Frozen bool
		Offset string
	}
	Status           string // after an advance by 31 minutes
	Elapsed          float64
	Seconds          float64 // until then
	TokenOfYesterday any     // the status of an answer 24 hours later, with the same client
	NewClient        string  // and with a new one
}

func (s clockSeen) check(t *testing.T) {
	t.Helper()
	assert.Equal(t, "Ready", s.Created)
	assert.Equal(t, "31m0s", s.Clock.Offset)
	assert.Equal(t, "Expired", s.Status)
	assert.InDelta(t, 30, s.Elapsed, 0)
	assert.Less(t, s.Seconds, 1.0, "31 minutes have passed")
	t.Logf("31 minutes took %.3f s", s.Seconds)
	assert.InDelta(t, 401, s.TokenOfYesterday, 0)
	assert.Equal(t, "Expired", s.NewClient)
}

// clockProgram runs a program that moves the clock of an emulator.
func clockProgram(ctx context.Context, t *testing.T, e *emulator.Emulator, at string, cmd *exec.Cmd) {
	t.Helper()
	input, err := json.Marshal(map[string]any{
		"reset":         leftover(t, e),
		"endpoint":      at,
		"admin":         at + "/_emulator",
		"accountId":     e.Account().ID,
		"accountDomain": e.Account().Domain,
		"key":           e.Key(),
	})
	require.NoError(t, err)
	cmd.Env = append(withoutProxies(os.Environ()), cmd.Env...)
	cmd.Stdin = bytes.NewReader(input)
	var problems bytes.Buffer
	cmd.Stderr = &problems
	output, err := cmd.Output()
	require.NoErrorf(t, err, "the program failed (%v):\n%s\n%s", ctx.Err(), output, &problems)
	var seen clockSeen
	require.NoError(t, json.Unmarshal(output, &seen), "%s", output)
	seen.check(t)
}

// leftover leaves a session of another test behind, with which the program would collide if it did
// not reset the emulator. It reports false, and leaves nothing, if the emulator cannot be reset.
func leftover(t *testing.T, e *emulator.Emulator) bool {
	t.Helper()
	s := &service{Emulator: e, t: t}
	if s.admin(http.MethodPost, "/reset", "{}").status == http.StatusNotFound {
		return false
	}
	s.authorize()
	s.create("clock", standard5)
	return true
}

func newClockEmulator(t *testing.T) *emulator.Emulator {
	t.Helper()
	e, err := emulator.New(emulator.Options{Admin: true, SigningKey: testkit.SigningKey()})
	require.NoError(t, err)
	return e
}

// TestInteropClockPython advances the clock from Python, beside the official client.
func TestInteropClockPython(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), interopTimeout)
	t.Cleanup(cancel)
	python := pythonWithClient(ctx, t)
	e := newClockEmulator(t)
	authority, err := emulator.OpenAuthority(filepath.Join(t.TempDir(), "authority"), interopDomain)
	require.NoError(t, err)
	server, err := e.ListenTLS("127.0.0.1:0", authority.TLSConfig())
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, server.Close()) })
	cmd := exec.CommandContext(ctx, python, "-I", "testdata/interop/clock.py")
	cmd.Env = []string{"REQUESTS_CA_BUNDLE=" + authority.CertificateFile()}
	clockProgram(ctx, t, e, server.URL, cmd)
}

// TestInteropClockJavaScript advances the clock from Node, which needs no package for that.
func TestInteropClockJavaScript(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), interopTimeout)
	t.Cleanup(cancel)
	node, err := exec.LookPath("node")
	require.NoError(t, err, "install Node.js 18 or newer (Debian, Ubuntu: apt install nodejs)")
	e := newClockEmulator(t)
	server, err := e.Listen("127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, server.Close()) })
	clockProgram(ctx, t, e, server.URL, exec.CommandContext(ctx, node, "testdata/interop/clock.mjs"))
}
