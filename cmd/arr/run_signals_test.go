// SPDX-License-Identifier: MIT

//go:build !windows

package main

import (
	"os"
	"strconv"
	"strings"
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

var ends = map[os.Signal]int{
	syscall.SIGINT:  failure.Interrupted,
	syscall.SIGTERM: failure.Terminated,
	syscall.SIGHUP:  129,
	syscall.SIGQUIT: 131,
}

// Wherever a signal meets arr run before the command has been started, nothing that it has created
// keeps running.
func TestRunInterruptedBeforeTheCommand(t *testing.T) {
	for _, stage := range []struct {
		name, fault string
		startup     time.Duration
		created     bool
	}{
		{"signing in", "operation=token delay=1h", 0, false},
		{"creating, before it took effect", "operation=create delay=1h", 0, false},
		{"creating, after it took effect", "operation=create body=slow slow-for=20s", time.Hour, true},
		{"Starting", "", time.Hour, true},
	} {
		for signal, code := range ends {
			t.Run(stage.name+", "+signal.String(), func(t *testing.T) {
				t.Parallel()
				service := newTestService(
					t,
					emulator.Options{StartupTime: emulator.FixedStartup(stage.startup)},
				)
				if stage.fault != "" {
					service.inject(stage.fault)
				}
				p := startRun(t, service, "--prefix", "mine-", "--", "sh", "-c", "echo started")
				var session arr.Session
				if stage.created {
					session = service.only("mine-")
				} else {
					service.met("")
				}
				p.signal(signal)
				assert.Equal(t, code, p.wait(), p.stderr)
				if stage.created {
					service.over(session.ID)
				}
				service.ClearFaults()
				for session, err := range service.client.All(t.Context(), nil) {
					require.NoError(t, err)
					assert.Failf(t, "a session runs", "%v", session)
				}
				assert.Contains(t, p.stderr.String(), "The command was not started.")
			})
		}
	}
}

// met waits until a request has met a fault for an operation, such as get, or for any if that is
// "".
func (s *testService) met(operation string) {
	s.t.Helper()
	require.Eventually(s.t, func() bool {
		for _, fault := range s.Faults() {
			if fault.Affected > 0 &&
				(operation == "" || strings.EqualFold(fault.Operation, operation+"Session")) {
				return true
			}
		}
		return false
	}, patience, 5*time.Millisecond, operation)
}

// Right after Ready the command may have been started or not.
func TestRunInterruptedRightAfterReady(t *testing.T) {
	for signal, code := range ends {
		service := newTestService(t, emulator.Options{})
		service.ready("demo")
		p := startRun(t, service, "--session", "demo", "--", "sleep", "1000")
		p.said("Ready")
		p.signal(signal)
		assert.Equal(t, code, p.wait(), "%s", p.stderr)
		service.over("demo")
	}
}

// trapping is a command that says which signals it gets, and ends with 7 after SIGTERM.
const trapping = `trap 'echo INT' INT; trap 'echo HUP' HUP; trap 'echo QUIT' QUIT; trap 'echo TERM; ` +
	`exit 7' TERM; echo ready; while :; do sleep 0.02; done`

func TestSignalsArePassedOnOnce(t *testing.T) {
	service := newTestService(t, emulator.Options{})
	service.ready("demo")
	p := startRun(t, service, "--session", "demo", "--", "sh", "-c", trapping)
	require.Equal(t, "ready", p.line())
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGINT} {
		p.signal(signal)
		want := map[syscall.Signal]string{syscall.SIGINT: "INT", syscall.SIGHUP: "HUP", syscall.SIGQUIT: "QUIT"}[signal]
		assert.Equal(t, want, p.line())
		assert.Equal(
			t,
			arr.SessionStatusReady,
			service.status("demo"),
			"it is the command's for as long as it runs",
		)
	}
	// A signal to the group of arr does not reach the command twice.
	require.NoError(t, syscall.Kill(-p.cmd.Process.Pid, syscall.SIGTERM))
	assert.Equal(t, "TERM", p.line())
	assert.Equal(t, 7, p.wait(), "the exit code is the command's")
	service.over("demo")
}

// Other signals are messages: the command gets them, and has all the time that it wants.
func TestMessagesArePassedOn(t *testing.T) {
	service := newTestService(t, emulator.Options{})
	service.ready("demo")
	p := startRun(
		t,
		service,
		"--session",
		"demo",
		"--grace",
		"1s",
		"--",
		"sh",
		"-c",
		"trap 'echo USR1' USR1; trap 'echo USR2' USR2; "+trapping,
	)
	require.Equal(t, "ready", p.line())
	p.signal(syscall.SIGUSR1)
	assert.Equal(t, "USR1", p.line())
	time.Sleep(1300 * time.Millisecond) // longer than the grace, which messages do not begin
	p.signal(syscall.SIGUSR2)
	assert.Equal(t, "USR2", p.line())
	p.signal(syscall.SIGTERM)
	assert.Equal(t, "TERM", p.line())
	assert.Equal(t, 7, p.wait())
}

