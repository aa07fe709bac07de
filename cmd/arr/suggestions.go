// SPDX-License-Identifier: MIT

package main

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/arr-go/azremoterendering/cmd/arr/internal/spelling"
)

// mostSuggestions is how many commands an error names.
const mostSuggestions = 4

// knownCommand refuses an argument that was meant to be a command, and suggests what was meant.
func knownCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	similar := suggestions(cmd, args)
	if len(similar) == 0 || len(similar) > mostSuggestions {
		return fmt.Errorf("there is no command %q", args[0])
	}
	return fmt.Errorf("there is no command %q; did you mean %s?", args[0], quotedList(similar))
}

func quotedList(words []string) string { return `"` + strings.Join(words, `" or "`) + `"` }

// suggestions returns what the words after cmd were probably meant to be: a command of cmd that is
// meant by the first word, or else a command anywhere that has that name, such as "arr session
// list" for "arr list", or else a command of cmd that is spelled like it. A second word that names a
// group chooses among several, as in "arr list conversions".
func suggestions(cmd *cobra.Command, args []string) []string {
	if meant := meantBy(cmd, args[0]); len(meant) > 0 {
		return meant
	}
	var paths, chosen []string
	for _, found := range named(cmd.Root(), args[0]) {
		path := found.CommandPath()
		paths = append(paths, path)
		parent := found.Parent()
		if len(args) > 1 && parent != nil && (parent.Name() == args[1] || parent.HasAlias(args[1]) ||
			parent.Name()+"s" == args[1]) {
			chosen = append(chosen, path)
		}
	}
	if len(chosen) == 0 {
		chosen = paths
	}
	if len(chosen) == 0 {
		return spelledLike(cmd, args[0])
	}
	slices.SortStableFunc(chosen, func(a, b string) int {
		return cmp.Compare(sessionsFirst(a), sessionsFirst(b))
	})
	return chosen
}

// sessionsFirst ranks commands of sessions before others, since they are what is mostly meant.
func sessionsFirst(path string) int {
	if strings.HasPrefix(path, "arr session ") {
		return 0
	}
	return 1
}

// meantBy returns the commands of cmd that a word stands for: those that say so, or else those that
// it begins.
func meantBy(cmd *cobra.Command, word string) []string {
	var exact, begun []string
	for _, child := range cmd.Commands() {
		if !child.IsAvailableCommand() {
			continue
		}
		if slices.ContainsFunc(child.SuggestFor, func(s string) bool { return strings.EqualFold(s, word) }) {
			exact = append(exact, child.Name())
		}
		if word != "" && strings.HasPrefix(child.Name(), strings.ToLower(word)) {
			begun = append(begun, child.Name())
		}
	}
	if len(exact) > 0 {
		return exact
	}
	return begun
}

// spelledLike returns the commands of cmd that a word resembles.
func spelledLike(cmd *cobra.Command, word string) []string {
	var names, near []string
	nameOf := make(map[string]string)
	for _, child := range cmd.Commands() {
		if !child.IsAvailableCommand() {
			continue
		}
		for _, name := range slices.Concat([]string{child.Name()}, child.Aliases, child.SuggestFor) {
			names = append(names, name)
			nameOf[name] = child.Name()
		}
	}
	for _, name := range spelling.Near(word, names) {
		if !slices.Contains(near, nameOf[name]) {
			near = append(near, nameOf[name])
		}
	}
	return near
}

// named returns the commands below cmd that have a name, or that say that they are meant by it.
func named(cmd *cobra.Command, word string) []*cobra.Command {
	var found []*cobra.Command
	for _, child := range cmd.Commands() {
		if !child.IsAvailableCommand() {
			continue
		}
		if strings.EqualFold(child.Name(), word) || child.HasAlias(word) ||
			slices.ContainsFunc(child.SuggestFor, func(s string) bool { return strings.EqualFold(s, word) }) {
			found = append(found, child)
		}
		found = append(found, named(child, word)...)
	}
	return found
}

// knownFlag adds to the error for an unknown flag the one that was probably meant.
func knownFlag(cmd *cobra.Command, err error) error {
	unknown, ok := errors.AsType[*pflag.NotExistError](err)
	if !ok || len(unknown.GetSpecifiedName()) < 2 {
		return err
	}
	var names []string
	cmd.Flags().VisitAll(func(flag *pflag.Flag) {
		if !flag.Hidden {
			names = append(names, flag.Name)
		}
	})
	near := spelling.Near(unknown.GetSpecifiedName(), names)
	if len(near) == 0 || len(near) > mostSuggestions {
		return err
	}
	return fmt.Errorf("%w; did you mean %s?", err, "--"+strings.Join(near, " or --"))
}
