// SPDX-License-Identifier: MIT

//go:build !windows

package main

import (
	"os"
	"path/filepath"
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

// startRun starts arr run without a controlling terminal, wherever the test itself runs.
func startRun(t *testing.T, service *testService, args ...string) *program {
	t.Helper()
	cmd := command(
		t,
		service.environment,
		append([]string{"run", "--interval", "20ms", "--check-interval", "20ms"}, args...)...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	return startCommand(t, cmd)
}

// line reads a line that the command has written.
func (p *program) line() string {
	p.t.Helper()
	line, err := p.stdout.ReadString('\n')
	require.NoError(p.t, err, p.stderr)
	return strings.TrimSpace(line)
}

func (p *program) said(text string) {
	p.t.Helper()
	require.Eventually(
		p.t,
		func() bool { return strings.Contains(p.stderr.String(), text) },
		patience,
		5*time.Millisecond,
		"%q in %s",
		text,
		p.stderr,
	)
}

// over requires that a session costs nothing any more.
func (s *testService) over(id string) {
	s.t.Helper()
	assert.Equal(s.t, arr.SessionStatusStopped, s.status(id))
}

func TestRunReturnsTheExitCodeOfTheCommand(t *testing.T) {
	noProgram := filepath.Join(t.TempDir(), "text")
	require.NoError(t, os.WriteFile(noProgram, []byte("hello"), 0o600))
	noFormat := filepath.Join(t.TempDir(), "format")
	require.NoError(t, os.WriteFile(noFormat, []byte("\x7fELF"), 0o700))
	for _, test := range []struct {
		command []string
		code    int
		stderr  string
	}{
		{[]string{"true"}, 0, ""},
		{[]string{"sh", "-c", "exit 3"}, 3, ""},
		{[]string{"sh", "-c", "kill -TERM $$"}, 143, ""},
		{[]string{"sh", "-c", "kill -KILL $$"}, 137, ""},
		{[]string{"no-such-command"}, failure.NoCommand, `there is no command "no-such-command"`},
		{[]string{"./no-such-command"}, failure.NoCommand, "no such file"},
		{[]string{noProgram}, failure.NoExec, "permission denied"},
		{[]string{noFormat}, failure.NoExec, "exec format error"},
	} {
		service := newTestService(t, emulator.Options{})
		service.ready("demo")
		r := service.arr(
			append([]string{"run", "--quiet", "--session", "demo", "--"}, test.command...)...)
		assert.Equal(t, test.code, r.code, "%v: %s", test.command, r.stderr)
		assert.Empty(t, r.stdout, "it belongs to the command")
		if test.stderr == "" {
			assert.Empty(t, r.stderr, "the command says what there is to say")
		} else {
			assert.Contains(t, r.stderr, test.stderr)
			assert.Equal(t, 2, strings.Count(r.stderr, "\n"), r.stderr)
		}
		if test.code == failure.NoCommand || test.command[0] == noProgram {
			assert.Equal(
				t,
				arr.SessionStatusReady,
				service.status("demo"),
				"it is known before a session is acquired",
			)
		} else {
			service.over("demo")
		}
	}
}

func TestRunCreatesASession(t *testing.T) {
	service := newTestService(t, emulator.Options{})
	r := service.arr(
		"run",
		"--interval",
		"20ms",
		"--size",
		"premium",
		"--lease",
		"10m",
		"--",
		"sh",
		"-c",
		`echo "$ARR_SESSION_ID $ARR_SESSION_SIZE"; cat`,
	)
	require.Equal(t, failure.OK, r.code, r.stderr)
	id, size, _ := strings.Cut(strings.TrimSpace(r.stdout), " ")
	assert.Regexp(t, `^arr-run-[0-9a-f-]{36}$`, id)
	assert.Equal(t, "Premium", size)
	assert.Contains(t, r.stderr, id+"  Ready")
	service.over(id)

	r = service.arr(
		"run",
		"--interval",
		"20ms",
		"--prefix",
		"mine-",
		"sh",
		"-c",
		`echo "$ARR_SESSION_ID" --prefix`,
	)
	assert.Regexp(
		t,
		`^mine-[0-9a-f-]{36} --prefix\n$`,
		r.stdout,
		"what follows the command is the command's",
	)
}

func TestTheCommandHasATokenAndNoKey(t *testing.T) {
	service := newTestService(t, emulator.Options{})
	service.ready("demo")
	environment := append(
		service.environment,
		"ARR_ACCOUNT_KEY_FILE=",
		"ARR_EMULATOR_ACCOUNT_KEY=other-secret-key",
		"ARR_SESSION_ID=outer",
		"OTHER=kept",
	)
	r := runArr(t, environment, "", "run", "--session", "demo", "--", "env")
	require.Equal(t, failure.OK, r.code, r.stderr)
	got := make(map[string]string)
	for line := range strings.Lines(r.stdout) {
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
		assert.NotContains(t, got, name, "twice")
		got[name] = value
	}
	session := map[string]string{
		"ARR_SESSION_ID":       "demo",
		"ARR_SESSION_SIZE":     "Standard",
		"ARR_ENDPOINT":         service.url,
		"ARR_STS_ENDPOINT":     service.url,
		"ARR_ACCOUNT_ID":       service.Account().ID,
		"ARR_ACCOUNT_DOMAIN":   service.Account().Domain,
		"ARR_AUTH":             "token",
		"OTHER":                "kept",
		"ARR_RENDERING_DOMAIN": strings.TrimPrefix(service.url, "http://"),
	}
	for name, want := range session {
		assert.Equal(t, want, got[name], name)
	}
	assert.Contains(t, got["ARR_SESSION_HOST"], ".remoterendering.vm.westeurope.")
	assert.Regexp(t, `^\d+$`, got["ARR_SESSION_HANDSHAKE_PORT"])
	assert.Regexp(t, `^\d+$`, got["ARR_SESSION_INSPECTOR_PORT"])
	assert.Regexp(t, `^[\w-]+\.[\w-]+\.[\w-]+$`, got["ARR_ACCESS_TOKEN"])
	expires, err := time.Parse(time.RFC3339, got["ARR_ACCESS_TOKEN_EXPIRES_ON"])
	require.NoError(t, err)
	assert.WithinDuration(t, time.Now().Add(24*time.Hour), expires, time.Minute)
	for _, name := range []string{"ARR_ACCOUNT_KEY", "ARR_ACCOUNT_KEY_FILE", "ARR_EMULATOR_ACCOUNT_KEY", "ARR_REGION"} {
		assert.NotContains(t, got, name)
	}

	// An arr below signs in with the token.
	service.ready("other")
	r = service.arr(
		"run",
		"--session",
		"other",
		"--",
		"sh",
		"-c",
		os.Getenv(binaryVariable)+` session get "$ARR_SESSION_ID" --quiet`,
	)
	assert.Equal(t, failure.OK, r.code, r.stderr)
	assert.Equal(t, "other\n", r.stdout)
}

func TestRunWithoutAService(t *testing.T) {
	r := runArr(
		t,
		nil,
		"",
		"run",
		"--emulator",
		"--session",
		"sample",
		"--",
		"sh",
		"-c",
		os.Getenv(binaryVariable)+" session list --quiet",
	)
	assert.Equal(t, failure.OK, r.code, r.stderr)
	assert.Equal(t, "sample\n", r.stdout, "the command reaches the emulator")
	assert.Equal(
		t,
		failure.Usage,
		runArr(t, nil, "", "run", "--emulator", "--fallback", "westus2", "--", "true").code,
	)
	assert.Equal(t, failure.Usage, runArr(t, nil, "", "run", "--emulator").code)
}

func TestRunLeavesTheSessionIfAsked(t *testing.T) {
	service := newTestService(t, emulator.Options{})
	service.ready("demo")
	r := service.arr(
		"run",
		"--quiet",
		"--session",
		"demo",
		"--leave-running",
		"--",
		"sh",
		"-c",
		"exit 3",
	)
	assert.Equal(t, 3, r.code)
	assert.Equal(t, arr.SessionStatusReady, service.status("demo"))
	assert.Equal(
		t,
		"Session demo goes on, and is billed until its lease ends. Stop it: arr session stop demo --endpoint "+
			service.url+"\n",
		r.stderr,
	)
}

// Somebody else may use a session that was there before, and that is to go on.
func TestRunLeavesTheSessionOfOthersAlsoWithoutACommand(t *testing.T) {
	noFormat := filepath.Join(t.TempDir(), "format")
	require.NoError(t, os.WriteFile(noFormat, []byte("\x7fELF"), 0o700))
	service := newTestService(t, emulator.Options{})
	service.ready("demo")
	r := service.arr("run", "--quiet", "--session", "demo", "--leave-running", "--", noFormat)
	assert.Equal(t, failure.NoExec, r.code, r.stderr)
	assert.Equal(t, arr.SessionStatusReady, service.status("demo"))
	assert.Contains(t, r.stderr, "Session demo goes on, and is billed until its lease ends.")

	r = service.arr(
		"run",
		"--quiet",
		"--interval",
		"20ms",
		"--prefix",
		"mine-",
		"--leave-running",
		"--",
		noFormat,
	)
	assert.Equal(t, failure.NoExec, r.code, r.stderr)
	assert.NotContains(t, r.stderr, "goes on", "nobody has a use for a session that is new")
	for session, err := range service.client.All(t.Context(), nil) {
		require.NoError(t, err)
		assert.Equal(t, "demo", session.ID)
	}
}

// An id that a script has lost is no wish for a new session, which would be billed.
func TestRunRefusesASessionThatIsNoID(t *testing.T) {
	service := newTestService(t, emulator.Options{})
	for _, id := range []string{"", "a/b"} {
		r := service.arr(
			"run",
			"--interval",
			"20ms",
			"--session",
			id,
			"--leave-running",
			"--",
			"true",
		)
		assert.Equal(t, failure.Usage, r.code, r.stderr)
		assert.True(t, strings.HasPrefix(r.stderr, "arr: "), r.stderr)
	}
	for session, err := range service.client.All(t.Context(), nil) {
		require.NoError(t, err)
		assert.Failf(t, "a session runs", "%v", session)
	}
}

func TestRunFallsBack(t *testing.T) {
	full := newTestService(t, emulator.Options{Capacity: emulator.FixedCapacity(0)})
	next := newTestService(t, emulator.Options{})
	full.environment = append(
		full.environment,
		"ARR_STS_ENDPOINT="+next.url,
		"ARR_ACCOUNT_KEY="+next.Key(),
	)
	r := full.arr(
		"run",
		"--interval",
		"20ms",
		"--size",
		"Premium",
		"--size",
		"Standard",
		"--fallback",
		next.url,
		"--",
		"sh",
		"-c",
		`echo "$ARR_ENDPOINT $ARR_SESSION_SIZE"`,
	)
	require.Equal(t, failure.OK, r.code, r.stderr)
	assert.Equal(t, next.url+" Premium\n", r.stdout)
	assert.Contains(t, r.stderr, "No session of this size here; size: Premium; endpoint: "+full.url)

	r = full.arr("run", "--fallback", "http://arr.invalid", "--", "true")
	assert.Equal(t, failure.Usage, r.code, "the key must not go there: %s", r.stderr)
}

// Descendants of the command that keep its streams open keep nobody waiting.
func TestRunDoesNotWaitForDescendants(t *testing.T) {
	service := newTestService(t, emulator.Options{})
	service.ready("demo")
	p := startRun(t, service, "--session", "demo", "--", "sh", "-c", "sleep 1000 & echo $!")
	assert.Regexp(t, `^\d+$`, p.line())
	require.Eventually(
		t,
		func() bool { return service.status("demo") == arr.SessionStatusStopped },
		5*time.Second,
		10*time.Millisecond,
	)
	_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
}
