// SPDX-License-Identifier: MIT

package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/cmd/arr/internal/config"
	"github.com/arr-go/azremoterendering/cmd/arr/internal/show"
	"github.com/arr-go/azremoterendering/cmd/arr/internal/spelling"
)

// look are the flags that say how results are written, but for the format itself, which is a
// setting.
type look struct {
	template      string
	color         show.Color
	columns, sort []string
}

func (l *look) addFlags(flags *pflag.FlagSet) {
	flags.StringVar(&l.template, "format", "",
		"Go `TEMPLATE` for each result, such as '{{.id}} {{.status}}'; see \"arr help output\"")
	l.color = show.ColorAuto
	flags.Var(&value[show.Color]{&l.color, parseColor, string(show.ColorAuto), "WHEN"}, "color",
		"colors: auto (on a terminal, unless NO_COLOR is set), always or never")
}

func parseColor(text string) (show.Color, error) {
	choices := []show.Color{show.ColorAuto, show.ColorAlways, show.ColorNever}
	if color := show.Color(text); slices.Contains(choices, color) {
		return color, nil
	}
	return "", fmt.Errorf("give auto, always or never")
}

// options returns how results are written, without the format.
func (l *look) options() (show.Options, error) {
	options := show.Options{Color: l.color, Columns: l.columns, Sort: l.sort}
	if l.template == "" {
		return options, nil
	}
	var err error
	options.Template, err = show.ParseTemplate(l.template)
	return options, err
}

// addListFlags adds the flags of a list.
func (l *look) addListFlags(cmd *cobra.Command, columns []string) {
	names := strings.Join(columns, ", ")
	cmd.Flags().StringSliceVar(&l.columns, "columns", nil,
		"`COLUMNS` of text, wide and csv, in this order: "+names)
	cmd.Flags().StringSliceVar(&l.sort, "sort", nil,
		"`COLUMNS` to sort by; a minus in front of one counts backwards, as in -created")
	for _, flag := range []string{"columns", "sort"} {
		// An error would mean that there is no such flag.
		_ = cmd.RegisterFlagCompletionFunc(
			flag,
			cobra.FixedCompletions(columns, cobra.ShellCompDirectiveNoFileComp),
		)
	}
}

// checked returns a check of the columns that the flags name, before anything is asked for.
func checked[T any](l *look, kind *show.Kind[T]) func(*config.Settings) error {
	return func(values *config.Settings) error {
		options, err := l.options()
		if err != nil {
			return err
		}
		if options.Format, err = config.Format(values, show.Text, show.ParseFormat); err != nil {
			return err
		}
		return show.CheckColumns(kind, options)
	}
}

// sessionFilter are the flags that choose sessions of a list.
type sessionFilter struct {
	prefix         string
	status, sizes  []string
	wantedStatuses []arr.SessionStatus
	wantedSizes    []arr.SessionSize
}

func (f *sessionFilter) addFlags(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.prefix, "prefix", "", "only sessions whose id begins with `TEXT`")
	flags.StringSliceVar(&f.status, "status", nil,
		"only sessions in this `STATE`, such as Ready; may be repeated")
	flags.StringSliceVar(&f.sizes, "size", nil, "only sessions of this `SIZE`; may be repeated")
	var states, sizes []string
	for _, status := range arr.PossibleSessionStatusValues() {
		states = append(states, string(status))
	}
	for _, size := range arr.PossibleSessionSizeValues() {
		sizes = append(sizes, string(size))
	}
	_ = cmd.RegisterFlagCompletionFunc("status",
		cobra.FixedCompletions(states, cobra.ShellCompDirectiveNoFileComp))
	_ = cmd.RegisterFlagCompletionFunc("size",
		cobra.FixedCompletions(sizes, cobra.ShellCompDirectiveNoFileComp))
}

// read reads the words of the flags.
func (f *sessionFilter) read() error {
	f.wantedStatuses, f.wantedSizes = nil, nil
	for _, word := range f.status {
		status, err := parseStatus(word)
		if err != nil {
			return usagef("--status: %w", err)
		}
		f.wantedStatuses = append(f.wantedStatuses, status)
	}
	for _, word := range f.sizes {
		size, err := config.ParseSize(word)
		if err != nil {
			return usagef("--size: %w", err)
		}
		f.wantedSizes = append(f.wantedSizes, size)
	}
	return nil
}

// accepts reports whether the flags choose a session.
func (f *sessionFilter) accepts(s arr.Session) bool {
	return strings.HasPrefix(s.ID, f.prefix) &&
		(len(f.wantedStatuses) == 0 || slices.Contains(f.wantedStatuses, s.Status)) &&
		(len(f.wantedSizes) == 0 || slices.Contains(f.wantedSizes, s.Size))
}

// parseStatus reads a state of sessions, in any case.
func parseStatus(word string) (arr.SessionStatus, error) {
	var known []string
	for _, status := range arr.PossibleSessionStatusValues() {
		if strings.EqualFold(string(status), word) {
			return status, nil
		}
		known = append(known, string(status))
	}
	return "", fmt.Errorf("there is no state %q%s; give some of %s",
		word, spelling.DidYouMean(word, known), strings.Join(known, ", "))
}
