// SPDX-License-Identifier: MIT

package main

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/arr-go/azremoterendering/cmd/arr/internal/failure"
)

// argument is what a command takes after its flags: one word, or several of a kind.
type argument struct {
	name        string             // as in the usage of the command
	what        string             // such as "the id of a session"
	check       func(string) error // nil if all words will do
	least, most int                // how many words; most is -1 for any number
	secret      bool               // a word may be a secret in the wrong place, so no error quotes it
}

// takes makes the check for the words that a command takes. Whatever the command, a word that is
// missing or one too many gets the same kind of error: what is missing, and an example.
func takes(wanted argument) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch most := wanted.most; {
		case len(args) < wanted.least:
			return &failure.Advised{
				Err:    usagef("%s is missing: %s needs %s", wanted.name, cmd.CommandPath(), wanted.what),
				Advice: "For example: " + exampleOf(cmd),
			}
		case most >= 0 && len(args) > most && wanted.secret:
			return usagef("an argument is too many: %s takes %s", cmd.CommandPath(), wanted.what)
		case most >= 0 && len(args) > most:
			return usagef("%q is one too many: %s takes %s", args[most], cmd.CommandPath(), wanted.what)
		}
		for _, word := range args {
			if wanted.check == nil {
				break
			}
			if err := wanted.check(word); err != nil {
				return err
			}
		}
		return nil
	}
}

// exampleOf returns the first example in the help of a command, without what is said about it.
func exampleOf(cmd *cobra.Command) string {
	line, _, _ := strings.Cut(strings.TrimSpace(cmd.Example), "\n")
	line, _, _ = strings.Cut(line, "   ")
	return line
}

// takesNothing is the check of a command without arguments.
func takesNothing(cmd *cobra.Command, args []string) error {
	return takes(argument{what: "no arguments"})(cmd, args)
}
