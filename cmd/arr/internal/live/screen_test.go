// SPDX-License-Identifier: MIT

package live

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/arr-go/azremoterendering/internal/testkit"
)

// lines are what a test wants to be drawn.
type lines struct {
	mu   sync.Mutex
	text []string
}

func (l *lines) set(text ...string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text = text
}

func (l *lines) frame(int, int) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text
}

func story(t *testing.T, columns, rows int, tell func(*testkit.Terminal, *Screen, *lines)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		terminal := testkit.NewTerminal(columns, rows)
		_, _ = io.WriteString(terminal, "$ arr\r\n")
		var l lines
		screen := Start(terminal, terminal.Size, l.frame, func(err error) { assert.NoError(t, err) })
		tell(terminal, screen, &l)
		screen.Close()
		assert.NotContains(t, terminal.State(), "unknown")
		assert.NotContains(t, terminal.State(), "hidden")
	})
}

func nextFrame() {
	time.Sleep(frameInterval)
	synctest.Wait()
}

func TestAFrameReplacesTheOneBefore(t *testing.T) {
	story(t, 20, 10, func(terminal *testkit.Terminal, screen *Screen, l *lines) {
		for _, frame := range []string{
			"a", "a\nb", "a\nb\nc\nd", "a\nx\nc\nd", "y\nx\nc\nd", "y\nx\nc\nlonger", "y\nx\nc\nd",
			"y\nx\nc", "c", "", "a\nb",
		} {
			l.set(strings.Split(frame, "\n")...)
			if frame == "" {
				l.set()
			}
			nextFrame()
			assert.Equal(t, "$ arr\n"+frame, terminal.String())
			last := frame[strings.LastIndex(frame, "\n")+1:]
			wantCursor := fmt.Sprintf("%d:%d", 1+strings.Count(frame, "\n"), len(last))
			assert.Equal(t, wantCursor, terminal.State(), frame)
		}
		screen.Close()
		assert.Equal(t, "$ arr\na\nb\n", terminal.String(), "the last frame stays")
		nextFrame()
		l.set("later")
		assert.Equal(t, "$ arr\na\nb\n", terminal.String())
	})
}

// record keeps what is written until it is taken.
type record struct {
	mu   sync.Mutex
	text []byte
}

func (r *record) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.text = append(r.text, p...)
	return len(p), nil
}

func (r *record) take() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	text := string(r.text)
	r.text = nil
	return text
}

func TestOnlyWhatHasChangedIsWritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l lines
		var out record
		size := func() (int, int) { return 80, 24 }
		screen := Start(&out, size, l.frame, func(error) {})
		for _, want := range []struct{ frame, written string }{
			{"a\nb\nc", "\ra\x1b[K\r\n\rb\x1b[K\r\n\rc\x1b[K"},
			{"a\nb\nc", ""},
			{"a\nx\nc", "\x1b[1A\rx\x1b[K\r\n\rc\x1b[K"},
			{"a\nx\nd", "\rd\x1b[K"},
			{"a\nx", "\x1b[1A\rx\x1b[K\x1b[J"},
		} {
			l.set(strings.Split(want.frame, "\n")...)
			_ = out.take()
			nextFrame()
			written := strings.TrimSuffix(strings.TrimPrefix(out.take(), "\x1b[?25l"), "\x1b[?25h")
			assert.Equal(t, want.written, written)
		}
		screen.Close()
	})
}

func TestAtMostFourFramesASecond(t *testing.T) {
	story(t, 20, 10, func(terminal *testkit.Terminal, _ *Screen, l *lines) {
		before := terminal.Writes()
		for i := range 1000 {
			l.set(fmt.Sprint(i))
			time.Sleep(10 * time.Millisecond)
		}
		synctest.Wait()
		assert.Equal(t, 40, terminal.Writes()-before, "in ten seconds, each with one write")
	})
}

func TestAFrameFitsTheTerminal(t *testing.T) {
	story(t, 20, 5, func(terminal *testkit.Terminal, screen *Screen, l *lines) {
		l.set("1", "2", "3", "4", "5", "6")
		nextFrame()
		l.set("1", "x", "3", "4", "5", "6")
		nextFrame()
		assert.Equal(t, "$ arr\n1\nx\n3\n4", terminal.String())
		screen.Close()
		assert.Equal(t, "$ arr\n1\nx\n3\n4\n", terminal.String())
	})
}

func TestWhatIsWrittenAsideStaysAbove(t *testing.T) {
	story(t, 20, 10, func(terminal *testkit.Terminal, screen *Screen, l *lines) {
		l.set("a", "b")
		nextFrame()
		failure := errors.New("failure")
		err := screen.Aside(func() error {
			assert.Equal(t, "$ arr\n", terminal.String(), "no frame is there")
			_, _ = io.WriteString(terminal, "note\r\n")
			return failure
		})
		assert.Equal(t, failure, err)
		assert.Equal(t, "$ arr\nnote\na\nb", terminal.String())
		screen.Close()
		_ = screen.Aside(func() error { _, err := io.WriteString(terminal, "end\r\n"); return err })
		assert.Equal(t, "$ arr\nnote\na\nb\nend\n", terminal.String())
	})
}

// A terminal that becomes narrower wraps the lines of the frame, so it takes more rows.
func TestATerminalIsResized(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		terminal := testkit.NewTerminal(40, 10)
		_, _ = io.WriteString(terminal, "$ arr\r\n")
		frame := func(columns, rows int) []string {
			line := "\x1b[32m" + strings.Repeat("x", columns) + "\x1b[0m"
			return []string{line, line, fmt.Sprintf("%d rows", rows)}
		}
		screen := Start(terminal, terminal.Size, frame, func(err error) { assert.NoError(t, err) })
		nextFrame()
		for _, size := range [][2]int{{40, 10}, {13, 10}, {7, 20}, {60, 10}, {60, 12}} {
			terminal.Resize(size[0], size[1])
			nextFrame()
			line := strings.Repeat("x", size[0]-1)
			want := fmt.Sprintf("$ arr\n%s\n%s\n%d rows", line, line, size[1]-1)
			assert.Equal(t, want, terminal.String())
		}
		screen.Close()
	})
}

func TestWhatWasTypedIntoTheLastLineIsRemoved(t *testing.T) {
	story(t, 20, 10, func(terminal *testkit.Terminal, screen *Screen, l *lines) {
		l.set("a", "b")
		nextFrame()
		_, _ = io.WriteString(terminal, "^C")
		screen.Close()
		assert.Equal(t, "$ arr\na\nb\n", terminal.String())
	})
}

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

func TestATerminalThatIsGoneIsReported(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		failed := make(chan error, 100)
		size := func() (int, int) { return 80, 24 }
		frame := func(int, int) []string { return []string{time.Now().String()} }
		screen := Start(brokenWriter{}, size, frame, func(err error) { failed <- err })
		assert.Equal(t, io.ErrClosedPipe, <-failed)
		screen.Close()
	})
}
