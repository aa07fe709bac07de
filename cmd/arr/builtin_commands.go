// SPDX-License-Identifier: MIT

package main

import (
	"strings"

	"github.com/spf13/cobra"
)

// addBuiltins adds the commands that the library has: completion and help. By itself, the library
// answers an unknown word with a general text and exit code 0, which a script takes for success.
func addBuiltins(root *cobra.Command) {
	root.InitDefaultCompletionCmd()
	root.InitDefaultHelpCmd()
	for _, cmd := range root.Commands() {
		switch cmd.Name() {
		case "completion":
			cmd.Args = knownCommand
			cmd.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
			for _, shell := range cmd.Commands() {
				shell.Args = takesNothing
				if shell.Name() == "bash" {
					shell.Long = bashManual
					shell.RunE = func(cmd *cobra.Command, _ []string) error {
						return writeBashCompletion(cmd, cmd.OutOrStdout())
					}
				}
			}
		case "help":
			cmd.Run = nil
			cmd.RunE = func(_ *cobra.Command, args []string) error { return showHelp(root, args) }
		}
	}
}

func showHelp(root *cobra.Command, words []string) error {
	cmd, rest, err := root.Find(words)
	if err != nil || len(rest) > 0 {
		return usagef("there is no help on %q", strings.Join(words, " "))
	}
	cmd.InitDefaultHelpFlag()
	cmd.InitDefaultVersionFlag()
	return cmd.Help()
}
