// SPDX-License-Identifier: MIT

//go:build !windows

package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/cmd/arr/internal/failure"
	"github.com/arr-go/azremoterendering/emulator"
)

func TestCtrlCOnATerminal(t *testing.T) {
	service := newTestService(t, emulator.Options{StartupTime: emulator.FixedStartup(time.Hour)})
	p := startOnTerminal(
		t,
		append(service.environment, "TERM=xterm"),
		"session",
		"create",
		"demo",
		"--interval",
		"50ms",
	)
	p.await("Starting")
	p.write("\x03")
	assert.Equal(t, failure.Interrupted, p.wait(), p.screen)
	assert.Contains(
		t,
		p.screen.String(),
		"arr: interrupted: waiting for session \"demo\", last seen Starting\r\n"+
			"Session demo was stopped.",
	)
	assert.Equal(t, arr.SessionStatusStopped, service.status("demo"))
}
