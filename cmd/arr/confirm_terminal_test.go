// SPDX-License-Identifier: MIT

//go:build !windows

package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering/cmd/arr/internal/failure"
	"github.com/arr-go/azremoterendering/emulator"
)

// An arrconfig.json that lies in the working folder leads the key of the environment to this
// machine only if its user agrees.
func TestWhereAFoundFileLeadsIsAsked(t *testing.T) {
	service := newTestService(t, emulator.Options{})
	service.ready("demo")
	environment := []string{"ARR_ACCOUNT_KEY=" + service.Key(), "ARR_ACCOUNT_ID=" + service.Account().ID, "TERM=dumb"}
	script := `{"accountSettings": {"arrAccountDomain": "` + service.url + `"},
"renderingSessionSettings": {"remoteRenderingDomain": "` + service.url + `"}}`

	cmd := command(t, environment, "session", "list", "--quiet")
	cmd.Dir = filepath.Dir(file(t, "arrconfig.json", script))
	p := startCommand(t, cmd)
	assert.Equal(t, failure.Usage, p.wait(), p.stderr)
	assert.Contains(t, p.stderr.String(), "name the file with --arrconfig if you mean it")

	for answer, code := range map[string]int{
		"y\n": failure.OK, "\n": failure.Usage, "\x04": failure.Usage, "\x03": failure.Interrupted,
	} {
		folder := filepath.Dir(file(t, "arrconfig.json", script))
		p := startOnTerminalIn(t, folder, environment, "session", "list", "--quiet")
		p.await("leads to " + service.url + "; your key or token does not come from it.")
		p.await("Send the key or token there? [y/N] ")
		p.write(answer)
		assert.Equal(t, code, p.wait(), "%q: %s", answer, p.screen)
		if code == failure.OK {
			assert.Contains(t, p.screen.String(), "demo")
		}
	}

	folder := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(folder, "arrconfig.json"), []byte(script), 0o600))
	other := startOnTerminalIn(t, folder, environment, "session", "list", "--quiet", "--arrconfig", "arrconfig.json")
	assert.Equal(t, failure.OK, other.wait(), "a file that was named is not asked about")
}
