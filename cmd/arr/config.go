// SPDX-License-Identifier: MIT

package main

import (
	"fmt"
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
			if _, err := values.Target(); err != nil && printer.Format == show.ForPeople {
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

func printSettings(printer *show.Printer, values *config.Settings) error {
	entries := append(values.Entries(), values.Defaults()...)
	rows := [][]show.Cell{printer.Heading("SETTING", "VALUE", "FROM")}
	for _, entry := range entries {
		if printer.Format == show.JSON {
			if err := printer.Object(settingEntry(entry)); err != nil {
				return err
			}
		}
		shown := entry.Value
		if entry.Secret {
			shown = "(set, not shown)"
		}
		rows = append(rows, show.Text(string(entry.Name), shown, entry.Source))
	}
	switch printer.Format {
	case show.ForPeople:
		return printer.Table(rows)
	case show.Quiet:
		for _, entry := range entries {
			if err := printer.Line(string(entry.Name)); err != nil {
				return err
			}
		}
	}
	return nil
}
