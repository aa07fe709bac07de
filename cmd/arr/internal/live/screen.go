// SPDX-License-Identifier: MIT

// Package live keeps a few lines at the end of a terminal up to date.
package live

import (
	"bytes"
	"fmt"
	"io"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/arr-go/azremoterendering/cmd/arr/internal/show"
)

// frameInterval is the time between two frames.
const frameInterval = 250 * time.Millisecond

// Frame returns the lines of a frame, at most rows, each at most columns wide. Colours take no
// room. It is called every 250 ms, and must return soon.
type Frame func(columns, rows int) []string

// Size returns how many columns and rows a terminal has.
type Size func() (columns, rows int)

// Screen keeps a frame of lines at the end of a terminal up to date. It writes only lines that have
// changed, and each frame with a single write that leaves the cursor visible, at the end of the
// last line. So the terminal is usable whenever and however the program ends. Several goroutines
// may use a Screen at the same time.
type Screen struct {
	out    io.Writer
	size   Size
	frame  Frame
	failed func(error)
	stop   chan struct{}
	close  sync.Once
	drawer sync.WaitGroup

	mu            sync.Mutex // held while frame and failed are called
	closed        bool
	drawn         []string // the lines on the terminal; the cursor is at the end of the last one
	columns, rows int      // of the terminal when they were drawn
}

// Start starts a goroutine that draws frames, until [Screen.Close].
//   - out is the terminal, and size returns its size
//   - frame returns what is drawn
//   - failed is called each time that out cannot be written to
func Start(out io.Writer, size Size, frame Frame, failed func(error)) *Screen {
	s := &Screen{out: out, size: size, frame: frame, failed: failed, stop: make(chan struct{})}
	s.drawer.Go(s.run)
	return s
}

func (s *Screen) run() {
	ticker := time.NewTicker(frameInterval)
	defer ticker.Stop()
	for {
		select {
		case <-s.stop:
			return
		case <-ticker.C:
			s.mu.Lock()
			s.draw("")
			s.mu.Unlock()
		}
	}
}

// Aside calls write while no frame is on the terminal. What it writes stays above the frames. It
// returns the error of write.
func (s *Screen) Aside(write func() error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return write()
	}
	var out bytes.Buffer
	columns, rows := s.size()
	s.erase(&out, columns)
	s.flush(&out)
	err := write()
	s.columns, s.rows = columns, rows
	s.draw("")
	return err
}

// Close draws a last frame, which stays, and moves the cursor below it. Nothing is drawn
// afterwards.
func (s *Screen) Close() {
	s.close.Do(func() { close(s.stop) })
	s.drawer.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		s.closed = true
		s.draw("\r\n")
	}
}

// draw writes what differs from the last frame, and then the end. The lock is held.
func (s *Screen) draw(end string) {
	columns, rows := s.size()
	var out bytes.Buffer
	if columns != s.columns || rows != s.rows {
		s.erase(&out, columns)
		s.columns, s.rows = columns, rows
	}
	// A line that fills the last column would wrap. The last row is left for the cursor after Close.
	lines := s.frame(max(1, columns-1), max(1, rows-1))
	lines = lines[:min(len(lines), max(1, rows-1))]
	s.update(&out, lines, end != "")
	if end != "" && len(lines) > 0 {
		out.WriteString(end)
	}
	s.flush(&out)
}

// update appends what turns the lines on the terminal into others. Unless they are the same, or
// last is set, the last line is written again, over what was typed there, such as ^C.
func (s *Screen) update(out *bytes.Buffer, lines []string, last bool) {
	row := max(0, len(s.drawn)-1) // of the cursor
	move := func(to int) {
		switch {
		case to < row:
			fmt.Fprintf(out, "\x1b[%dA", row-to)
		case to > row: // new rows scroll the terminal if need be
			out.WriteString(strings.Repeat("\r\n", to-row))
		}
		row = to
	}
	changed := len(lines) != len(s.drawn)
	for i, line := range lines {
		atEnd := i == len(lines)-1 && (changed || last)
		if i < len(s.drawn) && s.drawn[i] == line && !atEnd {
			continue
		}
		changed = true
		move(i)
		out.WriteString("\r" + line + "\x1b[K")
	}
	if len(lines) < len(s.drawn) {
		if len(lines) == 0 {
			move(0)
			out.WriteString("\r")
		}
		out.WriteString("\x1b[J")
	}
	s.drawn = lines
}

// erase appends what removes the frame from a terminal with so many columns.
func (s *Screen) erase(out *bytes.Buffer, columns int) {
	if len(s.drawn) == 0 {
		return
	}
	rows := 0
	for _, line := range s.drawn { // a terminal that became narrower has wrapped them
		width := show.Width(style.ReplaceAllString(line, ""))
		rows += max(1, (width+columns-1)/max(1, columns))
	}
	if rows > 1 {
		fmt.Fprintf(out, "\x1b[%dA", rows-1)
	}
	out.WriteString("\r\x1b[J")
	s.drawn = nil
}

// style matches the colours of a line.
var style = regexp.MustCompile("\x1b\\[[0-9;]*m")

func (s *Screen) flush(out *bytes.Buffer) {
	if out.Len() == 0 {
		return
	}
	text := "\x1b[?25l" + out.String() + "\x1b[?25h"
	if _, err := io.WriteString(s.out, text); err != nil {
		s.failed(err)
	}
}
