// SPDX-License-Identifier: MIT

package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/arr-go/azremoterendering/cmd/arr/internal/failure"
	"github.com/arr-go/azremoterendering/emulator"
)

// What people type who know gh, kubectl, hcloud, az and docker.
func TestCommandsThatDoNotExistSuggestThoseThatDo(t *testing.T) {
	for typed, want := range map[string]string{
		"list sessions":           `did you mean "arr session list"?`,
		"ls conversions":          `did you mean "arr conversion list"?`,
		"get session x":           `did you mean "arr session get"?`,
		"rm x":                    `did you mean "arr session stop" or "arr config delete"?`,
		"delete session x":        `did you mean "arr session stop"?`,
		"create":                  `did you mean "arr session create" or "arr conversion create"?`,
		"sesion list":             `did you mean "session"?`,
		"emu":                     `did you mean "emulator"?`,
		"serve":                   `did you mean "emulator"?`,
		"session strt":            `did you mean "create"?`,
		"session remove x":        `did you mean "stop"?`,
		"session lst":             `did you mean "list"?`,
		"session keepalive":       `did you mean "keep-alive"?`,
		"session prune":           `did you mean "stop-all"?`,
		"conversion ls2":          `did you mean "list"?`,
		"session list --regoin x": `unknown flag: --regoin; did you mean --region?`,
		"token --validfor 1h":     `unknown flag: --validfor; did you mean --valid-for?`,
	} {
		code, stdout, stderr := runOnce(t, strings.Fields(typed)...)
		assert.Equal(t, failure.Usage, code, typed)
		assert.Empty(t, stdout, typed)
		assert.Contains(t, stderr, want, typed)
	}
	for _, typed := range []string{"xyzzy", "session xyzzy", "x", "session list --xyzzy"} {
		_, _, stderr := runOnce(t, strings.Fields(typed)...)
		assert.NotContains(t, stderr, "did you mean", typed)
	}
}

func TestAliases(t *testing.T) {
	service := newTestService(t, emulator.Options{})
	service.ready("demo")
	for _, typed := range []string{
		"session ls", "sessions list", "sessions ls", "session show demo", "conversions ls", "conversion ls",
		"region", "session rm demo", "session delete demo",
	} {
		r := service.arr(append(strings.Fields(typed), "--quiet")...)
		assert.Equal(t, failure.OK, r.code, "%s: %s", typed, r.stderr)
	}
	assert.Contains(t, service.arr("session", "new", "other").stdout, "other")
}

// The flags of a command come before those that all commands have.
func TestHelpShowsOwnFlagsFirst(t *testing.T) {
	for _, typed := range []string{"session list", "session extend", "token", "run", "convert", "conversion create"} {
		_, help, _ := runOnce(t, append(strings.Fields(typed), "--help")...)
		at := -1
		for _, heading := range []string{"Flags", "Service flags", "Sign-in flags", "Settings flags"} {
			next := strings.Index(help, "\n"+heading+":\n")
			assert.Greater(t, next, at, "%s: %s", typed, heading)
			at = next
		}
		own := help[strings.Index(help, "\nFlags:\n"):strings.Index(help, "\nService flags:\n")]
		for _, flag := range []string{"  --endpoint", "--account-id", "--auth", "--profile", "--timeout"} {
			assert.NotContains(t, own, flag+" ", typed)
		}
		assert.Equal(t, 1, strings.Count(help, "--endpoint ENDPOINT"), typed)
	}
}
