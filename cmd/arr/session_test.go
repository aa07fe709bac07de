// SPDX-License-Identifier: MIT

package main

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/cmd/arr/internal/failure"
	"github.com/arr-go/azremoterendering/emulator"
)

// life is what somebody does with sessions, in the order in which it is done.
func life() [][]string {
	return [][]string{
		{"session", "list"},
		{"session", "create", "demo", "--interval", "20ms"},
		{"session", "create", "demo", "--interval", "20ms"},
		{"session", "create", "large", "--size", "premium", "--lease", "01:30:00", "--no-wait"},
		{"session", "wait", "large", "--interval", "20ms"},
		{"session", "list"},
		{"session", "list", "--prefix", "la"},
		{"session", "get", "demo"},
		{"session", "get", "demo", "--wait"},
		{"session", "update", "demo", "--lease", "2h"},
		{"session", "stop", "demo", "large"},
		{"session", "get", "demo"},
		{"session", "wait", "demo"},
		{"token"},
	}
}

func TestLifeInTextJSONAndQuiet(t *testing.T) {
	for name, flags := range map[string][]string{"life-text.txt": nil, "life-json.txt": {"--output", "json"}, "life-quiet.txt": {"--quiet"}} {
		service := newTestService(t, emulator.Options{})
		// however long it takes until somebody looks
		service.inject("operation=get session=large show-status=Starting count=1")
		record := transcript{url: service.url}
		for _, args := range life() {
			if len(args) > 1 && args[1] == "stop" {
				args = append(args[:2:2], "demo") // two at once come in any order
				assert.Equal(t, failure.OK, service.arr("session", "stop", "large").code)
			}
			args = append(args, flags...)
			record.add(args, service.arr(args...))
		}
		record.compare(t, name)
	}
}

func TestEveryLineOfJSONIsAnObject(t *testing.T) {
	service := newTestService(t, emulator.Options{})
	service.ready("one")
	service.ready("two")
	for _, args := range [][]string{{"session", "list"}, {"session", "wait", "one", "two"}, {"session", "stop", "one", "two"}, {"regions"}, {"config"}} {
		r := service.arr(append(args, "--output", "json")...)
		require.Equal(t, failure.OK, r.code, r.stderr)
		lines := strings.Split(strings.TrimSpace(r.stdout), "\n")
		assert.GreaterOrEqual(t, len(lines), 2)
		for _, line := range lines {
			var object map[string]any
			require.NoError(t, json.Unmarshal([]byte(line), &object), line)
		}
	}
}

func TestGeneratedIDs(t *testing.T) {
	service := newTestService(t, emulator.Options{})
	r := service.arr("session", "create", "--prefix", "nightly-", "--quiet", "--interval", "20ms")
	require.Equal(t, failure.OK, r.code, r.stderr)
	assert.Regexp(t, `^nightly-[0-9a-f-]{36}\n$`, r.stdout)
	assert.Empty(t, r.stderr)
	assert.Equal(t, arr.SessionStatusReady, service.status(strings.TrimSpace(r.stdout)))
	assert.Equal(
		t,
		failure.Usage,
		service.arr("session", "create", "mine", "--prefix", "nightly-").code,
	)
}

func TestSettingsReachTheService(t *testing.T) {
	service := newTestService(t, emulator.Options{})
	service.environment = append(
		service.environment,
		"ARR_SIZE=premium",
		"ARR_LEASE=00:45:00",
		"ARR_OUTPUT=json",
	)
	r := service.arr("session", "create", "demo", "--no-wait")
	require.Equal(t, failure.OK, r.code, r.stderr)
	assert.Contains(t, r.stdout, `"size":"Premium"`)
	assert.Contains(t, r.stdout, `"maxLeaseTimeMinutes":45`)
}

func TestAWaitForSeveralGoesOnAfterAFailure(t *testing.T) {
	service := newTestService(t, emulator.Options{})
	service.ready("one")
	service.ready("two")
	r := service.arr("session", "wait", "one", "nobody", "two", "--quiet")
	assert.Equal(t, failure.NotFound, r.code)
	assert.ElementsMatch(t, []string{"one", "two"}, strings.Fields(r.stdout))
	assert.Contains(t, r.stderr, `get session "nobody"`)
	require.NoError(t, service.SetStatus("two", arr.SessionStatusExpired))
	r = service.arr("session", "wait", "one", "nobody", "two", "--quiet")
	assert.Equal(t, failure.Other, r.code, "the failures do not agree")
	assert.Equal(t, 4, strings.Count(r.stderr, "\n"), r.stderr)
}

