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
		"--check-interval",
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
		"arr: keeping session \"demo\": interrupted\n"+
			"Session demo goes on, and is billed until its lease ends. Stop it: arr session stop demo\n",
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
		"--check-interval",
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
		"--check-interval",
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
