// SPDX-License-Identifier: MIT

package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/arr-go/azremoterendering/cmd/arr/internal/show"
)

// helpWidth is where the descriptions of flags are wrapped.
const helpWidth = 110

// The groups of flags that many commands have. The help shows them after the flags of the command
// itself, in this order.
const (
	serviceGroup  = "Service flags"
	signInGroup   = "Sign-in flags"
	settingsGroup = "Settings flags"
	outputGroup   = "Output flags"
)

func flagGroups() []string {
	return []string{serviceGroup, signInGroup, settingsGroup, outputGroup}
}

// groupAnnotation is the annotation of a flag that names its group.
const groupAnnotation = "arr_flag_group"

// grouped puts the flags that add adds into a group of the help.
func grouped(flags *pflag.FlagSet, group string, add func()) {
	known := make(map[string]bool)
	flags.VisitAll(func(flag *pflag.Flag) { known[flag.Name] = true })
	add()
	flags.VisitAll(func(flag *pflag.Flag) {
		if !known[flag.Name] {
			_ = flags.SetAnnotation(flag.Name, groupAnnotation, []string{group}) // the flag exists
		}
	})
}

// flagsByGroup returns the flags of a command in the order in which they were added: its own under
// "", and the others under their groups.
func flagsByGroup(cmd *cobra.Command) map[string]*pflag.FlagSet {
	groups := make(map[string]*pflag.FlagSet)
	seen := make(map[string]bool)
	add := func(flag *pflag.Flag) {
		if seen[flag.Name] || flag.Hidden {
			return
		}
		seen[flag.Name] = true
		group := ""
		if names := flag.Annotations[groupAnnotation]; len(names) > 0 {
			group = names[0]
		}
		if groups[group] == nil {
			groups[group] = pflag.NewFlagSet(group, pflag.ContinueOnError)
			groups[group].SortFlags = false
		}
		groups[group].AddFlag(flag)
	}
	cmd.InitDefaultHelpFlag()
	cmd.InitDefaultVersionFlag()
	cmd.LocalFlags() // collects those of cmd alone, in their order
	cmd.Flags().VisitAll(func(flag *pflag.Flag) {
		if flag.Name != "help" && !isInherited(cmd, flag) {
			add(flag)
		}
	})
	cmd.PersistentFlags().VisitAll(add)
	cmd.VisitParents(func(parent *cobra.Command) { parent.PersistentFlags().VisitAll(add) })
	cmd.Flags().VisitAll(add)
	return groups
}

func isInherited(cmd *cobra.Command, flag *pflag.Flag) bool {
	inherited := false
	cmd.VisitParents(func(parent *cobra.Command) {
		inherited = inherited || parent.PersistentFlags().Lookup(flag.Name) == flag
	})
	return inherited
}

// printUsage writes what the help of a command says after its description.
func printUsage(cmd *cobra.Command) error {
	_, err := io.WriteString(cmd.OutOrStderr(), usageText(cmd, helpWidth))
	return err
}

// printHelp writes the help of a command. Its lines fit the terminal.
func printHelp(cmd *cobra.Command, _ []string) {
	out := cmd.OutOrStdout()
	limit := show.TerminalWidth(out)
	help := strings.TrimRight(cmp.Or(cmd.Long, cmd.Short), " \n") + "\n"
	if cmd.Runnable() || cmd.HasSubCommands() {
		width := helpWidth
		if limit > 0 {
			width = min(width, limit)
		}
		help += "\n" + usageText(cmd, width)
	}
	_, _ = io.WriteString(out, show.Reflow(help, limit)) // a pipe that nobody reads has no help
}

// usageText returns the usage, with flags that are wrapped at a width.
func usageText(cmd *cobra.Command, width int) string {
	var text strings.Builder
	text.WriteString("Usage:\n")
	if cmd.Runnable() {
		text.WriteString("  " + cmd.UseLine() + "\n")
	}
	if cmd.HasAvailableSubCommands() {
		text.WriteString("  " + cmd.CommandPath() + " [command]\n")
	}
	if len(cmd.Aliases) > 0 {
		text.WriteString("\nAliases:\n  " + cmd.NameAndAliases() + "\n")
	}
	if cmd.HasExample() {
		text.WriteString("\nExamples:\n" + cmd.Example + "\n")
	}
	writeCommands(&text, cmd)
	flags := flagsByGroup(cmd)
	writeFlags(&text, "Flags", flags[""], width)
	for _, group := range flagGroups() {
		writeFlags(&text, group, flags[group], width)
	}
	writeTopics(&text, cmd)
	if cmd.HasAvailableSubCommands() {
		text.WriteString("\nUse \"" + cmd.CommandPath() + " [command] --help\" for more about a command.\n")
	}
	return text.String()
}

func writeFlags(text *strings.Builder, title string, flags *pflag.FlagSet, width int) {
	if flags != nil {
		text.WriteString("\n" + title + ":\n" + flags.FlagUsagesWrapped(width))
	}
}

// writeCommands lists the commands of cmd by group, and those without a group at the end.
func writeCommands(text *strings.Builder, cmd *cobra.Command) {
	list := func(title, id string) {
		listed := slices.DeleteFunc(slices.Clone(cmd.Commands()), func(child *cobra.Command) bool {
			return !child.IsAvailableCommand() && child.Name() != "help" || child.GroupID != id
		})
		if len(listed) > 0 {
			text.WriteString("\n" + title + "\n")
		}
		for _, child := range listed {
			fmt.Fprintf(text, "  %-*s %s\n", child.NamePadding(), child.Name(), child.Short)
		}
	}
	for _, group := range cmd.Groups() {
		list(group.Title, group.ID)
	}
	if len(cmd.Groups()) > 0 {
		list("Other commands:", "")
	} else {
		list("Commands:", "")
	}
}

func writeTopics(text *strings.Builder, cmd *cobra.Command) {
	if !cmd.HasHelpSubCommands() {
		return
	}
	const width = len("arr help configuration")
	text.WriteString("\nTopics:\n")
	for _, topic := range cmd.Commands() {
		if topic.IsAdditionalHelpTopicCommand() {
			fmt.Fprintf(text, "  %-*s  %s\n", width, cmd.Name()+" help "+topic.Name(), topic.Short)
		}
	}
}
