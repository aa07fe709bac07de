// SPDX-License-Identifier: MIT

//go:build !windows

package main

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering/cmd/arr/internal/failure"
	"github.com/arr-go/azremoterendering/emulator"
)

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
	before, _, _ := strings.Cut(p.screen.String(), "\r\x1b[Ksession")
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
