// SPDX-License-Identifier: MIT

package main

import (
	"encoding/json"
	"strings"
	"testing"

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
	for name, flags := range map[string][]string{
		"life-text.txt":  nil,
		"life-json.txt":  {"--output", "json"},
		"life-quiet.txt": {"--quiet"},
	} {
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
	for _, args := range [][]string{
		{"session", "list"}, {"session", "wait", "one", "two"}, {"session", "stop", "one", "two"},
		{"regions"}, {"config"},
	} {
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

// The commands about leases and about many sessions, as their user sees them.
func TestLeaseCommands(t *testing.T) {
	commands := [][]string{
		{"session", "extend", "demo", "--by", "00:15:00"},
		{"session", "extend", "demo", "--at-least", "1h"},
		{"session", "extend", "demo", "--at-least", "10m"},
		{"session", "extend", "over", "--by", "10m"},
		{"session", "extend", "over", "--at-least", "1h"},
		{"session", "extend", "nobody", "--at-least", "1h"},
		{"session", "extend", "demo"},
		{"session", "extend", "demo", "--by", "10m", "--at-least", "1h"},
		{"session", "extend", "demo", "--by", "0m"},
		{"session", "extend", "demo", "--at-least", "30h"},
		{"session", "keep-alive", "over"},
		{"session", "keep-alive", "nobody"},
		{
			"session",
			"keep-alive",
			"other",
			"--threshold",
			"50m",
			"--max-lease",
			"40m",
			"--timeout",
			"500ms",
		},
		{"session", "stop-all"},
		{"session", "stop-all", "--all", "--prefix", "demo"},
		{"session", "stop-all", "--all"},
		{"session", "stop-all", "--all", "--dry-run"},
		{"session", "stop-all", "--all", "--keep", "demo", "--yes"},
		{"session", "stop-all", "--all", "--older-than", "1h", "--yes"},
		{"session", "stop-all", "--prefix", "de", "--yes"},
	}
	for name, flags := range map[string][]string{
		"lease-text.txt":  nil,
		"lease-json.txt":  {"--output", "json"},
		"lease-quiet.txt": {"--quiet"},
	} {
		service := newTestService(t, emulator.Options{})
		for _, id := range []string{"demo", "other", "over"} {
			service.ready(id)
		}
		require.NoError(t, service.SetStatus("over", arr.SessionStatusExpired))
		record := transcript{url: service.url}
		for _, args := range commands {
			args = append(args, flags...)
			record.add(args, service.arr(args...))
		}
		record.compare(t, name)
	}
}
