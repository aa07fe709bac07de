// SPDX-License-Identifier: MIT

package main

import (
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/cmd/arr/internal/failure"
	"github.com/arr-go/azremoterendering/emulator"
)

func TestSignals(t *testing.T) {
	for signal, code := range map[os.Signal]int{
		os.Interrupt:    failure.Interrupted,
		syscall.SIGTERM: failure.Terminated,
		syscall.SIGHUP:  129,
		syscall.SIGQUIT: 131,
	} {
		service := newTestService(
			t,
			emulator.Options{StartupTime: emulator.FixedStartup(time.Hour)},
		)
		p := start(
			t,
			service.environment,
			"session",
			"create",
			"--prefix",
			"mine-",
			"--interval",
			"20ms",
		)
		session := service.only("mine-")
		p.signal(signal)
		assert.Equal(t, code, p.wait())
		assert.Equal(t, arr.SessionStatusStopped, service.status(session.ID))
		assert.Contains(t, p.stderr.String(), "Session "+session.ID+" was stopped.")

		_, err := service.client.BeginCreate(
			t.Context(),
			"other",
			arr.CreateSessionSettings{Size: "Standard", MaxLeaseTime: time.Hour},
			nil,
		)
		require.NoError(t, err)
		p = start(t, service.environment, "session", "wait", "other", "--interval", "20ms")
		require.Eventually(
			t,
			func() bool { return strings.Contains(p.stderr.String(), "Starting") },
			patience,
			10*time.Millisecond,
		)
		p.signal(signal)
		assert.Equal(t, code, p.wait())
		assert.Equal(t, arr.SessionStatusStarting, service.status("other"))
	}
}

// A terminal that goes away sends SIGHUP twice: its shell does, and the system as the shell ends.
func TestASecondHangupKeepsNoSessionRunning(t *testing.T) {
	service := newTestService(t, emulator.Options{StartupTime: emulator.FixedStartup(time.Hour)})
	service.inject("operation=stop delay=1s")
	p := start(
		t,
		service.environment,
		"session",
		"create",
		"--prefix",
		"mine-",
		"--interval",
		"20ms",
	)
	session := service.only("mine-")
	p.signal(syscall.SIGHUP)
	time.Sleep(300 * time.Millisecond)
	p.signal(syscall.SIGHUP)
	assert.Equal(t, 129, p.wait(), p.stderr)
	assert.Equal(t, arr.SessionStatusStopped, service.status(session.ID))
}

func TestAHangupThatIsIgnoredStaysIgnored(t *testing.T) {
	shell, err := exec.LookPath("sh")
	if err != nil || runtime.GOOS == "windows" {
		t.Skip("there is no shell to ignore it")
	}
	service := newTestService(t, emulator.Options{StartupTime: emulator.FixedStartup(time.Hour)})
	cmd := command(
		t,
		service.environment,
		"session",
		"create",
		"--prefix",
		"mine-",
		"--interval",
		"20ms",
	)
	cmd.Args = append(
		[]string{"sh", "-c", `trap '' HUP; exec "$@"`, "sh", cmd.Path},
		cmd.Args[1:]...)
	cmd.Path = shell
	p := startCommand(t, cmd)
	session := service.only("mine-")
	p.signal(syscall.SIGHUP)
	time.Sleep(300 * time.Millisecond)
	assert.Equal(t, arr.SessionStatusStarting, service.status(session.ID))
	p.signal(syscall.SIGTERM)
	assert.Equal(t, failure.Terminated, p.wait(), p.stderr)
}

// A script may start arr before the key is there.
func TestInterruptWhileAKeyIsRead(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("there are no such signals")
	}
	service := newTestService(t, emulator.Options{})
	cmd := command(t, service.withoutKey(), "session", "list", "--key-stdin")
	stdin, err := cmd.StdinPipe()
	require.NoError(t, err)
	defer stdin.Close()
	require.NoError(t, cmd.Start())
	time.Sleep(300 * time.Millisecond) // it shows nothing to wait for
	require.NoError(t, cmd.Process.Signal(os.Interrupt))
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait()
		close(ended)
	}()
	select {
	case <-ended:
		assert.Equal(t, failure.Interrupted, cmd.ProcessState.ExitCode())
	case <-time.After(5 * time.Second):
		assert.Fail(t, "it waits for the key")
		_ = cmd.Process.Kill()
	}
}

// A create that is interrupted before its answer may have taken effect.
func TestInterruptBeforeTheAnswerToACreate(t *testing.T) {
	for _, own := range []bool{true, false} {
		service := newTestService(
			t,
			emulator.Options{StartupTime: emulator.FixedStartup(time.Hour)},
		)
		service.inject("operation=create body=slow slow-for=20s")
		args := []string{"session", "create", "--prefix", "mine-"}
		if !own {
			args = []string{"session", "create", "mine-of-old"}
		}
		p := start(t, service.environment, args...)
		session := service.only("mine-")
		p.signal(os.Interrupt)
		assert.Equal(t, failure.Interrupted, p.wait())
		if own {
			assert.Equal(t, arr.SessionStatusStopped, service.status(session.ID))
			continue
		}
		assert.Equal(
			t,
			arr.SessionStatusStarting,
			service.status(session.ID),
			"it may have been there before",
		)
		assert.Contains(
			t,
			p.stderr.String(),
			"Session mine-of-old may exist, and is then billed from Ready until its lease ends. "+
				"Stop it: arr session stop mine-of-old",
		)
	}
}
