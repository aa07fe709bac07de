// SPDX-License-Identifier: MIT

//go:build !windows

package main

import (
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

func TestTheSessionEndsBeforeTheCommand(t *testing.T) {
	for _, status := range []arr.SessionStatus{
		arr.SessionStatusStopped, arr.SessionStatusExpired, arr.SessionStatusError,
	} {
		service := newTestService(t, emulator.Options{})
		service.ready("demo")
		p := startRun(t, service, "--session", "demo", "--", "sh", "-c", trapping)
		require.Equal(t, "ready", p.line())
		require.NoError(t, service.SetStatus("demo", status))
		assert.Equal(t, "TERM", p.line())
		assert.Equal(t, failure.Ended, p.wait(), "not that of the command")
		assert.Contains(
			t,
			p.stderr.String(),
			"Session demo has ended in state "+string(status)+". The command is told to end.\n",
		)
		assert.True(
			t,
			strings.HasSuffix(
				p.stderr.String(),
				"With --keep-going it may go on without a session.\n",
			),
			p.stderr,
		)
	}
}

func TestTheCommandGoesOnWithoutItsSession(t *testing.T) {
	service := newTestService(t, emulator.Options{})
	service.ready("demo")
	p := startRun(t, service, "--session", "demo", "--keep-going", "--", "sh", "-c", trapping)
	require.Equal(t, "ready", p.line())
	require.NoError(t, service.SetStatus("demo", arr.SessionStatusStopped))
	p.said("Session demo has ended in state Stopped. The command goes on without it.\n")
	p.signal(syscall.SIGTERM)
	assert.Equal(t, "TERM", p.line())
	assert.Equal(t, 7, p.wait())
}

func TestASessionThatHasEndedIsNotSaidToGoOn(t *testing.T) {
	service := newTestService(t, emulator.Options{})
	service.ready("demo")
	p := startRun(
		t,
		service,
		"--session",
		"demo",
		"--keep-going",
		"--leave-running",
		"--",
		"sh",
		"-c",
		trapping,
	)
	require.Equal(t, "ready", p.line())
	require.NoError(t, service.SetStatus("demo", arr.SessionStatusStopped))
	p.said("The command goes on without it.\n")
	p.signal(syscall.SIGTERM)
	assert.Equal(t, "TERM", p.line())
	assert.Equal(t, 7, p.wait())
	assert.NotContains(t, p.stderr.String(), "billed")
}

func TestASessionThatWillNotDoIsReplaced(t *testing.T) {
	service := newTestService(t, emulator.Options{})
	service.ready("over")
	require.NoError(t, service.SetStatus("over", arr.SessionStatusExpired))
	r := service.arr(
		"run",
		"--interval",
		"20ms",
		"--session",
		"over",
		"--",
		"sh",
		"-c",
		`echo "$ARR_SESSION_ID"`,
	)
	require.Equal(t, failure.OK, r.code, r.stderr)
	assert.True(t, strings.HasPrefix(r.stdout, "arr-run-"), r.stdout)
	assert.Contains(
		t,
		r.stderr,
		"Session not adopted; reason: it has ended; session: over; status: Expired",
	)
	r = service.arr("run", "--interval", "20ms", "--session", "nobody", "--", "true")
	assert.Equal(t, failure.OK, r.code, r.stderr)
	assert.Regexp(
		t,
		`(?m)^Session nobody could not be used; session arr-run-\S+ is new\.$`,
		r.stderr,
	)
}

// The lease is extended while the command runs: here at once, for no lease is ever longer than the
// threshold.
func TestRunKeepsTheLease(t *testing.T) {
	service := newTestService(t, emulator.Options{})
	service.ready("demo")
	p := startRun(
		t,
		service,
		"--session",
		"demo",
		"--step",
		"7m",
		"--threshold",
		"35m",
		"--max-lease",
		"44m",
		"--",
		"sh",
		"-c",
		trapping,
	)
	require.Equal(t, "ready", p.line())
	require.Eventually(t, func() bool {
		session, err := service.client.Get(t.Context(), "demo", nil)
		return err == nil && session.MaxLeaseTime >= 37*time.Minute
	}, patience, 10*time.Millisecond)
	p.signal(syscall.SIGTERM)
	assert.Equal(t, "TERM", p.line())
	assert.Equal(t, 7, p.wait(), p.stderr)
	service.over("demo")
}

func TestRunWithLostAnswers(t *testing.T) {
	service := newTestService(t, emulator.Options{})
	service.inject("operation=create drop=after count=1")
	r := service.arr("run", "--interval", "20ms", "--", "true")
	assert.Equal(t, failure.Unknown, r.code, r.stderr)
	for session, err := range service.client.All(t.Context(), nil) {
		require.NoError(t, err)
		assert.Failf(t, "a session runs", "%v", session)
	}
	service.ready("demo")
	service.inject("operation=stop drop=after count=1")
	r = service.arr("run", "--session", "demo", "--", "sh", "-c", "exit 3")
	assert.Equal(t, 3, r.code, r.stderr)
	service.over("demo")
}

// A session that goes on costing money is never passed over in silence, nor for a success.
func TestRunThatCannotStopItsSession(t *testing.T) {
	for _, test := range []struct {
		script string
		code   int
	}{{"exit 0", failure.Refused}, {"exit 3", 3}} {
		service := newTestService(t, emulator.Options{})
		service.ready("demo")
		service.inject("operation=stop status=403")
		r := service.arr("run", "--quiet", "--session", "demo", "--", "sh", "-c", test.script)
		assert.Equal(t, test.code, r.code)
		assert.Contains(
			t,
			r.stderr,
			`arr: session "demo" at `+service.url+` could not be stopped and is billed until its lease ends: `,
		)
		assert.Contains(
			t,
			r.stderr,
			"\nTry again: arr session stop demo --endpoint "+service.url+"\n",
		)
		assert.Equal(t, 2, strings.Count(r.stderr, "\n"), r.stderr)
		assert.Equal(t, arr.SessionStatusReady, service.status("demo"))
	}
}

// A stop that takes long is told of, so that nobody takes it for a hang.
func TestRunTellsThatItStopsItsSession(t *testing.T) {
	service := newTestService(t, emulator.Options{})
	service.ready("demo")
	service.inject("operation=stop delay=1300ms")
	r := service.arr("run", "--session", "demo", "--", "true")
	assert.Equal(t, failure.OK, r.code, r.stderr)
	assert.Contains(t, r.stderr, "Stopping session demo … Ctrl-C ends arr without waiting.\n")
	r = service.arr("run", "--quiet", "--interval", "20ms", "--", "true")
	assert.Equal(t, failure.OK, r.code, r.stderr)
	assert.Empty(t, r.stderr)
}

func TestRunThatHasNoTimeLeft(t *testing.T) {
	service := newTestService(t, emulator.Options{StartupTime: emulator.FixedStartup(time.Hour)})
	r := service.arr("run", "--interval", "20ms", "--timeout", "300ms", "--", "true")
	assert.Equal(t, failure.Timeout, r.code, r.stderr)
	assert.Contains(
		t,
		r.stderr,
		"The command was not started. Nothing that was created keeps running.",
	)
	service.over(strings.Fields(r.stderr)[0])
}
