// SPDX-License-Identifier: MIT

//go:build !windows

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/cmd/arr/internal/failure"
	"github.com/arr-go/azremoterendering/emulator"
	"github.com/arr-go/azremoterendering/internal/testkit"
)

// showing returns what a terminal shows after what was written to it so far.
func (p *onTerminal) showing(columns int) *testkit.Terminal {
	terminal := testkit.NewTerminal(columns, 25)
	_, _ = terminal.Write([]byte(p.screen.String()))
	return terminal
}

// awaitShowing waits until the terminal shows what a pattern matches, and returns it. A frame that
// was read in part is not looked at: its cursor is still hidden.
func (p *onTerminal) awaitShowing(columns int, pattern string) *testkit.Terminal {
	p.t.Helper()
	expression := regexp.MustCompile(pattern)
	var terminal *testkit.Terminal
	require.Eventually(p.t, func() bool {
		terminal = p.showing(columns)
		return expression.MatchString(terminal.String()) &&
			!strings.Contains(terminal.State(), "hidden")
	}, patience, 20*time.Millisecond, "%q: %s", pattern, p.screen)
	return terminal
}

// fleet makes three sessions on a clock that stands still.
func fleet(t *testing.T) *testService {
	t.Helper()
	service := newTestService(t, emulator.Options{StartupTime: emulator.FixedStartup(time.Hour)})
	service.Clock().Freeze()
	service.ready("demo")
	_, err := service.client.BeginCreate(t.Context(), "large", arr.CreateSessionSettings{
		Size: arr.SessionSizePremium, MaxLeaseTime: 2 * time.Hour,
	}, nil)
	require.NoError(t, err)
	service.ready("2f6a1b9e-6f0c-4f8a-9a53-0a4c5b1d7e21")
	return service
}

var (
	timesOfTables = regexp.MustCompile(`\d\d\d\d-\d\d-\d\d \d\d:\d\d:\d\d`)
	secondsLeft   = regexp.MustCompile(`m\d\ds`)
	elapsed       = regexp.MustCompile(`(hh:mm:ss  )[1-9]s`)
)

// masked replaces what differs from run to run by text of the same length.
func masked(text string) string {
	text = timesOfTables.ReplaceAllString(text, "YYYY-MM-DD hh:mm:ss")
	text = elapsed.ReplaceAllString(text, "${1}Ss")
	return secondsLeft.ReplaceAllString(text, "mSSs")
}

func compareGolden(t *testing.T, name, text string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if os.Getenv("ARR_GOLDEN") != "" {
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, string(want), text, "ARR_GOLDEN=1 writes %s", path)
}

func TestFramesOfAWatchedList(t *testing.T) {
	widths, colors := []int{40, 60, 80, 120}, []string{"never", "always"}
	frames := make([]string, len(widths)*len(colors))
	t.Run("all", func(t *testing.T) {
		for i := range frames {
			columns, color := widths[i/len(colors)], colors[i%len(colors)]
			t.Run(fmt.Sprint(columns, color), func(t *testing.T) {
				t.Parallel()
				frame := watchedFrame(t, columns, color)
				frames[i] = fmt.Sprintf("-- %d columns, colors %s --\n%s\n\n", columns, color, frame)
			})
		}
	})
	compareGolden(t, "watch-frames.txt", strings.Join(frames, ""))
}

// watchedFrame returns the frame in which a session has just failed.
func watchedFrame(t *testing.T, columns int, color string) string {
	t.Helper()
	service := fleet(t)
	p := startSized(t, uint16(columns), append(service.environment, "TERM=xterm"),
		"session", "list", "--watch", "--interval", "50ms", "--color", color)
	p.awaitShowing(columns, `demo(.*\n)+large +Starting(.*\n)+2f6a`)
	require.NoError(t, service.SetStatus("large", arr.SessionStatusError))
	const left = `.* 28m\d\ds to 29m`
	terminal := p.awaitShowing(columns, `demo`+left+`(.*\n)+large +Error(.*\n)+2f6a`+left)
	assert.NotContains(t, terminal.State(), "unknown")
	p.signal(os.Interrupt)
	assert.Equal(t, failure.Interrupted, p.wait(), p.screen)
	assert.NotContains(t, p.showing(columns).State(), "hidden", "the cursor is visible at the end")
	if color == "always" {
		return masked(terminal.Colourful())
	}
	return masked(terminal.String())
}

// A session that has ended stays for ten seconds.
func TestAWatchedSessionThatEndsLingers(t *testing.T) {
	t.Parallel()
	service := fleet(t)
	p := startOnTerminal(t, append(service.environment, "TERM=xterm"),
		"session", "list", "-w", "--interval", "50ms", "--sort", "-session")
	p.awaitShowing(100, `large(.*\n)+demo(.*\n)+2f6a`)
	began := time.Now()
	require.NoError(t, service.SetStatus("demo", arr.SessionStatusExpired))
	p.awaitShowing(100, `demo +Expired .* -`)
	p.awaitShowing(100, `^SESSION.*\nlarge.*\n2f6a.*$`)
	assert.Greater(t, time.Since(began), linger-time.Second)
	p.signal(syscall.SIGTERM)
	assert.Equal(t, failure.Terminated, p.wait())
	terminal := p.showing(100)
	assert.Regexp(t, `^SESSION.*\nlarge.*\n2f6a.*\n$`, terminal.String(), "the last frame stays")
	assert.Equal(t, "3:0", terminal.State(), "the cursor is visible, and below")
}

func TestAWatchShowsWhatFits(t *testing.T) {
	service := newTestService(t, emulator.Options{})
	service.ready("one")
	p := startOnTerminal(t, append(service.environment, "TERM=xterm"),
		"session", "list", "-w", "--interval", "50ms", "--prefix", "demo", "--status", "Ready")
	p.awaitShowing(100, `^Watching for sessions\.$`)
	for i := range 40 {
		service.ready(fmt.Sprintf("demo-%02d", i))
	}
	terminal := p.awaitShowing(100, `demo-21.*\n… and 18 more$`)
	assert.Equal(t, 24, strings.Count(terminal.String(), "\n")+1, "one row is free for the prompt")
	p.resize(60, 12)
	p.awaitShowing(60, `demo-08.*\n… and 31 more$`)
	p.write("\x03") // Ctrl-C
	assert.Equal(t, failure.Interrupted, p.wait())
	assert.NotContains(t, p.screen.String(), "arr:")
}
