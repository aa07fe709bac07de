// SPDX-License-Identifier: MIT

package main

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/cmd/arr/internal/failure"
	"github.com/arr-go/azremoterendering/emulator"
)

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
	assert.Regexp(t, `Session mine-\S+ was stopped\.\n$`, r.stderr)
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

// A look at the session tells whether stopping it was of any use.
func TestACreateWithoutAnswerMayNeverHaveHappened(t *testing.T) {
	service := newTestService(t, emulator.Options{})
	service.inject("operation=create drop=before")
	r := service.arr("session", "create", "--prefix", "mine-")
	assert.Equal(t, failure.Unknown, r.code)
	assert.Regexp(t, `Session mine-\S+ was not created\. Nothing is billed\.\n$`, r.stderr)
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
