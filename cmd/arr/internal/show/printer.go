// SPDX-License-Identifier: MIT

package show

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"unicode/utf16"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/cmd/arr/internal/failure"
	"github.com/arr-go/azremoterendering/internal/text"
)

// Printer writes results. Several goroutines may use it at the same time.
type Printer struct {
	// Regions makes the region of each session a part of what people are shown.
	Regions bool

	options Options
	out     io.Writer
	colours bool
	dumb    bool // a terminal whose lines cannot be replaced
	mu      sync.Mutex
	buffer  bytes.Buffer
	shown   bool // whether something was written that the next result is set apart from
}

// NewPrinter returns a printer that writes to out.
func NewPrinter(out io.Writer, options Options, getenv func(string) string) *Printer {
	if options.Format == "" {
		options.Format = Text
	}
	return &Printer{
		options: options,
		out:     out,
		colours: colourful(out, options.Color, getenv),
		dumb:    getenv("TERM") == "dumb",
	}
}

// Format returns how results are written.
func (p *Printer) Format() Format {
	if p.options.Template != nil {
		return custom
	}
	return p.options.Format
}

// ForPeople reports whether results are written as text.
func (p *Printer) ForPeople() bool { return p.Format() == Text || p.Format() == Wide }

// OnTerminal reports whether somebody reads the results on a terminal.
func (p *Printer) OnTerminal() bool { return IsTerminal(p.out) }

// Draws reports whether results can be text on a terminal that is drawn again and again.
func (p *Printer) Draws() bool { return p.ForPeople() && p.OnTerminal() && !p.dumb }

// limit returns how wide a line may be, 0 if nothing limits it.
func (p *Printer) limit() int {
	return TerminalWidth(p.out)
}

// Session writes one session with all that is known of it.
func (p *Printer) Session(s arr.RegionSession, correlationVector string) error {
	return Write(p, SessionKind(p.Regions), SessionResult{s, correlationVector})
}

// Sessions writes a list.
func (p *Printer) Sessions(sessions []arr.RegionSession) error {
	results := make([]SessionResult, len(sessions))
	for i, session := range sessions {
		results[i].RegionSession = session
	}
	return WriteList(p, SessionKind(p.Regions), results)
}

// Conversion writes one conversion with all that is known of it.
func (p *Printer) Conversion(c arr.Conversion, correlationVector string) error {
	return Write(p, ConversionKind(), ConversionResult{c, correlationVector})
}

// Conversions writes a list.
func (p *Printer) Conversions(conversions []arr.Conversion) error {
	results := make([]ConversionResult, len(conversions))
	for i, conversion := range conversions {
		results[i].Conversion = conversion
	}
	return WriteList(p, ConversionKind(), results)
}

// Line writes a line of text.
func (p *Printer) Line(text string) error {
	return p.write(func(out *bytes.Buffer) error { out.WriteString(clean(text) + "\n"); return nil })
}

// Object writes a value as a line of JSON, a document of YAML, or what a template makes of it.
func (p *Printer) Object(value any) error {
	return p.write(func(out *bytes.Buffer) error { return p.object(out, value) })
}

// object appends a value to out, in the format of the printer. The printer is locked.
func (p *Printer) object(out *bytes.Buffer, value any) error {
	if p.options.Template != nil {
		return p.options.Template.execute(out, value)
	}
	start := out.Len()
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return err
	}
	if p.options.Format == YAML {
		document, err := yamlOf(out.Bytes()[start:])
		out.Truncate(start)
		p.apart(out, "---\n")
		out.WriteString(document)
		return err
	}
	if object := out.Bytes()[start:]; bytes.ContainsFunc(object, acts) {
		escaped := escapeJSON(string(object))
		out.Truncate(start)
		out.WriteString(escaped)
	}
	return nil
}

// escapeJSON makes JSON fit for a terminal. Its library escapes the characters below the space, and
// these act too. They can stand only within strings, where an escape means the same.
func escapeJSON(object string) string {
	return escape(object, func(r rune) string {
		var escaped strings.Builder
		for _, unit := range utf16.Encode([]rune{r}) {
			fmt.Fprintf(&escaped, "\\u%04x", unit)
		}
		return escaped.String()
	})
}

// escape replaces all characters that act on a terminal, but ends of lines.
func escape(lines string, as func(rune) string) string {
	var escaped strings.Builder
	for _, r := range lines {
		if acts(r) {
			escaped.WriteString(as(r))
		} else {
			escaped.WriteRune(r)
		}
	}
	return escaped.String()
}

// acts reports whether a character acts on a terminal and does not end a line.
func acts(r rune) bool { return r != '\n' && text.Control(r) }

// apart appends a separator unless nothing was written before. The printer is locked.
func (p *Printer) apart(out *bytes.Buffer, separator string) {
	if p.shown {
		out.WriteString(separator)
	}
	p.shown = true
}

// write writes what render appends to a buffer, with one call of the system. If render fails, what it
// has appended until then is written all the same.
func (p *Printer) write(render func(out *bytes.Buffer) error) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.buffer.Reset()
	err := render(&p.buffer)
	if p.buffer.Len() > 0 {
		if _, failed := p.out.Write(p.buffer.Bytes()); failed != nil {
			err = failed
		}
	}
	if _, mistaken := errors.AsType[*failure.UsageError](err); err == nil || mistaken {
		return err
	}
	return fmt.Errorf("cannot write the result: %w", err)
}
