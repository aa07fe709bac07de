// SPDX-License-Identifier: MIT

//go:build !windows

package main

import (
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/creack/pty"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/cmd/arr/internal/failure"
	"github.com/arr-go/azremoterendering/emulator"
)

// onTerminal is arr on a pseudo-terminal.
type onTerminal struct {
	t      *testing.T
	cmd    *exec.Cmd
	master *os.File
	screen *output
	ended  chan struct{}
}

func startOnTerminal(t *testing.T, environment []string, args ...string) *onTerminal {
	t.Helper()
	return startSized(t, 100, environment, args...)
}

func startSized(t *testing.T, columns uint16, environment []string, args ...string) *onTerminal {
	t.Helper()
	p := &onTerminal{
		t:      t,
		cmd:    command(t, environment, args...),
		screen: new(output),
		ended:  make(chan struct{}),
	}
	p.cmd.Dir = t.TempDir()
	master, err := pty.StartWithSize(p.cmd, &pty.Winsize{Rows: 25, Cols: columns})
	require.NoError(t, err)
	p.master = master
	read := make(chan struct{})
	go func() {
		defer close(read)
		buffer := make([]byte, 4096)
		for {
			n, err := master.Read(buffer)
			_, _ = p.screen.Write(buffer[:n])
			if err != nil {
				return // the program has ended, and with it the terminal
			}
		}
	}()
	go func() {
		defer close(p.ended)
		_ = p.cmd.Wait()
		<-read
	}()
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill()
		<-p.ended
		_ = master.Close()
	})
	return p
}

func (p *onTerminal) await(text string) {
	p.t.Helper()
	require.Eventually(
		p.t,
		func() bool { return strings.Contains(p.screen.String(), text) },
		patience,
		5*time.Millisecond,
		"%q",
		text,
	)
}

func (p *onTerminal) write(text string) {
	p.t.Helper()
	_, err := p.master.WriteString(text)
	require.NoError(p.t, err)
}

func (p *onTerminal) wait() int {
	p.t.Helper()
	select {
	case <-p.ended:
	case <-time.After(patience):
		require.FailNow(p.t, "arr does not end")
	}
	return p.cmd.ProcessState.ExitCode()
}

func TestProgressOnATerminalIsOneLine(t *testing.T) {
	service := newTestService(t, emulator.Options{})
	service.inject("operation=get show-status=Starting count=6") // it is Ready at the seventh look
	p := startOnTerminal(
		t,
		append(service.environment, "TERM=xterm"),
		"session",
		"create",
		"demo",
		"--interval",
		"50ms",
	)
	require.Equal(t, failure.OK, p.wait(), p.screen)
	screen := p.screen.String()
	// the line is removed before the result
	before, table, found := strings.Cut(screen, "\r\x1b[Ksession         demo")
	require.True(t, found, screen)
	assert.NotContains(t, before, "\n", "one line, written again and again")
	assert.Greater(t, strings.Count(before, "\r"), 6)
	assert.Contains(t, before, "demo  \x1b[33mStarting\x1b[0m  0s  lease 30m from Ready on")
	assert.Contains(t, table, "\x1b[32mReady\x1b[0m")
}

// An id that was made up takes 36 columns, and the state is what one wants to see.
func TestProgressOnANarrowTerminalShortensTheID(t *testing.T) {
	service := newTestService(t, emulator.Options{})
	service.inject("operation=get show-status=Starting count=3")
	service.environment = append(service.environment, "TERM=xterm")
	p := startSized(
		t,
		40,
		service.environment,
		"session",
		"create",
		"--prefix",
		"a-long-prefix-",
		"--interval",
		"50ms",
	)
	require.Equal(t, failure.OK, p.wait(), p.screen)
	before, _, _ := strings.Cut(p.screen.String(), "\r\x1b[Ksession ")
	assert.Contains(t, before, "a-long…  \x1b[33mStarting\x1b[0m  0s  lease 30m from")
	for line := range strings.SplitSeq(before, "\r") {
		line = strings.NewReplacer("\x1b[33m", "", "\x1b[32m", "", "\x1b[0m", "", "\x1b[K", "").
			Replace(line)
		assert.Less(t, utf8.RuneCountInString(line), 40, line)
	}
}

