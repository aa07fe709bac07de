// SPDX-License-Identifier: MIT

//go:build !windows

package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering/cmd/arr/internal/failure"
	"github.com/arr-go/azremoterendering/emulator"
)

// hanging returns a service that never answers a request to stop a session.
func hanging(t *testing.T) *testService {
	t.Helper()
	service := newTestService(t, emulator.Options{StartupTime: emulator.FixedStartup(time.Hour)})
	service.inject("operation=stop delay=1h")
	service.inject("operation=get delay=1ms") // so that a test can wait for a get
	return service
}

// says waits for a text on standard error, and returns how long that took.
func (p *program) says(text string) time.Duration {
	p.t.Helper()
	began := time.Now()
	require.Eventually(
		p.t,
		func() bool { return strings.Contains(p.stderr.String(), text) },
		patience,
		5*time.Millisecond,
		"%q",
		text,
	)
	return time.Since(began)
}

// Stopping takes half a minute if the service does not answer. The user is told of it, and can end
// arr with a second signal, which leaves the command line to stop the session with.
func TestASecondSignalSaysWhatMayKeepRunning(t *testing.T) {
	for _, test := range []struct {
		args    []string
		signals []os.Signal
	}{
		{[]string{"session", "create", "slow", "--interval", "20ms"}, []os.Signal{os.Interrupt, os.Interrupt}},
		{
			[]string{"session", "create", "slow", "--interval", "20ms", "--quiet"},
			[]os.Signal{syscall.SIGTERM, syscall.SIGTERM},
		},
		{
			[]string{"run", "--prefix", "slow", "--interval", "20ms", "--", "true"},
			[]os.Signal{os.Interrupt, syscall.SIGQUIT},
		},
		{[]string{"session", "stop-all", "--prefix", "slow", "--yes"}, []os.Signal{os.Interrupt, os.Interrupt}},
	} {
		t.Run(strings.Join(test.args, " "), func(t *testing.T) {
			t.Parallel()
			service := hanging(t)
			if test.args[1] == "stop-all" {
				service.ready("slow")
			}
			p := start(t, service.environment, test.args...)
			id := service.only("slow").ID
			switch test.args[1] {
			case "stop-all":
				service.met("stop")
			case "create":
				service.met("get") // it knows by now that the session is its own
			}
			p.signal(test.signals[0])
			if test.args[len(test.args)-1] != "--quiet" {
				p.says("Stopping session " + id + " … Ctrl-C ends arr without waiting.\n")
			} else {
				service.met("stop")
			}
			p.signal(test.signals[1])
			assert.Equal(t, 128+int(test.signals[1].(syscall.Signal)), p.wait())
			assert.Contains(t, p.stderr.String(),
				"session "+id+" may keep running, and is then billed until its lease ends\n"+
					"To stop: arr session stop "+id+" --endpoint "+service.url+"\n")
		})
	}
}

// The first signal is told of within a second, and the line that counts the time ends with it.
func TestCtrlCShowsWhatItWaitsFor(t *testing.T) {
	service := hanging(t)
	for _, args := range [][]string{
		{"session", "create", "slow", "--interval", "50ms"},
		{"run", "--prefix", "slow-", "--interval", "50ms", "--", "true"},
	} {
		p := startOnTerminal(t, append(service.environment, "TERM=xterm"), args...)
		p.await("Starting")
		id := regexp.MustCompile(`slow[a-z0-9-]*`).FindString(p.screen.String())
		p.write("\x03")
		p.await("Stopping session slow")
		p.await(" … Ctrl-C ends arr without waiting.")
		time.Sleep(300 * time.Millisecond) // in which a line that counts is drawn again
		_, after, _ := strings.Cut(p.screen.String(), "Stopping session")
		assert.NotContains(t, after, "Starting", "the line still counts")
		p.write("\x03")
		assert.Equal(t, failure.Interrupted, p.wait(), p.screen)
		assert.Contains(t, p.screen.String(), "arr: interrupted: session "+id)
		assert.Contains(t, p.screen.String(), "To stop: arr session stop "+id)
	}
}

// What arr waits for is shown whether or not somebody has pressed Ctrl-C.
func TestAStopThatTakesLongIsShown(t *testing.T) {
	service := hanging(t)
	service.ready("slow")
	p := start(t, service.environment, "session", "stop", "slow")
	p.says("Stopping session slow …\n")
	p.signal(os.Interrupt)
	assert.Equal(t, failure.Interrupted, p.wait(), p.stderr)

	p = start(t, service.environment, "run", "--session", "slow", "--", "true")
	p.says("Stopping session slow … Ctrl-C ends arr without waiting.\n")
	p.signal(syscall.SIGTERM)
	assert.Equal(t, failure.Terminated, p.wait(), p.stderr)
	p.says("To stop: arr session stop slow --endpoint " + service.url)
}

// The command line has what the first one was given to find the account.
func TestTheCommandLineToStopIsComplete(t *testing.T) {
	service := hanging(t)
	profile := filepath.Join(t.TempDir(), "a file.toml")
	require.NoError(t, os.WriteFile(profile, []byte("[profiles.work]\n"), 0o600))
	p := start(t, service.environment, "session", "create", "slow", "--config", profile,
		"--profile", "work", "--endpoint", service.url, "--output", "json", "--interval", "20ms")
	service.only("slow")
	p.signal(os.Interrupt)
	service.met("stop")
	p.signal(os.Interrupt)
	assert.Equal(t, failure.Interrupted, p.wait())
	assert.Contains(t, p.stderr.String(), "To stop: arr session stop slow --config '"+profile+
		"' --profile work --endpoint "+service.url+"\n")
}
