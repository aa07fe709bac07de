// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"io"
	"log/slog"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

// logging says how the log is written.
type logging struct {
	level slog.Level
	json  bool
}

func (l *logging) addFlags(cmd *cobra.Command) {
	addChoice(
		cmd,
		&l.level,
		"log-level",
		"what is logged to standard error; requests are at level info",
		choice[slog.Level]{"info", slog.LevelInfo},
		choice[slog.Level]{"debug", slog.LevelDebug},
		choice[slog.Level]{"warn", slog.LevelWarn},
		choice[slog.Level]{"error", slog.LevelError},
	)
	addChoice(
		cmd,
		&l.json,
		"log-format",
		"how the log is written",
		choice[bool]{"text", false},
		choice[bool]{"json", true},
	)
}

// logger returns a logger that writes to w.
func (l *logging) logger(w io.Writer) *slog.Logger {
	options := &slog.HandlerOptions{Level: l.level}
	if l.json {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}

// warn logs what the user must see, whatever the level.
func warn(log *slog.Logger, message string) {
	handler := log.Handler()
	record := slog.NewRecord(time.Now(), slog.LevelWarn, "WARNING: "+message, 0)
	// as a logger does; the level is looked at before Handle
	_ = handler.Handle(context.Background(), record)
}

// programOutput logs what the programs behind sessions write, line by line: as it is, it could not
// be told from the rest of the log, and could move the cursor of a terminal.
type programOutput struct{ log *slog.Logger }

func (o programOutput) Write(line []byte) (int, error) {
	o.log.Info("program", slog.String("output", strings.TrimRight(string(line), "\r\n")))
	return len(line), nil
}
