// SPDX-License-Identifier: MIT

package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
)

func newGenCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "gen",
		Short: "Generate files for an installation",
		Args:  knownCommand,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newGenManCommand())
	return cmd
}

func newGenManCommand() *cobra.Command {
	var folder string
	cmd := &cobra.Command{
		Use:   "man",
		Short: "Generate manual pages for man",
		Long: `Write a manual page for each command and each help topic: commands into the folder man1, topics into
man7. Pages that exist are replaced. The folder can be one in which man looks, or be named with man -M.`,
		Example: `  arr gen man --dir ~/.local/share/man
  man arr-session-create`,
		Args:              takesNothing,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			pages := manPages(cmd.Root(), version())
			for _, page := range pages {
				path := filepath.Join(folder, page.path)
				if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil { //nolint:gosec // for all users
					return fmt.Errorf("cannot write the manual pages: %w", err)
				}
				if err := os.WriteFile(path, []byte(page.text), 0o644); err != nil { //nolint:gosec // for all users
					return fmt.Errorf("cannot write the manual pages: %w", err)
				}
			}
			fmt.Fprintf(cmd.ErrOrStderr(), "Wrote %d manual pages to %s.\n", len(pages), folder)
			return nil
		},
	}
	cmd.Flags().StringVar(&folder, "dir", "man", "`FOLDER` to write to")
	_ = cmd.MarkFlagDirname("dir") // the flag exists
	return cmd
}
