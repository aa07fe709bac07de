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
	mu      sync.Mutex
	shown   bool // whether something was written that the next result is set apart from
}

// NewPrinter returns a printer that writes to out.
func NewPrinter(out io.Writer, options Options, getenv func(string) string) *Printer {
	if options.Format == "" {
		options.Format = Text
	}
	return &Printer{options: options, out: out, colours: colourful(out, options.Color, getenv)}
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

// limit returns how wide a line may be, 0 if nothing limits it.
func (p *Printer) limit() int {
	if !p.OnTerminal() {
		return 0
	}
	return columns(p.out)
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
func (p *Printer) Line(text string) error { return p.write(clean(text) + "\n") }

// Object writes a value as a line of JSON, a document of YAML, or what a template makes of it.
func (p *Printer) Object(value any) error {
	if p.options.Template != nil {
		text, err := p.options.Template.execute(value)
		if err != nil {
			return err
		}
		return p.write(text)
	}
	var object bytes.Buffer
	encoder := json.NewEncoder(&object)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return p.check(err)
	}
	if p.options.Format != YAML {
		return p.write(escapeJSON(object.String()))
	}
	document, err := yamlOf(object.Bytes())
	if err != nil {
		return p.check(err)
	}
	return p.apart("---\n", document)
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
		if r == '\n' || !text.Control(r) {
			escaped.WriteRune(r)
			continue
		}
		escaped.WriteString(as(r))
	}
	return escaped.String()
}

// paragraph writes text with an empty line between it and the one before.
func (p *Printer) paragraph(text string) error { return p.apart("\n", text) }

// apart writes text with a separator between it and the one before.
func (p *Printer) apart(separator, text string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.shown {
		text = separator + text
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
	if _, mistaken := errors.AsType[*failure.UsageError](err); err == nil || mistaken {
		return err
	}
	return fmt.Errorf("cannot write the result: %w", err)
}
