// SPDX-License-Identifier: MIT

package main

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/cmd/arr/internal/failure"
	"github.com/arr-go/azremoterendering/emulator"
)

// The commands about leases and about many sessions, as their user sees them.
func TestLeaseCommands(t *testing.T) {
	commands := [][]string{
		{"session", "extend", "demo", "--by", "00:15:00"},
		{"session", "extend", "demo", "--at-least", "1h"},
		{"session", "extend", "demo", "--at-least", "10m"},
		{"session", "extend", "over", "--by", "10m"},
		{"session", "extend", "over", "--at-least", "1h"},
		{"session", "extend", "nobody", "--at-least", "1h"},
		{"session", "extend", "demo"},
		{"session", "extend", "demo", "--by", "10m", "--at-least", "1h"},
		{"session", "extend", "demo", "--by", "0m"},
		{"session", "extend", "demo", "--at-least", "30h"},
		{"session", "keep-alive", "over"},
		{"session", "keep-alive", "nobody"},
		{
			"session",
			"keep-alive",
			"other",
			"--threshold",
			"50m",
			"--max-lease",
			"40m",
			"--timeout",
			"500ms",
		},
		{"session", "stop-all"},
		{"session", "stop-all", "--all", "--prefix", "demo"},
		{"session", "stop-all", "--all"},
		{"session", "stop-all", "--all", "--dry-run"},
		{"session", "stop-all", "--all", "--keep", "demo", "--yes"},
		{"session", "stop-all", "--all", "--older-than", "1h", "--yes"},
		{"session", "stop-all", "--prefix", "de", "--yes"},
	}
	for name, flags := range map[string][]string{"lease-text.txt": nil, "lease-json.txt": {"--output", "json"}, "lease-quiet.txt": {"--quiet"}} {
		service := newTestService(t, emulator.Options{})
		for _, id := range []string{"demo", "other", "over"} {
			service.ready(id)
		}
		require.NoError(t, service.SetStatus("over", arr.SessionStatusExpired))
		record := transcript{url: service.url}
		for _, args := range commands {
			args = append(args, flags...)
			record.add(args, service.arr(args...))
		}
		record.compare(t, name)
	}
}

func TestKeepAliveLeavesTheSessionWhenItIsInterrupted(t *testing.T) {
	service := newTestService(t, emulator.Options{})
	service.ready("demo")
	p := start(
		t,
		append(service.environment, "ARR_OUTPUT=json"),
		"session",
		"keep-alive",
		"demo",
		"--threshold",
		"45m",
		"--max-lease",
		"50m",
		"--interval",
		"20ms",
	)
	line, err := p.stdout.ReadString('\n')
	require.NoError(t, err, p.stderr)
	var session struct {
		ID                  string
		MaxLeaseTimeMinutes int
	}
	require.NoError(t, json.Unmarshal([]byte(line), &session))
	assert.Equal(t, "demo", session.ID)
	assert.Equal(t, 50, session.MaxLeaseTimeMinutes)
	p.signal(os.Interrupt)
	assert.Equal(t, failure.Interrupted, p.wait())
	assert.True(t, strings.HasSuffix(
		p.stderr.String(),
		"arr: keeping session \"demo\": interrupted\nSession demo goes on, and is billed until its lease ends. Stop it: arr session stop demo\n",
	), p.stderr)
	assert.Equal(t, arr.SessionStatusReady, service.status("demo"))
}

func TestKeepAliveEndsWithItsSessions(t *testing.T) {
	service := newTestService(t, emulator.Options{})
	service.ready("one")
	service.ready("two")
	p := start(
		t,
		service.environment,
		"session",
		"keep-alive",
		"one",
		"two",
		"--interval",
		"20ms",
		"--quiet",
		"--threshold",
		"45m",
		"--max-lease",
		"31m",
	)
	for _, id := range []string{"one", "two"} {
		require.Eventually(t, func() bool {
			session, err := service.client.Get(t.Context(), id, nil)
			return err == nil && session.MaxLeaseTime == 31*time.Minute
		}, patience, 10*time.Millisecond)
		require.NoError(t, service.SetStatus(id, arr.SessionStatusStopped))
	}
	assert.Equal(t, failure.Ended, p.wait(), p.stderr)
	assert.Equal(t, 4, strings.Count(p.stderr.String(), "\n"), "two lines for each: %s", p.stderr)
}

// One that is not kept must not go unnoticed for as long as the others are.
func TestKeepAliveSaysAtOnceWhatIsNotKept(t *testing.T) {
	service := newTestService(t, emulator.Options{})
	service.ready("one")
	p := start(
		t,
		service.environment,
		"session",
		"keep-alive",
		"one",
		"typo",
		"--interval",
		"20ms",
		"--quiet",
	)
	require.Eventually(
		t,
		func() bool { return strings.Contains(p.stderr.String(), "\n") },
		patience/3,
		5*time.Millisecond,
	)
	assert.True(
		t,
		strings.HasPrefix(
			p.stderr.String(),
			"Session is not kept alive; session: typo; error: get session \"typo\" at ",
		),
		p.stderr,
	)
	p.signal(os.Interrupt)
	assert.Equal(t, failure.Interrupted, p.wait())
	assert.NotContains(
		t,
		p.stderr.String(),
		"alive; session: one",
		"that it goes on is said at the end",
	)
}

// That nobody reads what was stopped is no reason to keep silent about what was not.
func TestStopAllNamesWhatItCouldNotStopWithoutAReader(t *testing.T) {
	service := newTestService(t, emulator.Options{})
	service.ready("a-1")
	service.ready("a-2")
	service.inject("operation=stop session=a-1 status=403")
	cmd := command(t, service.environment, "session", "stop-all", "--all", "--yes")
	reader, writer, err := os.Pipe()
	require.NoError(t, err)
	require.NoError(t, reader.Close())
	stderr := new(output)
	cmd.Stdout, cmd.Stderr = writer, stderr
	require.Error(t, cmd.Run())
	require.NoError(t, writer.Close())
	assert.Equal(t, failure.Unread, cmd.ProcessState.ExitCode())
	assert.Contains(
		t,
		stderr.String(),
		`arr: session "a-1" at `+service.url+` could not be stopped and is billed until its lease ends: `,
	)
}

func TestStopAllNamesWhatItCouldNotStop(t *testing.T) {
	service := newTestService(t, emulator.Options{})
	for _, id := range []string{"a-1", "a-2", "a-3", "b-1"} {
		service.ready(id)
	}
	service.inject("operation=stop session=a-1 status=403")
	service.inject("operation=stop session=a-3 status=403")
	r := service.arr("session", "stop-all", "--prefix", "a-", "--yes", "--output", "json")
	assert.Equal(t, failure.Refused, r.code, r.stderr)
	assert.Equal(t, `{"id":"a-2","stopped":true}`+"\n", r.stdout)
	assert.Equal(t, 4, strings.Count(r.stderr, "\n"), r.stderr)
	for _, id := range []string{"a-1", "a-3"} {
		assert.Contains(
			t,
			r.stderr,
			`arr: session "`+id+`" at `+service.url+` could not be stopped and is billed until its lease ends: `,
		)
		assert.Contains(t, r.stderr, "Try again: arr session stop "+id+" --endpoint "+service.url)
	}
	assert.Equal(t, arr.SessionStatusReady, service.status("b-1"))
}
