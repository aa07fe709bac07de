// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"
	"unicode"

	"github.com/spf13/cobra"

	"github.com/arr-go/azremoterendering/cmd/arr/internal/config"
	"github.com/arr-go/azremoterendering/lease"
)

// keeping is what flags say about how a lease is kept.
type keeping struct {
	step, threshold, most, interval time.Duration
}

func (k *keeping) addFlags(cmd *cobra.Command) {
	addValue(
		cmd,
		&k.step,
		"step",
		"TIME",
		"",
		"by how much the lease is extended at a time, in whole minutes (default 20m)",
		parseSpan,
	)
	addValue(
		cmd,
		&k.threshold,
		"threshold",
		"TIME",
		"",
		"the lease is extended when no more than this is surely left of it; also how long the "+
			"service may be out of reach without the session being lost (default 10m)",
		parseSpan,
	)
	addValue(
		cmd,
		&k.most,
		"max-lease",
		"TIME",
		"",
		"the total of the lease since Ready beyond which it is not extended, and so what the session "+
			"can cost (default 23h59m, the most that the service allows)",
		parseSpan,
	)
	cmd.Flags().
		DurationVar(&k.interval, "interval", 0, "`TIME` between two looks whether the session still runs (default 1m)")
}

// parseSpan reads a time in whole minutes that is one at least: none would mean the default.
func parseSpan(text string) (time.Duration, error) {
	span, err := config.ParseLease(text)
	if err == nil && span == 0 {
		err = errors.New("give one minute or more")
	}
	return span, err
}

func (k *keeping) check() error {
	if k.interval < 0 {
		return usagef("--interval is a time above 0, such as 30s")
	}
	return nil
}

// lookEvery is how often to look whether a session still runs.
func (k *keeping) lookEvery() time.Duration {
	if k.interval > 0 {
		return k.interval
	}
	return time.Minute
}

// watcher returns one that looks that often.
func (k *keeping) watcher(svc *service) (*lease.Watcher, error) {
	return lease.NewWatcher(
		svc.SessionsClient,
		lease.WatcherOptions{Interval: k.interval, IdleInterval: k.lookEvery()},
	)
}

// inKeepingFlags returns an error about options with the flags that they come from.
func inKeepingFlags(err error) error {
	for option, flag := range map[string]string{"Step ": "--step ", "Threshold ": "--threshold ", "MaxLeaseTime ": "--max-lease ",
		"LeaseTime ": "--lease ", "StartTimeout ": "--start-timeout ", "IDPrefix ": "--prefix ", "MinRemaining ": "--threshold "} {
		text := strings.TrimPrefix(err.Error(), "lease: invalid argument: ")
		if rest, ok := strings.CutPrefix(text, option); ok {
			return usagef("%s%s", flag, strings.ReplaceAll(rest, "MaxLeaseTime", "--max-lease"))
		}
	}
	return err
}

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
