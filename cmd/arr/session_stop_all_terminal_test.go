// SPDX-License-Identifier: MIT

//go:build !windows

package main

import (
	"testing"

	"github.com/stretchr/testify/assert"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/cmd/arr/internal/failure"
	"github.com/arr-go/azremoterendering/emulator"
)

func TestStopAllAsksOnATerminal(t *testing.T) {
	service := newTestService(t, emulator.Options{})
	service.ready("demo")
	for _, test := range []struct {
		answer string
		code   int
		status arr.SessionStatus
	}{
		{"\n", failure.OK, arr.SessionStatusReady},
		{"no\n", failure.OK, arr.SessionStatusReady},
		{"\x04", failure.OK, arr.SessionStatusReady},
		{"\x03", failure.Interrupted, arr.SessionStatusReady},
		{"y\n", failure.OK, arr.SessionStatusStopped},
	} {
		p := startOnTerminal(
			t,
			append(service.environment, "TERM=dumb"),
			"session",
			"stop-all",
			"--all",
		)
		p.await("Stop this session? Connected devices are cut off. [y/N] ")
		p.write(test.answer)
		assert.Equal(t, test.code, p.wait(), p.screen)
		assert.Equal(t, test.status, service.status("demo"), "%q", test.answer)
		assert.Contains(t, p.screen.String(), "demo     Ready")
	}
}