func TestProgressFitsEveryTerminal(t *testing.T) {
	service := newTestService(t, emulator.Options{})
	service.ready("demo")
	for _, columns := range []uint16{0, 1, 2, 3, 10, 19} {
		p := startSized(
			t,
			columns,
			append(service.environment, "NO_COLOR=1", "TERM=xterm"),
			"session",
			"wait",
			"demo",
		)
		require.Equal(t, failure.OK, p.wait(), p.screen)
		line, _, _ := strings.Cut(strings.TrimPrefix(p.screen.String(), "\r"), "\x1b")
		if columns > 1 {
			assert.Less(t, utf8.RuneCountInString(line), int(columns), line)
		}
	}
}

func TestNoColoursIfNotWanted(t *testing.T) {
	service := newTestService(t, emulator.Options{})
	service.ready("demo")
	for _, variable := range []string{"NO_COLOR=1", "TERM=dumb"} {
		p := startOnTerminal(t, append(service.environment, variable), "session", "wait", "demo")
		require.Equal(t, failure.OK, p.wait(), p.screen)
		assert.NotContains(t, p.screen.String(), "\x1b[3", variable)
		if variable == "TERM=dumb" {
			assert.NotContains(t, p.screen.String(), "\x1b", "it cannot remove a line either")
		}
	}
	p := startOnTerminal(t, append(service.environment, "TERM=xterm"), "session", "list")
	require.Equal(t, failure.OK, p.wait(), p.screen)
	assert.Contains(t, p.screen.String(), "\x1b[1mSESSION\x1b[0m")
}

func TestQuietOnATerminal(t *testing.T) {
	service := newTestService(
		t,
		emulator.Options{StartupTime: emulator.FixedStartup(100 * time.Millisecond)},
	)
	p := startOnTerminal(
		t,
		append(service.environment, "TERM=xterm"),
		"session",
		"create",
		"demo",
		"--interval",
		"20ms",
		"--quiet",
	)
	require.Equal(t, failure.OK, p.wait(), p.screen)
	assert.Equal(t, "demo\r\n", p.screen.String())
}

func TestCtrlCOnATerminal(t *testing.T) {
	service := newTestService(t, emulator.Options{StartupTime: emulator.FixedStartup(time.Hour)})
	p := startOnTerminal(
		t,
		append(service.environment, "TERM=xterm"),
		"session",
		"create",
		"demo",
		"--interval",
		"50ms",
	)
	p.await("Starting")
	p.write("\x03")
	assert.Equal(t, failure.Interrupted, p.wait(), p.screen)
	assert.Contains(
		t,
		p.screen.String(),
		"arr: interrupted: waiting for session \"demo\", last seen Starting\r\nSession demo was stopped.",
	)
	assert.Equal(t, arr.SessionStatusStopped, service.status("demo"))
}

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

func TestATokenOnATerminalComesWithAWarning(t *testing.T) {
	service := newTestService(t, emulator.Options{})
	p := startOnTerminal(t, service.environment, "token")
	require.Equal(t, failure.OK, p.wait(), p.screen)
	assert.Contains(
		t,
		p.screen.String(),
		"Whoever has this token can create, list and stop every session",
	)
}

func TestStopAllAsksOnATerminal(t *testing.T) {
	service := newTestService(t, emulator.Options{})
	service.ready("demo")
	for _, test := range []struct {
		answer string
		code   int
		status arr.SessionStatus
	}{
		{"\n", failure.OK, arr.SessionStatusReady},
		{"no\n", failure.OK, arr.SessionStatusReady},
		{"\x04", failure.OK, arr.SessionStatusReady},
		{"\x03", failure.Interrupted, arr.SessionStatusReady},
		{"y\n", failure.OK, arr.SessionStatusStopped},
	} {
		p := startOnTerminal(
			t,
			append(service.environment, "TERM=dumb"),
			"session",
			"stop-all",
			"--all",
		)
		p.await("Stop this session? Connected devices are cut off. [y/N] ")
		p.write(test.answer)
		assert.Equal(t, test.code, p.wait(), p.screen)
		assert.Equal(t, test.status, service.status("demo"), "%q", test.answer)
		assert.Contains(t, p.screen.String(), "demo     Ready")
	}
}
