// SPDX-License-Identifier: MIT

package main

import (
	"os"
	"time"

	"github.com/stretchr/testify/require"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator"
)

// refusals are what the service says no to, and calls whose outcome nobody knows.
func refusals() map[string]func(*trouble) {
	return map[string]func(*trouble){
		"lease-too-long":  once("", "session", "create", "new", "--lease", "25h"),
		"unknown-size":    once("", "session", "create", "new", "--size", "Tiny"),
		"not-found":       once("", "session", "get", "nobody"),
		"conflict":        once("", "session", "create", "demo", "--size", "Premium"),
		"update-shorter":  once("", "session", "update", "demo", "--lease", "20m"),
		"update-too-long": once("", "session", "update", "demo", "--lease", "24h"),
		"throttled":       once("operation=list status=429 retry-after=15s", "session", "list"),
		"fault-500":       once("operation=get status=500", "session", "get", "demo"),
		"fault-503":       once("operation=get status=503", "session", "get", "demo"),
		"stop-unknown":    once("operation=stop drop=after", "session", "stop", "demo"),
		"update-unknown": once(
			"operation=update drop=after",
			"session",
			"update",
			"demo",
			"--lease",
			"1h",
		),
		"stop-several": once("", "session", "stop", "demo", "nobody"),
		"update-ended": func(tr *trouble) {
			tr.with(emulator.Options{}).ready("demo")
			require.NoError(tr.t, tr.service.SetStatus("demo", arr.SessionStatusExpired))
			tr.run("session", "update", "demo", "--lease", "2h")
		},
		"wrong-region": func(tr *trouble) {
			other := newTestService(tr.t, emulator.Options{Region: arr.RegionNorthEurope})
			other.ready("demo")
			tr.with(emulator.Options{})
			tr.run("session", "get", "demo", "--quiet")
			tr.service.environment = append(tr.service.environment, "ARR_STS_ENDPOINT="+other.url)
			tr.hosts = []string{other.url, "http://OTHER"}
			tr.run("session", "get", "demo", "--quiet", "--endpoint", other.url)
		},
		"create-unknown": func(tr *trouble) {
			tr.with(emulator.Options{}, "operation=create drop=after")
			tr.run("session", "create", "demo")
			tr.run("session", "get", "demo", "--quiet")
			tr.run("session", "stop", "demo")
		},
		"create-unknown-without-id": func(tr *trouble) {
			tr.with(emulator.Options{}, "operation=create status=504 after-effect")
			tr.run("session", "create")
		},
	}
}

// endings are sessions that have ended, and waits that have.
func endings() map[string]func(*trouble) {
	return map[string]func(*trouble){
		"no-capacity":  starting("start=no-capacity"),
		"failed-start": starting("start=fails"),
		"died": func(tr *trouble) {
			tr.with(emulator.Options{}).ready("demo")
			require.NoError(tr.t, tr.service.SetStatus("demo", arr.SessionStatusError))
			tr.run("session", "get", "demo", "--wait", "--quiet")
		},
		"expired": ended(arr.SessionStatusExpired),
		"stopped": ended(arr.SessionStatusStopped),
		"timeout": func(tr *trouble) {
			tr.with(emulator.Options{StartupTime: emulator.FixedStartup(time.Hour)})
			tr.run("session", "create", "demo", "--timeout", "500ms")
		},
		"timeout-of-a-request": once(
			"operation=get delay=1h",
			"session",
			"get",
			"demo",
			"--timeout",
			"500ms",
		),
		"interrupted": func(tr *trouble) {
			tr.with(emulator.Options{StartupTime: emulator.FixedStartup(time.Hour)})
			tr.whileItStarts(interrupt, "session", "create", "demo")
		},
		"interrupted-wait": func(tr *trouble) {
			tr.with(emulator.Options{StartupTime: emulator.FixedStartup(time.Hour)})
			tr.run("session", "create", "demo", "--no-wait", "--quiet")
			tr.whileItStarts(interrupt, "session", "wait", "demo")
		},
	}
}

func interrupt(p *os.Process) error { return p.Signal(os.Interrupt) }

// starting makes the transcript of a session that does not become Ready.
func starting(fault string) func(*trouble) {
	return func(tr *trouble) {
		tr.with(emulator.Options{}, fault)
		tr.run("session", "create", "demo", "--no-wait", "--quiet")
		tr.run("session", "wait", "demo", "--quiet")
	}
}

// ended makes the transcript of a wait for a session that is no more.
func ended(status arr.SessionStatus) func(*trouble) {
	return func(tr *trouble) {
		tr.with(emulator.Options{}).ready("demo")
		require.NoError(tr.t, tr.service.SetStatus("demo", status))
		tr.run("session", "wait", "demo")
	}
}