// Whatever ends the waiting of a create, nothing goes on being billed whose id nobody may know.
func TestCreateThatFailsStopsWhatItCreated(t *testing.T) {
	service := newTestService(t, emulator.Options{StartupTime: emulator.FixedStartup(time.Hour)})
	r := service.arr("session", "create", "a", "--timeout", "500ms", "--interval", "20ms")
	assert.Equal(t, failure.Timeout, r.code)
	assert.Equal(t, arr.SessionStatusStopped, service.status("a"))
	assert.Contains(t, r.stderr, "Session a was stopped.")

	r = service.arr("session", "create", "b", "--timeout", "500ms", "--interval", "20ms", "--keep")
	assert.Equal(t, failure.Timeout, r.code)
	assert.Equal(t, arr.SessionStatusStarting, service.status("b"))
	assert.Contains(
		t,
		r.stderr,
		"Session b goes on, and is billed from Ready until its lease ends. Stop it: arr session stop b\n",
	)

	r = service.arr("session", "create", "b", "--timeout", "500ms", "--interval", "20ms")
	assert.Equal(t, failure.Timeout, r.code)
	assert.Equal(t, arr.SessionStatusStarting, service.status("b"), "it was there before")

	r = service.arr("session", "wait", "b", "--timeout", "100ms")
	assert.Equal(t, failure.Timeout, r.code)
	assert.Equal(t, arr.SessionStatusStarting, service.status("b"), "waiting changes nothing")

	service.inject("operation=stop status=503")
	r = service.arr("session", "create", "c", "--timeout", "500ms", "--interval", "20ms")
	assert.Equal(t, failure.Unknown, r.code, "whether it runs nobody knows")
	assert.Contains(t, r.stderr, "arr session stop c")
}

func TestACreateWithoutAnswerIsStoppedUnderItsGeneratedID(t *testing.T) {
	service := newTestService(t, emulator.Options{StartupTime: emulator.FixedStartup(time.Hour)})
	service.inject("operation=create drop=after")
	service.inject("operation=stop status=404 count=1") // the create is still on its way
	r := service.arr("session", "create", "--prefix", "mine-")
	assert.Equal(t, failure.Unknown, r.code)
	assert.Contains(t, r.stderr, "was stopped.")
	service.ClearFaults()
	_, id, _ := strings.Cut(r.stderr, "Session ")
	id, _, _ = strings.Cut(id, " ")
	assert.Equal(t, arr.SessionStatusStopped, service.status(id))

	service.inject("operation=create drop=after")
	r = service.arr("session", "create", "of-the-user")
	assert.Equal(t, failure.Unknown, r.code)
	assert.Equal(
		t,
		arr.SessionStatusStarting,
		service.status("of-the-user"),
		"it may have been there before",
	)
}

// The service answers a create with the session that has the id, whatever has become of it.
func TestACreateThatMeetsAnEndedSessionFails(t *testing.T) {
	service := newTestService(t, emulator.Options{})
	service.ready("over")
	require.NoError(t, service.SetStatus("over", arr.SessionStatusExpired))
	for _, flag := range []string{"--wait", "--no-wait"} {
		r := service.arr("session", "create", "over", flag)
		assert.Equal(t, failure.Ended, r.code, flag)
		assert.Contains(t, r.stdout, "Expired", flag)
		r = service.arr("session", "create", "over", flag, "--quiet")
		assert.Equal(t, failure.Ended, r.code, flag)
		assert.Empty(t, r.stdout, "a script must not take it for a session")
	}
}

func TestTokenForADevice(t *testing.T) {
	service := newTestService(t, emulator.Options{})
	r := service.arr("token", "--quiet")
	require.Equal(t, failure.OK, r.code, r.stderr)
	assert.Regexp(t, `^[\w-]+\.[\w-]+\.[\w-]+\n$`, r.stdout)
	assert.Empty(t, r.stderr, "nobody reads it on a terminal")

	// The token opens the account without the key.
	environment := []string{
		"ARR_ENDPOINT=" + service.url,
		"ARR_ACCOUNT_ID=" + service.Account().ID,
		"ARR_ACCESS_TOKEN=" + strings.TrimSpace(r.stdout),
	}
	r = runArr(t, environment, "", "session", "list")
	assert.Equal(t, failure.OK, r.code, r.stderr)
}

func TestSessionsWithoutAService(t *testing.T) {
	for _, args := range [][]string{{"session", "list"}, {"session", "get", "sample"}, {"session", "wait", "sample"}, {"session", "stop", "sample"},
		{"session", "update", "sample", "--lease", "1h"}, {"session", "create", "--no-wait"}, {"token"}, {"regions", "--latency"}} {
		r := runArr(t, nil, "", append(args, "--emulator")...)
		assert.Equal(t, failure.OK, r.code, r.stderr)
		assert.NotEmpty(t, r.stdout)
	}
	r := runArr(t, nil, "", "session", "list")
	assert.Equal(t, failure.Usage, r.code)
	assert.Contains(t, r.stderr, "ARR_ENDPOINT")
	assert.Contains(t, r.stderr, "--emulator")
	r = runArr(t, nil, "", "session", "list", "--emulator", "--endpoint", "westeurope")
	assert.Equal(t, failure.Usage, r.code)
}
