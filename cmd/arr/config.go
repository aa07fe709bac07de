// SPDX-License-Identifier: MIT

package main

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/arr-go/azremoterendering/cmd/arr/internal/config"
	"github.com/arr-go/azremoterendering/cmd/arr/internal/show"
)

// settingEntry is a setting as JSON. A secret has no value.
type settingEntry struct {
	Name   config.Name `json:"name"`
	Value  string      `json:"value,omitempty"`
	Secret bool        `json:"secret"`
	Source string      `json:"source"`
}

func newConfigCommand() *cobra.Command {
	s := newServiceFlags()
	cmd := &cobra.Command{
		Use:   "config",
		Short: "Show and change settings, and choose a profile",
		Long: `Show the settings that commands would use, and where each one comes from. Keys and tokens are never
shown, only that they are set.

The command takes the flags of other commands and sends no request. See "arr help configuration" for
where settings come from.`,
		Args: knownCommand,
		RunE: func(cmd *cobra.Command, _ []string) error {
			values, err := s.load()
			if err != nil {
				return err
			}
			printer, err := s.printer(cmd, values)
			if err != nil {
				return err
			}
			s.warnOfExposed(cmd, values)
			if err := printSettings(printer, values); err != nil {
				return err
			}
			if path, ignored := values.Ignored(); len(ignored) > 0 && !s.quiet {
				fmt.Fprintf(
					cmd.ErrOrStderr(),
					"Not used in %s: %s\n",
					path,
					strings.Join(ignored, ", "),
				)
			}
			if _, err := values.Target(); err != nil && printer.ForPeople() {
				fmt.Fprintf(cmd.ErrOrStderr(), "Commands would fail with these settings: %v\n", err)
			}
			return nil
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	s.addServiceFlags(flags)
	s.addText(flags, config.Size, "`SIZE` of new sessions")
	s.addText(flags, config.Lease, "`TIME` of the lease of new sessions")
	s.addStorageFlags(flags)
	s.addFileFlags(flags)
	s.addOutputFlags(flags)
	for _, name := range []string{"emulator", "timeout", logLevelFlag} {
		_ = flags.MarkHidden(name) // they are no settings, and do nothing here
	}
	completeWords(cmd, words())
	cmd.AddCommand(
		newConfigGetCommand(),
		newConfigSetCommand(),
		newConfigUnsetCommand(),
		newConfigListCommand(),
		newConfigUseCommand(),
		newConfigDeleteCommand(),
	)
	return cmd
}

func settingKind() *show.Kind[settingEntry] {
	type row = settingEntry
	value := show.TextColumn("value", "value", func(e row) string { return e.Value })
	value.Cell = func(e row) show.Cell {
		if e.Secret {
			return show.Cell{Text: "(set, not shown)"}
		}
		return show.Cell{Text: e.Value}
	}
	return &show.Kind[row]{
		Plural: "settings",
		Name:   func(e row) string { return string(e.Name) },
		Object: func(e row) any { return e },
		Columns: []show.Column[row]{
			show.TextColumn("setting", "name", func(e row) string { return string(e.Name) }),
			value.Shortened(16),
			show.TextColumn("secret", "secret", func(e row) string { return strconv.FormatBool(e.Secret) }).
				Wider(),
			show.TextColumn("from", "source", func(e row) string { return e.Source }).Dropped(1).Shortened(8),
		},
	}
}

func printSettings(printer *show.Printer, values *config.Settings) error {
	var entries []settingEntry
	for _, entry := range append(values.Entries(), values.Defaults()...) {
		entries = append(entries, settingEntry(entry))
	}
	return show.WriteList(printer, settingKind(), entries)
}
