// SPDX-License-Identifier: MIT

package main

import (
	"os"
	"os/exec"
	"path/filepath"
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

// Every exit code but those of signals, once, with what the user is told.
func TestExitCodes(t *testing.T) {
	service := newTestService(t, emulator.Options{})
	service.ready("demo")
	service.ready("over")
	require.NoError(t, service.SetStatus("over", arr.SessionStatusExpired))
	record := transcript{url: service.url}
	for _, test := range []struct {
		code  int
		fault string
		args  []string
	}{
		{failure.OK, "", []string{"session", "list", "--quiet"}},
		{failure.Other, "operation=get status=503", []string{"session", "get", "demo"}},
		{failure.Other, "operation=get body=invalid", []string{"session", "get", "demo"}},
		{failure.Usage, "", []string{"session", "get", "a/b"}},
		{failure.Usage, "", []string{"session", "update", "demo"}},
		{failure.Usage, "", []string{"session", "list", "--output", "xml"}},
		{failure.Usage, "", []string{"session", "list", "--timeout", "-1s"}},
		{failure.Other, "", []string{"session", "create", "new", "--lease", "25h"}},
		{failure.Refused, "operation=token status=401", []string{"session", "list"}},
		{failure.Refused, "operation=list status=403", []string{"session", "list"}},
		{failure.NotFound, "", []string{"session", "get", "nobody"}},
		{failure.Ended, "", []string{"session", "get", "over", "--wait", "--quiet"}},
		{failure.Timeout, "operation=get delay=1h", []string{"session", "get", "demo", "--timeout", "500ms"}},
		{failure.Throttled, "operation=list status=429 retry-after=15s", []string{"session", "list"}},
		{failure.Throttled, "operation=token status=429", []string{"session", "list"}},
		{failure.Unknown, "operation=stop drop=after", []string{"session", "stop", "demo"}},
		{failure.Unknown, "operation=create status=504", []string{"session", "create", "new"}},
		{failure.Conflict, "", []string{"session", "create", "demo", "--size", "Premium"}},
		{failure.Conflict, "", []string{"session", "update", "over", "--lease", "40m"}},
		{failure.Conflict, "operation=update status=422", []string{"session", "update", "demo", "--lease", "40m"}},
	} {
		service.ClearFaults()
		if test.fault != "" {
			service.inject(test.fault)
			record.text.WriteString("# " + test.fault + "\n")
		}
		r := service.arr(test.args...)
		assert.Equal(t, test.code, r.code, "%v: %s", test.args, r.stderr)
		record.add(test.args, r)
		if test.code == failure.OK {
			continue
		}
		assert.Equal(t, 2, strings.Count(r.stderr, "\n"), "two lines: %s", r.stderr)
		assert.True(t, strings.HasPrefix(r.stderr, "arr: "), r.stderr)
		if strings.Contains(test.fault, "status=") {
			assert.Contains(t, r.stderr, "MS-CV")
		}
	}
	record.compare(t, "failures.txt")
}

func TestUnreachableServices(t *testing.T) {
	service := newTestService(t, emulator.Options{})
	for endpoint, want := range map[string]string{"http://127.0.0.1:1": "connection refused", "https://arr.invalid": "there is no host arr.invalid"} {
		// the last one counts
		service.environment = append(service.environment, "ARR_ENDPOINT="+endpoint)
		r := service.arr("session", "get", "demo")
		assert.Equal(t, failure.Other, r.code)
		assert.Contains(t, r.stderr, want)
		assert.Equal(t, 2, strings.Count(r.stderr, "\n"), r.stderr)
	}
}

func TestSignals(t *testing.T) {
	for signal, code := range map[os.Signal]int{os.Interrupt: failure.Interrupted, syscall.SIGTERM: failure.Terminated, syscall.SIGHUP: 129} {
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
		t.Skip("there are neither these signals nor these files")
	}
	service := newTestService(t, emulator.Options{})
	fifo := filepath.Join(t.TempDir(), "key")
	for _, args := range [][]string{{"--key-stdin"}, {"--key-file", fifo}} {
		cmd := command(t, service.withoutKey(), append([]string{"session", "list"}, args...)...)
		if args[0] == "--key-file" {
			require.NoError(t, exec.CommandContext(t.Context(), "mkfifo", fifo).Run())
		}
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
			assert.Fail(t, "it waits for the key", args)
			_ = cmd.Process.Kill()
		}
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
			"Session mine-of-old may exist, and is then billed from Ready until its lease ends. Stop it: arr session stop mine-of-old",
		)
	}
}
