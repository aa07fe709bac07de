// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"github.com/spf13/cobra"

	"github.com/arr-go/azremoterendering/cmd/arr/internal/failure"
	"github.com/arr-go/azremoterendering/internal/text"
)

// notes shows people the warnings of package lease, a line each. It is a slog.Handler.
type notes struct {
	write func(line string)
	also  string // attributes of With
}

// newNotes returns a logger for people.
func newNotes(cmd *cobra.Command, aside func(func() error) error) *slog.Logger {
	return slog.New(notesHandler(cmd, aside))
}

// notesHandler returns what shows people warnings, or what --log-level asks for.
func notesHandler(cmd *cobra.Command, aside func(func() error) error) slog.Handler {
	out := cmd.ErrOrStderr()
	if log := loggerFor(cmd, slog.LevelInfo, asideWriter{out, aside}); log != nil {
		return log.Handler()
	}
	return notes{write: func(line string) {
		// there is no other place to report this
		_ = aside(func() error { _, err := fmt.Fprintln(out, line); return err })
	}}
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

// note writes one attribute.
func note(attribute slog.Attr) string {
	value := attribute.Value.Resolve()
	shown := value.String()
	if err, ok := value.Any().(error); ok {
		shown = failure.What(err)
	}
	return "; " + attribute.Key + ": " + text.OneLine(shown)
}

func capitalized(text string) string {
	if text == "" {
		return text
	}
	return strings.ToUpper(text[:1]) + text[1:]
}

// asideWriter writes beside progress that is being shown.
type asideWriter struct {
	out   io.Writer
	aside func(func() error) error
}

func (w asideWriter) Write(line []byte) (n int, err error) {
	err = w.aside(func() error { n, err = w.out.Write(line); return err })
	return n, err
}
