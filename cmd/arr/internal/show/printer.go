// SPDX-License-Identifier: MIT

package show

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"sync"
	"unicode/utf16"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/internal/text"
)

// Format says how results are written.
type Format int

// The formats.
const (
	ForPeople Format = iota
	JSON
	Quiet // ids and nothing else
)

// Printer writes results. Several goroutines may use it at the same time.
type Printer struct {
	Format Format
	// Regions makes the region of each session a part of what people are shown.
	Regions bool
	out     io.Writer
	colours bool
	mu      sync.Mutex
	shown   bool // whether a session was written for people
}

// NewPrinter returns a printer that writes to out.
func NewPrinter(out io.Writer, format Format, getenv func(string) string) *Printer {
	return &Printer{Format: format, out: out, colours: colourful(out, getenv)}
}

// OnTerminal reports whether somebody reads the results on a terminal.
func (p *Printer) OnTerminal() bool { return IsTerminal(p.out) }

// Session writes one session with all that is known of it.
func (p *Printer) Session(s arr.RegionSession, correlationVector string) error {
	switch p.Format {
	case JSON:
		return p.Object(NewSession(s, correlationVector))
	case Quiet:
		return p.Line(s.ID)
	default:
		return p.paragraph(layOut(p.sessionRows(s, correlationVector), p.colours))
	}
}

// Sessions writes a list.
func (p *Printer) Sessions(sessions []arr.RegionSession) error {
	if p.Format != ForPeople {
		for _, session := range sessions {
			if err := p.Session(session, ""); err != nil {
				return err
			}
		}
		return nil
	}
	if len(sessions) == 0 {
		return p.Line("There are no sessions.")
	}
	return p.Table(p.sessionTable(sessions))
}

// Heading makes the first row of a table.
func (p *Printer) Heading(texts ...string) []Cell {
	cells := Text(texts...)
	for i := range cells {
		cells[i].paint = bold
	}
	return cells
}

// Table writes rows in columns.
func (p *Printer) Table(rows [][]Cell) error { return p.write(layOut(rows, p.colours)) }

// Line writes a line of text.
func (p *Printer) Line(text string) error { return p.write(clean(text) + "\n") }

// Object writes a line of JSON.
func (p *Printer) Object(value any) error {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return p.check(err)
	}
	return p.write(escape(text.String()))
}

// escape makes a line of JSON fit for a terminal. Its library escapes the characters below the
// space, and these act too. They can stand only within strings, where an escape means the same.
func escape(line string) string {
	var escaped strings.Builder
	for _, r := range line {
		if r == '\n' || !text.Control(r) {
			escaped.WriteRune(r)
			continue
		}
		for _, unit := range utf16.Encode([]rune{r}) {
			fmt.Fprintf(&escaped, "\\u%04x", unit)
		}
	}
	return escaped.String()
}

// paragraph writes text with an empty line between it and the one before.
func (p *Printer) paragraph(text string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.shown {
		text = "\n" + text
	}
	p.shown = true
	_, err := io.WriteString(p.out, text)
	return p.check(err)
}

func (p *Printer) write(text string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	_, err := io.WriteString(p.out, text)
	return p.check(err)
}

func (p *Printer) check(err error) error {
	if err != nil {
		return fmt.Errorf("cannot write the result: %w", err)
	}
	return nil
}
