// SPDX-License-Identifier: MIT

// Package show writes results and progress: for people, on a terminal or in a pipe, and as JSON.
package show

import (
	"io"
	"os"

	"golang.org/x/term"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/internal/text"
)

// IsTerminal reports whether w leads to a terminal.
func IsTerminal(w any) bool {
	file, ok := w.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}

// Size returns how many columns and rows a terminal has.
func Size(w io.Writer) (columns, rows int) {
	const usualColumns, usualRows = 80, 24
	file, ok := w.(*os.File)
	if !ok {
		return usualColumns, usualRows
	}
	columns, rows, err := term.GetSize(int(file.Fd()))
	if err != nil || columns < 2 { // some say 0 for "not known"
		columns = usualColumns
	}
	if err != nil || rows < 2 {
		rows = usualRows
	}
	return columns, rows
}

// columns returns how many columns a terminal has.
func columns(w io.Writer) int {
	n, _ := Size(w)
	return n
}

// colourful reports whether w gets colours. Unless the user decides, it does if it is a terminal with
// colours and NO_COLOR is not set.
func colourful(w io.Writer, color Color, getenv func(string) string) bool {
	switch color {
	case ColorAlways:
		return true
	case ColorNever:
		return false
	default:
		return IsTerminal(w) && getenv("NO_COLOR") == "" && getenv("TERM") != "dumb"
	}
}

// paint is a colour, an SGR parameter; empty means no colour.
type paint string

const (
	plain  paint = ""
	bold   paint = "1"
	green  paint = "32"
	yellow paint = "33"
	red    paint = "31"
	grey   paint = "90"
)

func (p paint) on(text string) string {
	if p == plain || text == "" {
		return text
	}
	return "\x1b[" + string(p) + "m" + text + "\x1b[0m"
}

func paintOf(status arr.SessionStatus) paint {
	switch status {
	case arr.SessionStatusReady:
		return green
	case arr.SessionStatusStarting:
		return yellow
	case arr.SessionStatusError:
		return red
	case arr.SessionStatusStopped, arr.SessionStatusExpired, Gone:
		return grey
	default:
		return plain
	}
}

// clean makes text from outside safe for a terminal.
func clean(s string) string { return text.Terminal(s) }
