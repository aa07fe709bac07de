// SPDX-License-Identifier: MIT

package testkit

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"
)

// Terminal shows what a terminal would show of what is written to it. It knows the control
// sequences that arr uses, and reports others. Each character takes one column.
type Terminal struct {
	mu            sync.Mutex
	columns, rows int
	screen        [][]cell // rows that were written to, including those that have scrolled away
	top           int      // the first row of screen that is visible
	row, column   int      // of the cursor; row counts from the first of screen
	colour        string
	pending       []byte // the beginning of a control sequence or of a character
	hidden        bool
	unknown       []string
	writes        int
}

type cell struct {
	r      rune
	colour string
}

// NewTerminal returns an empty terminal.
func NewTerminal(columns, rows int) *Terminal {
	return &Terminal{columns: columns, rows: rows, screen: make([][]cell, 1)}
}

// Size returns the columns and rows.
func (t *Terminal) Size() (columns, rows int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.columns, t.rows
}

var control = regexp.MustCompile(`^\x1b\[([?0-9;]*)([A-Za-z])`)

// Write implements [io.Writer].
func (t *Terminal) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.writes++
	text := slices.Concat(t.pending, p)
	for len(text) > 0 && (text[0] == '\x1b' || utf8.FullRune(text)) {
		if text[0] != '\x1b' {
			r, size := utf8.DecodeRune(text)
			t.put(r)
			text = text[size:]
			continue
		}
		found := control.FindSubmatch(text)
		if found == nil {
			break
		}
		t.do(string(found[1]), found[2][0])
		text = text[len(found[0]):]
	}
	t.pending = bytes.Clone(text)
	return len(p), nil
}

// put shows a character, or obeys it.
func (t *Terminal) put(r rune) {
	switch r {
	case '\r':
		t.column = 0
		return
	case '\n':
		t.down()
		return
	}
	if t.column >= t.columns {
		t.column = 0
		t.down()
	}
	line := t.screen[t.row]
	for len(line) <= t.column {
		line = append(line, cell{r: ' '})
	}
	line[t.column] = cell{r, t.colour}
	t.screen[t.row] = line
	t.column++
}

func (t *Terminal) down() {
	if t.row++; t.row == len(t.screen) {
		t.screen = append(t.screen, nil)
	}
	t.top = max(t.top, t.row-t.rows+1)
}

// do obeys a control sequence.
func (t *Terminal) do(parameter string, command byte) {
	n, err := strconv.Atoi(parameter)
	if err != nil {
		n = 1
	}
	switch {
	case command == 'A':
		t.row = max(t.top, t.row-n)
	case command == 'K' && parameter == "":
		t.screen[t.row] = t.screen[t.row][:min(t.column, len(t.screen[t.row]))]
	case command == 'J' && parameter == "":
		t.screen[t.row] = t.screen[t.row][:min(t.column, len(t.screen[t.row]))]
		t.screen = t.screen[:t.row+1]
	case command == 'm':
		t.colour = strings.TrimPrefix(parameter, "0")
	case parameter == "?25":
		t.hidden = command == 'l'
	default:
		t.unknown = append(t.unknown, parameter+string(command))
	}
}

// Resize changes the size. Rows that are too long are wrapped, as most terminals do.
func (t *Terminal) Resize(columns, rows int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	var screen [][]cell
	row, column := 0, t.column
	for i, line := range t.screen {
		for len(line) > columns {
			screen, line = append(screen, line[:columns:columns]), line[columns:]
		}
		if screen = append(screen, line); i == t.row {
			row, column = len(screen)-1, min(t.column, len(line))
		}
	}
	t.screen, t.row, t.column = screen, row, column
	t.columns, t.rows = columns, rows
	t.top = max(0, len(screen)-rows)
}

// String returns what the terminal shows, and what has scrolled away above, without colours.
func (t *Terminal) String() string { return t.text(func(c cell) string { return string(c.r) }) }

// Colourful is the same with colours: red text is {31:text}.
func (t *Terminal) Colourful() string {
	var before string
	text := t.text(func(c cell) string {
		out := ""
		if c.colour != before && before != "" {
			out = "}"
		}
		if c.colour != before && c.colour != "" {
			out += "{" + c.colour + ":"
		}
		before = c.colour
		return out + string(c.r)
	})
	return text
}

func (t *Terminal) text(of func(cell) string) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	var text strings.Builder
	for i, line := range t.screen {
		var row strings.Builder
		for _, c := range append(line[:len(line):len(line)], cell{r: ' '}) {
			row.WriteString(of(c))
		}
		text.WriteString(strings.TrimRight(row.String(), " "))
		if i < len(t.screen)-1 {
			text.WriteByte('\n')
		}
	}
	return text.String()
}

// State describes the cursor, and what the terminal did not understand.
func (t *Terminal) State() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	text := fmt.Sprintf("%d:%d", t.row-t.top, t.column)
	if t.hidden {
		text += " hidden"
	}
	for _, unknown := range t.unknown {
		text += fmt.Sprintf(" unknown %q", unknown)
	}
	return text
}

// Writes returns how often something was written.
func (t *Terminal) Writes() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.writes
}