// Scripts that were started from a terminal are none: only the streams of the command count.
func TestSignalsArePassedOnBesideATerminal(t *testing.T) {
	service := newTestService(t, emulator.Options{})
	service.ready("demo")
	master, terminal, err := pty.Open()
	require.NoError(t, err)
	defer master.Close()
	cmd := command(t, service.environment, "run", "--session", "demo", "--", "sh", "-c", trapping)
	cmd.ExtraFiles = []*os.File{terminal}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true, Ctty: 3}
	p := startCommand(t, cmd)
	require.NoError(t, terminal.Close())
	require.Equal(t, "ready", p.line())
	p.signal(syscall.SIGINT) // sent
	assert.Equal(t, "INT", p.line())
	_, err = master.WriteString("\x03") // typed
	require.NoError(t, err)
	assert.Equal(t, "INT", p.line())
	p.signal(syscall.SIGTERM)
	assert.Equal(t, "TERM", p.line(), "there was no further INT")
	assert.Equal(t, 7, p.wait())
	service.over("demo")
}

func TestACommandThatEndsByTheSignal(t *testing.T) {
	for signal, code := range ends {
		service := newTestService(t, emulator.Options{})
		service.ready("demo")
		p := startRun(
			t,
			service,
			"--session",
			"demo",
			"--",
			"sh",
			"-c",
			"echo ready; exec sleep 1000",
		)
		require.Equal(t, "ready", p.line())
		p.signal(signal)
		assert.Equal(t, code, p.wait())
		service.over("demo")
	}
}

func TestACommandThatDoesNotEndIsKilled(t *testing.T) {
	for _, signal := range []os.Signal{syscall.SIGINT, syscall.SIGTERM} {
		service := newTestService(t, emulator.Options{})
		service.ready("demo")
		p := startRun(
			t,
			service,
			"--session",
			"demo",
			"--grace",
			"100ms",
			"--",
			"sh",
			"-c",
			"trap '' INT TERM; echo ready; while :; do sleep 0.02; done",
		)
		require.Equal(t, "ready", p.line())
		p.signal(signal)
		assert.Equal(t, 137, p.wait())
		assert.Contains(
			t,
			p.stderr.String(),
			"The command has not ended within 100ms, and is killed.\n",
		)
		service.over("demo")
	}
}

// A command that is stopped, as by reading from a terminal in the background, would not hear that
// it is to end.
func TestACommandThatIsStoppedIsToldToEnd(t *testing.T) {
	service := newTestService(t, emulator.Options{})
	service.ready("demo")
	p := startRun(
		t,
		service,
		"--session",
		"demo",
		"--grace",
		"0",
		"--",
		"sh",
		"-c",
		`trap 'exit 7' TERM; echo $$; kill -STOP $$; sleep 1000`,
	)
	pid, err := strconv.Atoi(p.line())
	require.NoError(t, err)
	t.Cleanup(func() { _ = syscall.Kill(-pid, syscall.SIGKILL) })
	time.Sleep(200 * time.Millisecond) // it is stopped at once
	p.signal(syscall.SIGTERM)
	select {
	case <-p.ended:
	case <-time.After(5 * time.Second):
		require.FailNow(t, "it is stopped still")
	}
	assert.Equal(t, 7, p.wait())
	service.over("demo")
}

// A signal that comes while the session is being stopped changes nothing: the command has ended,
// and the session is stopped.
func TestRunInterruptedWhileStopping(t *testing.T) {
	for _, signal := range []os.Signal{syscall.SIGINT, syscall.SIGTERM} {
		service := newTestService(t, emulator.Options{})
		service.ready("demo")
		service.inject("operation=stop delay=300ms")
		p := startRun(t, service, "--session", "demo", "--", "sh", "-c", "exit 3")
		service.met("stop")
		p.signal(signal)
		p.signal(signal)
		assert.Equal(t, 3, p.wait(), p.stderr)
		service.over("demo")
	}
}

// What SIGKILL leaves behind ends with its lease, and stop-all finds it before.
func TestRunThatIsKilled(t *testing.T) {
	service := newTestService(t, emulator.Options{})
	p := startRun(t, service, "--", "sh", "-c", "echo $$; exec sleep 1000")
	pid := p.line()
	p.signal(syscall.SIGKILL)
	assert.Equal(t, -1, p.wait())
	session := service.only("arr-run-")
	assert.Equal(t, arr.SessionStatusReady, session.Status)
	assert.Equal(t, 30*time.Minute, session.MaxLeaseTime, "nothing extends it any more")
	_, atMost := session.RemainingLease()
	assert.LessOrEqual(t, atMost, 30*time.Minute)
	r := service.arr("session", "stop-all", "--prefix", "arr-run-", "--yes")
	assert.Equal(t, failure.OK, r.code, r.stderr)
	assert.Equal(t, "Session "+session.ID+" is stopped.\n", r.stdout)
	service.over(session.ID)
	n, err := strconv.Atoi(pid)
	require.NoError(t, err)
	require.NoError(
		t,
		syscall.Kill(n, syscall.SIGKILL),
		"the command goes on; what happens to it is not for arr to say any more",
	)
}
