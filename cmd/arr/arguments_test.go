// SPDX-License-Identifier: MIT

package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/cmd/arr/internal/failure"
	"github.com/arr-go/azremoterendering/emulator"
)

// Exit code 2 promises that no request was sent.
func TestMistakesInArgumentsComeBeforeAnyRequest(t *testing.T) {
	service := newTestService(t, emulator.Options{})
	service.ready("demo")
	// where every request fails
	service.environment = append(service.environment, "ARR_ENDPOINT=http://127.0.0.1:1")
	for want, args := range map[string][]string{
		`session id "a/b" has a character that is not allowed`: {"session", "stop", "demo", "a/b"},
		"the session id is empty":                              {"session", "get", ""},
		"a session id has at most 256 characters":              {"session", "wait", strings.Repeat("x", 257)},
		`session id "über" has a character`:                    {"session", "create", "über"},
		`session id "a b`:                                      {"session", "create", "--prefix", "a b"},
		`invalid argument "-1s" for "--interval" flag: give`:   {"session", "create", "--interval", "-1s"},
		`invalid argument "soon" for "--interval" flag: give`:  {"session", "wait", "demo", "--interval", "soon"},
		`invalid argument "-1h" for "--valid-for" flag: give`:  {"token", "--valid-for", "-1h"},
	} {
		r := service.arr(args...)
		assert.Equal(t, failure.Usage, r.code, "%v: %s", args, r.stderr)
		assert.Contains(t, r.stderr, want)
	}
	assert.Equal(t, arr.SessionStatusReady, service.status("demo"), "the other id was not touched")
}

func TestSeveralSuggestionsAreReadable(t *testing.T) {
	r := runArr(t, nil, "", "session", "lst")
	assert.Equal(
		t,
		"arr: there is no command \"lst\"; did you mean \"get\" or \"list\"?\nSee: arr session --help\n",
		r.stderr,
	)
}

func TestTheEmulatorInTheProcessTakesOrRefusesEveryFlag(t *testing.T) {
	for flag, value := range map[string]string{"--endpoint": "eastus", "--key-file": "x", "--sts-scope": "x", "--ca-file": "x", "--tenant": "x",
		"--client-id": "x", "--allow-http": "", "--account-domain": "eastus"} {
		args := []string{"session", "list", "--emulator", flag}
		if value != "" {
			args = append(args, value)
		}
		r := runArr(t, nil, "", args...)
		assert.Equal(t, failure.Usage, r.code, flag)
		assert.Contains(t, r.stderr, "--emulator and "+flag+" exclude each other")
	}
	r := runArr(t, nil, "", "session", "list", "--emulator", "--retries", "many")
	assert.Equal(t, failure.Usage, r.code)
	assert.Contains(t, r.stderr, "--retries: give a number from 0 to 100")
	r = runArr(
		t,
		[]string{"ARR_RETRIES=0", "ARR_STS_SCOPE=x"},
		"",
		"session",
		"list",
		"--emulator",
		"--quiet",
		"--retries",
		"2",
	)
	assert.Equal(t, failure.OK, r.code, r.stderr)
}
