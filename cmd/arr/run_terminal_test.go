// SPDX-License-Identifier: MIT

//go:build !windows

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/cmd/arr/internal/failure"
	"github.com/arr-go/azremoterendering/emulator"
)

// What is typed on a terminal reaches the command by itself, once, and is the command's business;
// arr goes on for as long as it does.
func TestCtrlCReachesTheCommandOnce(t *testing.T) {
	service := newTestService(t, emulator.Options{})
	service.ready("demo")
	p := startOnTerminal(t, append(service.environment, "TERM=xterm"),
		"run", "--session", "demo", "--grace", "50ms", "--", "sh", "-c", countsInterrupts)
	p.awaitSupervised()
	p.write("\x03")
	p.await("INT 1")
	time.Sleep(300 * time.Millisecond) // for a second one to come, and for the grace to pass
	assert.NotContains(t, p.screen.String(), "INT 2")
	assert.Equal(t, arr.SessionStatusReady, service.status("demo"))
	p.write("\x03")
	p.await("INT 2")
	require.NoError(t, p.cmd.Process.Signal(syscall.SIGTERM))
	p.wait() // with which code depends on whether the command ends within its grace
	assert.NotContains(t, p.screen.String(), "INT 3")
	service.over("demo")
}

func TestTerminationIsPassedOnAfterCtrlC(t *testing.T) {
	service := newTestService(t, emulator.Options{})
	service.ready("demo")
	p := startOnTerminal(t, append(service.environment, "TERM=xterm"),
		"run", "--session", "demo", "--grace", "1m", "--", "sh", "-c", countsInterrupts)
	p.awaitSupervised()
	p.write("\x03")
	p.await("INT 1")
	require.NoError(t, p.cmd.Process.Signal(syscall.SIGTERM))
	p.await("TERM")
	assert.Equal(t, 7, p.wait(), p.screen)
	service.over("demo")
}

// countsInterrupts says how many interrupts it gets, and ends with code 7 at SIGTERM.
const countsInterrupts = `n=0; trap 'n=$((n+1)); echo "INT $n"' INT; trap 'echo supervised' USR1; ` +
	`trap 'echo TERM; exit 7' TERM; echo ready; while :; do sleep 0.02; done`

// awaitSupervised waits until countsInterrupts runs and arr knows it: then arr passes messages on.
func (p *onTerminal) awaitSupervised() {
	p.t.Helper()
	p.await("ready")
	require.NoError(p.t, p.cmd.Process.Signal(syscall.SIGUSR1))
	p.await("supervised")
}

func TestCtrlCOnATerminalEndsTheCommand(t *testing.T) {
	service := newTestService(t, emulator.Options{})
	service.ready("demo")
	p := startOnTerminal(
		t,
		append(service.environment, "TERM=xterm"),
		"run",
		"--session",
		"demo",
		"--",
		"sh",
		"-c",
		"read line; echo got $line; exec sleep 1000",
	)
	p.await("Ready")
	p.write("this\n")
	p.await("got this")
	p.write("\x03")
	assert.Equal(t, failure.Interrupted, p.wait(), p.screen)
	service.over("demo")
}

// What is typed while the command is being started has not reached it. A large environment takes a
// while to be handed over, and with one thread the signal waits in the runtime meanwhile.
func TestCtrlCWhileTheCommandIsStarted(t *testing.T) {
	service := newTestService(t, emulator.Options{})
	environment := append(service.environment, "TERM=xterm", "GOMAXPROCS=1")
	for i := range 60000 {
		environment = append(environment, fmt.Sprintf("F%d=", i))
	}
	for i := range 5 {
		id := fmt.Sprintf("demo-%d", i)
		service.ready(id)
		p := startOnTerminal(t, environment, "run", "--session", id, "--", "sleep", "1000")
		p.await("Ready")
		time.Sleep(time.Duration(i) * 5 * time.Millisecond)
		p.write("\x03")
		assert.Equal(t, failure.Interrupted, p.wait(), p.screen)
		service.over(id)
	}
}

func TestCtrlCOnATerminalBeforeTheCommand(t *testing.T) {
	service := newTestService(t, emulator.Options{StartupTime: emulator.FixedStartup(time.Hour)})
	p := startOnTerminal(
		t,
		append(service.environment, "TERM=xterm"),
		"run",
		"--interval",
		"20ms",
		"--",
		"true",
	)
	p.await("Starting")
	session := service.only("arr-run-")
	p.write("\x03")
	assert.Equal(t, failure.Interrupted, p.wait(), p.screen)
	assert.Contains(t, p.screen.String(), "arr: interrupted: no session acquired: ")
	service.over(session.ID)
}

// Closing the window ends the command and stops the session.
func TestTheTerminalGoesAway(t *testing.T) {
	service := newTestService(t, emulator.Options{})
	service.ready("demo")
	started := filepath.Join(t.TempDir(), "started")
	cmd := command(
		t,
		service.environment,
		"run",
		"--session",
		"demo",
		"--",
		"sh",
		"-c",
		"touch "+started+"; exec sleep 1000",
	)
	// nobody reads there: a reader would keep the terminal from being closed
	master, err := pty.Start(cmd)
	require.NoError(t, err)
	require.Eventually(
		t,
		func() bool { _, err := os.Stat(started); return err == nil },
		patience,
		5*time.Millisecond,
	)
	require.NoError(t, master.Close())
	_ = cmd.Wait() // the exit code tells
	assert.Equal(t, 129, cmd.ProcessState.ExitCode())
	service.over("demo")
}
