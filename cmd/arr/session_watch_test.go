// SPDX-License-Identifier: MIT

package main

import (
	"encoding/json"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/cmd/arr/internal/failure"
	"github.com/arr-go/azremoterendering/emulator"
)

// watching starts a watch whose results are read line by line.
func watching(t *testing.T, service *testService, flags ...string) (*program, func() string) {
	t.Helper()
	args := append([]string{"session", "list", "--watch", "--interval", "20ms"}, flags...)
	p := start(t, service.environment, args...)
	return p, func() string {
		t.Helper()
		line, err := p.stdout.ReadString('\n')
		require.NoError(t, err, p.stderr)
		return strings.TrimRight(line, "\r\n")
	}
}

func TestAWatchThatIsNotOnATerminalWritesALineForEachChange(t *testing.T) {
	service := newTestService(t, emulator.Options{StartupTime: emulator.FixedStartup(time.Hour)})
	service.ready("demo")
	p, next := watching(t, service)
	assert.Regexp(t, `^CHANGED +SESSION +STATUS `, next())
	assert.Regexp(t, `^\d\d:\d\d:\d\d  demo     Ready   Standard .* 30m    29m to 30m$`, next())
	_, err := service.client.BeginCreate(t.Context(), "other", arr.CreateSessionSettings{
		Size: arr.SessionSizePremium, MaxLeaseTime: time.Hour,
	}, nil)
	require.NoError(t, err)
	assert.Regexp(t, ` other    Starting  Premium .* 1h from Ready on$`, next())
	require.NoError(t, service.SetStatus("demo", arr.SessionStatusStopped))
	assert.Regexp(t, ` demo     Stopped   Standard .* -$`, next())
	p.signal(os.Interrupt)
	assert.Equal(t, failure.Interrupted, p.wait())
	assert.Empty(t, p.stderr.String())
}

func TestAWatchInJSONWritesAnObjectForEachChange(t *testing.T) {
	service := newTestService(t, emulator.Options{StartupTime: emulator.FixedStartup(time.Hour)})
	p, line := watching(t, service, "-o", "json", "--size", "standard", "--status", "Ready,Stopped")
	next := func() (object struct {
		ID, Status, PreviousStatus string
		ChangeTime                 time.Time
		MaxLeaseTimeMinutes        int
		RemainingMinutes           struct{ AtMost int }
	}) {
		t.Helper()
		require.NoError(t, json.Unmarshal([]byte(line()), &object))
		assert.WithinDuration(t, time.Now(), object.ChangeTime, time.Minute)
		return object
	}
	_, err := service.client.BeginCreate(t.Context(), "large", arr.CreateSessionSettings{
		Size: arr.SessionSizePremium, MaxLeaseTime: time.Hour,
	}, nil)
	require.NoError(t, err)
	require.NoError(t, service.SetStatus("large", arr.SessionStatusReady))
	service.ready("demo")
	seen := next()
	assert.Equal(t, "demo Ready", seen.ID+" "+seen.Status)

	_, err = service.client.Update(
		t.Context(), "demo", arr.UpdateSessionSettings{MaxLeaseTime: 40 * time.Minute}, nil)
	require.NoError(t, err)
	seen = next()
	assert.Equal(t, "demo Ready Ready", seen.ID+" "+seen.Status+" "+seen.PreviousStatus)
	assert.Equal(t, 40, seen.MaxLeaseTimeMinutes)

	require.NoError(t, service.SetStatus("demo", arr.SessionStatusError))
	seen = next()
	assert.Equal(t, "demo Error Ready", seen.ID+" "+seen.Status+" "+seen.PreviousStatus,
		"--status chooses no sessions in Error, but this one has just left the list")

	service.ready("other")
	assert.Equal(t, "other", next().ID)
	require.NoError(t, service.Reset(emulator.Scope{Prefix: "other"}))
	seen = next()
	assert.Equal(t, "other Gone Ready", seen.ID+" "+seen.Status+" "+seen.PreviousStatus)
	assert.Zero(t, seen.RemainingMinutes.AtMost)
	p.signal(os.Interrupt)
	assert.Equal(t, failure.Interrupted, p.wait())
}

func TestAWatchInCSVHasOneHeader(t *testing.T) {
	service := newTestService(t, emulator.Options{})
	service.ready("demo")
	_, next := watching(t, service, "-o", "csv", "--columns", "session,previous,status")
	assert.Equal(t, "id,previousStatus,status", next())
	assert.Equal(t, "demo,,Ready", next())
	require.NoError(t, service.SetStatus("demo", arr.SessionStatusExpired))
	assert.Equal(t, "demo,Ready,Expired", next())
}

func TestAWatchEndsWhenItCannotListOrWrite(t *testing.T) {
	service := newTestService(t, emulator.Options{})
	r := service.arr("session", "list", "--watch", "--sort", "session")
	assert.Equal(t, failure.Usage, r.code)
	assert.Contains(t, r.stderr, "--sort with --watch is for text on a terminal")
	r = service.arr("session", "list", "--watch", "--timeout", "200ms")
	assert.Equal(t, failure.Timeout, r.code)

	service.inject("operation=list status=403 count=1000")
	r = service.arr("session", "list", "--watch")
	assert.Equal(t, failure.Refused, r.code, r.stderr)
	assert.Contains(t, r.stderr, http.StatusText(http.StatusForbidden))
}
