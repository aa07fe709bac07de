// SPDX-License-Identifier: MIT

package show

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/internal/text"
)

func nothingSet(string) string { return "" }

func TestSpan(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0s", 59 * time.Second: "59s", time.Minute: "1m", 90 * time.Second: "1m30s",
		90 * time.Minute: "1h30m", 2 * time.Hour: "2h",
		10 * time.Minute: "10m", 20 * time.Hour: "20h", time.Hour + time.Second: "1h0m1s",
		1500 * time.Millisecond: "1s", 24 * time.Hour: "24h",
	} {
		assert.Equal(t, want, Span(d))
	}
}

func TestRemainingIsHonest(t *testing.T) {
	s := arr.Session{
		Status:       arr.SessionStatusReady,
		MaxLeaseTime: 30 * time.Minute,
		ElapsedTime:  10 * time.Minute,
	}
	assert.Equal(t, "19m to 20m", Remaining(s))
	assert.Equal(
		t,
		"18m30s to 19m30s",
		remainingAfter(s, 30*time.Second),
		"it is less by the time since the answer",
	)
	assert.Equal(t, "0s to 0s", remainingAfter(s, time.Hour))
	s.Status = arr.SessionStatusStarting
	s.ElapsedTime = 0
	assert.Equal(t, "30m from Ready on", Remaining(s))
	s.Status = arr.SessionStatusExpired
	assert.Equal(t, "-", Remaining(s))
	s.Status = "Dreaming"
	assert.Equal(t, "0s to 30m", Remaining(s))
}

func TestTextFromOutsideCannotMoveTheCursor(t *testing.T) {
	var out bytes.Buffer
	printer := NewPrinter(&out, Options{}, nothingSet)
	hostile := arr.Session{
		ID:     "a\x1b[2Jb",
		Status: "x\ny",
		Error:  &arr.ErrorDetail{Code: "\x9b31m", Message: "\u2028\u202e"},
	}
	require.NoError(t, printer.Session(arr.RegionSession{Session: hostile}, "\r"))
	require.NoError(t, printer.Sessions([]arr.RegionSession{{Session: hostile}}))
	progress := NewProgress(&out, false, ColorAuto, nothingSet)
	progress.Saw(hostile)
	progress.Close()
	for _, r := range out.String() {
		assert.True(
			t,
			r == '\n' || r >= ' ' && (r < 0x7f || r >= 0xa0) && r != '\u2028' && r != '\u202e',
			"%q",
			r,
		)
	}
}

// Terminals are shown JSON too. Programs read from it what the service said.
func TestJSONActsOnNoTerminal(t *testing.T) {
	const hostile = "\x1b[2J\u009b31m\u202e\u2066\x7f\U000e0001ü€😀<>"
	var out bytes.Buffer
	require.NoError(
		t,
		NewPrinter(&out, Options{Format: JSON}, nothingSet).Session(
			arr.RegionSession{Session: arr.Session{ID: "demo", Hostname: hostile}}, "",
		),
	)
	for _, r := range strings.TrimSuffix(out.String(), "\n") {
		assert.False(t, text.Control(r), "%q", r)
	}
	assert.Contains(t, out.String(), "ü€😀<>")
	var read Session
	require.NoError(t, json.Unmarshal(out.Bytes(), &read))
	assert.Equal(t, hostile, read.Hostname)
}

func TestColoursTakeNoRoom(t *testing.T) {
	drawn := table{
		columns: []fit{{heading: Cell{"A", bold}}, {heading: Cell{"B", bold}}},
		rows:    [][]Cell{{{"a", green}, {Text: "b"}}, {{Text: "long"}, {Text: "c"}}},
	}
	coloured := linesOf(&drawn, 0, true)
	assert.Equal(t,
		"\x1b[1mA\x1b[0m     \x1b[1mB\x1b[0m\n\x1b[32ma\x1b[0m     b\nlong  c", coloured)
	assert.Equal(t,
		linesOf(&drawn, 0, false),
		strings.NewReplacer("\x1b[32m", "", "\x1b[1m", "", "\x1b[0m", "").Replace(coloured))
}

func TestProgressInAPipeIsALineForEachChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		progress := NewProgress(&out, false, ColorAuto, nothingSet)
		s := arr.Session{
			ID:           "demo",
			Status:       arr.SessionStatusStarting,
			MaxLeaseTime: 30 * time.Minute,
		}
		progress.Saw(s)
		time.Sleep(5 * time.Second)
		progress.Saw(s)
		s.Status = arr.SessionStatusReady
		time.Sleep(5 * time.Second)
		progress.Saw(s)
		progress.Close()
		progress.Close()
		assert.Equal(
			t,
			"demo  Starting  0s  lease 30m from Ready on\ndemo  Ready  10s  lease 29m to 30m\n",
			out.String(),
		)
	})
}

func TestProgressOfSeveralOnATerminal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		progress := NewProgress(&out, false, ColorAuto, nothingSet)
		progress.terminal = true
		progress.Saw(arr.Session{ID: "a", Status: arr.SessionStatusStarting})
		progress.Saw(arr.Session{ID: "b", Status: arr.SessionStatusReady})
		require.NoError(t, progress.Aside(func() error { return nil }))
		progress.Saw(arr.Session{ID: strings.Repeat("c", 200), Status: arr.SessionStatusStarting})
		progress.Close()
		assert.Contains(t, out.String(), "\r1 Starting, 1 Ready  0s\x1b[K")
		assert.Contains(t, out.String(), "\r2 Starting, 1 Ready  0s\x1b[K")
		assert.True(t, strings.HasSuffix(out.String(), "\r\x1b[K"), "nothing is left")
	})
}

func TestALineOnATerminalDoesNotWrap(t *testing.T) {
	var out bytes.Buffer
	progress := NewProgress(&out, false, ColorAuto, nothingSet)
	progress.terminal = true
	progress.Saw(arr.Session{ID: strings.Repeat("c", 200), Status: arr.SessionStatusStarting})
	progress.Close()
	for line := range strings.SplitSeq(out.String(), "\r") {
		assert.LessOrEqual(t, len([]rune(strings.TrimSuffix(line, "\x1b[K"))), 80)
	}
}

func TestSilence(t *testing.T) {
	var out bytes.Buffer
	progress := NewProgress(&out, true, ColorAuto, nothingSet)
	progress.Saw(arr.Session{ID: "a"})
	progress.Close()
	assert.Empty(t, out.String())
}

func TestJSONOfASession(t *testing.T) {
	var out bytes.Buffer
	printer := NewPrinter(&out, Options{Format: JSON}, nothingSet)
	require.NoError(
		t,
		printer.Session(
			arr.RegionSession{Session: arr.Session{
				ID:     "a<b",
				Status: arr.SessionStatusError,
				Error:  &arr.ErrorDetail{Code: "C", Message: "M"},
			}},
			"cv",
		),
	)
	assert.JSONEq(
		t,
		`{"id":"a<b","status":"Error","size":"","elapsedTimeMinutes":0,"maxLeaseTimeMinutes":0,
"remainingMinutes":{"atLeast":0,"atMost":0},
"error":{"code":"C","message":"M"},"correlationVector":"cv"}`,
		out.String(),
	)
	assert.Contains(t, out.String(), "a<b")
	assert.True(t, json.Valid(out.Bytes()))
}
