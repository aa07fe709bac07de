// SPDX-License-Identifier: MIT

//go:build !windows

package main

import (
	"os"
	"strings"
	"testing"

	"github.com/creack/pty"
	"github.com/spf13/cobra"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/arr-go/azremoterendering/cmd/arr/internal/config"
	"github.com/arr-go/azremoterendering/cmd/arr/internal/failure"
	"github.com/arr-go/azremoterendering/emulator"
)

func TestTheKeyIsAskedForWithoutEcho(t *testing.T) {
	service := newTestService(t, emulator.Options{})
	service.ready("demo")
	var environment []string
	for _, variable := range service.environment {
		if !strings.HasPrefix(variable, "ARR_ACCOUNT_KEY=") {
			environment = append(environment, variable)
		}
	}
	p := startOnTerminal(t, environment, "session", "list", "--quiet")
	p.await("(not shown): ")
	p.write(service.Key() + "\n")
	assert.Equal(t, failure.OK, p.wait(), p.screen)
	assert.NotContains(t, p.screen.String(), "secret")
	assert.True(t, strings.HasSuffix(p.screen.String(), "demo\r\n"), p.screen)

	p = startOnTerminal(t, environment, "session", "list")
	p.await("(not shown): ")
	p.write("\x03")
	assert.Equal(t, failure.Interrupted, p.wait(), p.screen)
}

func TestAKeyFromStandardInputIsNotEchoedEither(t *testing.T) {
	service := newTestService(t, emulator.Options{})
	service.ready("demo")
	p := startOnTerminal(t, service.withoutKey(), "session", "list", "--quiet", "--key-stdin")
	p.await("(not shown): ")
	p.write(service.Key() + "\n")
	assert.Equal(t, failure.OK, p.wait(), p.screen)
	assert.NotContains(t, p.screen.String(), "secret")
}

// atPrompt is standard error that looks at the terminal when the prompt is written.
type atPrompt struct {
	terminal *os.File
	look     func(*unix.Termios)
}

func (w atPrompt) Write(text []byte) (int, error) {
	if strings.Contains(string(text), "(not shown): ") {
		state, err := unix.IoctlGetTermios(int(w.terminal.Fd()), getTermios)
		if err != nil {
			return 0, err
		}
		w.look(state)
	}
	return len(text), nil
}

// A key that is pasted right at the prompt must not show.
func TestEchoIsOffBeforeThePromptIsWritten(t *testing.T) {
	master, terminal, err := pty.Open()
	require.NoError(t, err)
	defer master.Close()
	defer terminal.Close()
	before, err := unix.IoctlGetTermios(int(terminal.Fd()), getTermios)
	require.NoError(t, err)
	require.NotZero(t, before.Lflag&unix.ECHO)
	asked := false
	cmd := &cobra.Command{}
	cmd.SetContext(t.Context())
	cmd.SetErr(atPrompt{terminal, func(state *unix.Termios) {
		asked = true
		assert.Zero(t, state.Lflag&unix.ECHO)
		_, err := master.WriteString("the-secret-key\n")
		assert.NoError(t, err)
	}})
	key, err := askForKey(cmd, terminal, config.Target{})
	require.NoError(t, err)
	assert.Equal(t, "the-secret-key", key)
	assert.True(t, asked)
	after, err := unix.IoctlGetTermios(int(terminal.Fd()), getTermios)
	require.NoError(t, err)
	assert.Equal(t, before.Lflag, after.Lflag, "the terminal is as it was")
}
