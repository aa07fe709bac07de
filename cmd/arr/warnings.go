// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"unicode"
)

// notes shows people the warnings of package lease, a line each. It is a slog.Handler.
type notes struct {
	write func(line string)
	also  string // what was given to With
}

// newNotes returns a logger for people.
func newNotes(out io.Writer, aside func(func() error) error) *slog.Logger {
	return slog.New(notes{write: func(line string) {
		// nobody can be told that standard error is closed
		_ = aside(func() error { _, err := fmt.Fprintln(out, line); return err })
	}})
}

// Enabled leaves out what is less than a warning, and errors: those are returned as well, and
// reported at the end.
func (n notes) Enabled(_ context.Context, level slog.Level) bool { return level == slog.LevelWarn }

func (n notes) Handle(_ context.Context, record slog.Record) error {
	line := capitalized(record.Message) + n.also
	record.Attrs(func(attribute slog.Attr) bool {
		line += note(attribute)
		return true
	})
	n.write(line)
	return nil
}

func (n notes) WithAttrs(attributes []slog.Attr) slog.Handler {
	for _, attribute := range attributes {
		n.also += note(attribute)
	}
	return n
}

func (n notes) WithGroup(string) slog.Handler { return n }

// note writes one attribute. Texts of a service cannot move the cursor.
func note(attribute slog.Attr) string {
	value := attribute.Value.Resolve()
	text := value.String()
	if err, ok := value.Any().(error); ok {
		text = err.Error()
		var advised interface{ Advice() string }
		if errors.As(err, &advised) {
			text = strings.TrimSuffix(text, "; "+advised.Advice())
		}
	}
	return "; " + attribute.Key + ": " + strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return unicode.ReplacementChar
		}
		return r
	}, text)
}

func capitalized(text string) string {
	if text == "" {
		return text
	}
	return strings.ToUpper(text[:1]) + text[1:]
}
