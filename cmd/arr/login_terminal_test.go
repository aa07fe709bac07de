// SPDX-License-Identifier: MIT

//go:build !windows

package main

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/arr-go/azremoterendering/cmd/arr/internal/failure"
	"github.com/arr-go/azremoterendering/emulator"
)

func TestLoginAsksOnATerminalAndShowsNoKey(t *testing.T) {
	skipWhereThereIsAKeyring(t)
	service := newTestService(t, emulator.Options{})
	service.ready("demo")
	path := filepath.Join(t.TempDir(), "config.toml")
	p := startOnTerminal(t, []string{noKeyring}, "login", "--config", path, "--sts-endpoint", service.url)
	p.await("or its address: ")
	p.write(service.url + "\n")
	p.await("Account id, a UUID: ")
	p.write(service.Account().ID + "\n")
	p.await("(not shown): ")
	p.write(service.Key() + "\n")
	assert.Equal(t, failure.OK, p.wait(), p.screen)
	assert.NotContains(t, p.screen.String(), service.Key())
	assert.Contains(t, p.screen.String(), "Signed in to account "+service.Account().ID)
	assert.Equal(t, "demo\n", runArr(t, []string{noKeyring}, "", "session", "list", "-q", "--config", path).stdout)
}
