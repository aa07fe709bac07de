// SPDX-License-Identifier: MIT

//go:build !windows

package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/arr-go/azremoterendering/cmd/arr/internal/failure"
	"github.com/arr-go/azremoterendering/emulator"
)

func TestTheKeyIsAskedForWithoutEcho(t *testing.T) {
	service := newTestService(t, emulator.Options{})
	service.ready("demo")
	var environment []string
	for _, variable := range service.environment {
		if !strings.HasPrefix(variable, "ARR_ACCOUNT_KEY=") {
			environment = append(environment, variable)
		}
	}
	p := startOnTerminal(t, environment, "session", "list", "--quiet")
	p.await("(not shown): ")
	p.write(service.Key() + "\n")
	assert.Equal(t, failure.OK, p.wait(), p.screen)
	assert.NotContains(t, p.screen.String(), "secret")
	assert.True(t, strings.HasSuffix(p.screen.String(), "demo\r\n"), p.screen)

	p = startOnTerminal(t, environment, "session", "list")
	p.await("(not shown): ")
	p.write("\x03")
	assert.Equal(t, failure.Interrupted, p.wait(), p.screen)
}

func TestAKeyFromStandardInputIsNotEchoedEither(t *testing.T) {
	service := newTestService(t, emulator.Options{})
	service.ready("demo")
	p := startOnTerminal(t, service.withoutKey(), "session", "list", "--quiet", "--key-stdin")
	p.await("(not shown): ")
	p.write(service.Key() + "\n")
	assert.Equal(t, failure.OK, p.wait(), p.screen)
	assert.NotContains(t, p.screen.String(), "secret")
}
