// SPDX-License-Identifier: MIT

//go:build !windows

package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering/cmd/arr/internal/failure"
	"github.com/arr-go/azremoterendering/emulator"
)

func TestATokenOnATerminalComesWithAWarning(t *testing.T) {
	service := newTestService(t, emulator.Options{})
	p := startOnTerminal(t, service.environment, "token")
	require.Equal(t, failure.OK, p.wait(), p.screen)
	assert.Contains(
		t,
		p.screen.String(),
		"Anyone who has this token can create, list and stop every session",
	)
}
