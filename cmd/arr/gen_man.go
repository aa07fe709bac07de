// SPDX-License-Identifier: MIT

package main

import (
	"cmp"
	"fmt"
	"regexp"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// manPage is a page in the language of man(7).
type manPage struct {
	path string // such as man1/arr-session-list.1
	text string
}

// manPages makes the pages of a command and of all below it.
func manPages(cmd *cobra.Command, version string) []manPage {
	if cmd.Hidden || cmd.Name() == "help" {
		return nil
	}
	section := manSection(cmd)
	pages := []manPage{{
		path: fmt.Sprintf("man%s/%s.%s", section, manName(cmd), section),
		text: manText(cmd, version),
	}}
	for _, child := range cmd.Commands() {
		pages = append(pages, manPages(child, version)...)
	}
	return pages
}

func manName(cmd *cobra.Command) string { return strings.ReplaceAll(cmd.CommandPath(), " ", "-") }

// manSection is 1 for commands, and 7 for topics.
func manSection(cmd *cobra.Command) string {
	if cmd.IsAdditionalHelpTopicCommand() {
		return "7"
	}
	return "1"
}

// manText returns the page of one command. It has no date, so that a build can be repeated.
func manText(cmd *cobra.Command, version string) string {
	var page strings.Builder
	fmt.Fprintf(&page, ".TH \"%s\" \"%s\" \"\" \"arr %s\" \"Azure Remote Rendering\"\n",
		roff(strings.ToUpper(manName(cmd))), manSection(cmd), roff(version))
	fmt.Fprintf(&page, ".SH NAME\n%s \\- %s\n", roff(manName(cmd)), roff(cmd.Short))
	if !cmd.IsAdditionalHelpTopicCommand() {
		page.WriteString(".SH SYNOPSIS\n")
		if cmd.Runnable() {
			page.WriteString("\\fB" + roff(cmd.UseLine()) + "\\fR\n")
		}
		if cmd.HasAvailableSubCommands() {
			page.WriteString(".br\n\\fB" + roff(cmd.CommandPath()) + "\\fR [command]\n")
		}
	}
	page.WriteString(".SH DESCRIPTION\n" + roffParagraphs(cmp.Or(cmd.Long, cmd.Short)))
	if len(cmd.Aliases) > 0 {
		page.WriteString(".PP\nAliases: " + roff(strings.Join(cmd.Aliases, ", ")) + "\n")
	}
	if cmd.HasAvailableSubCommands() {
		page.WriteString(".SH COMMANDS\n")
		for _, child := range cmd.Commands() {
			if child.IsAvailableCommand() {
				page.WriteString(".TP\n" + manLink(child) + "\n" + roff(child.Short) + "\n")
			}
		}
	}
	if !cmd.IsAdditionalHelpTopicCommand() {
		flags := flagsByGroup(cmd)
		manFlags(&page, "FLAGS", flags[""])
		for _, group := range flagGroups() {
			manFlags(&page, strings.ToUpper(group), flags[group])
		}
	}
	if cmd.HasExample() {
		page.WriteString(".SH EXAMPLES\n" + roffParagraphs(cmd.Example))
	}
	page.WriteString(manSeeAlso(cmd))
	return page.String()
}

// flagLine is a line of pflag: a flag with the name of its value, three spaces or more, what it does.
var flagLine = regexp.MustCompile(`^\s*(\S.*?)(?:\s{3,}(\S.*))?$`)

func manFlags(page *strings.Builder, title string, flags *pflag.FlagSet) {
	if flags == nil {
		return
	}
	page.WriteString(".SH " + roff(title) + "\n")
	for line := range strings.Lines(flags.FlagUsages()) {
		parts := flagLine.FindStringSubmatch(strings.TrimRight(line, "\n"))
		if parts == nil {
			continue
		}
		names, value := parts[1], ""
		if i := strings.LastIndex(names, "-"); i >= 0 {
			if space := strings.Index(names[i:], " "); space >= 0 {
				names, value = names[:i+space], names[i+space:]
			}
		}
		page.WriteString(".TP\n\\fB" + roff(names) + "\\fR")
		if value != "" {
			page.WriteString("\\fI" + roff(value) + "\\fR")
		}
		page.WriteString("\n" + roff(parts[2]) + "\n")
	}
}

func manSeeAlso(cmd *cobra.Command) string {
	var links []string
	if cmd.HasParent() {
		links = append(links, manLink(cmd.Parent()))
	}
	for _, topic := range cmd.Root().Commands() {
		if topic.IsAdditionalHelpTopicCommand() && topic != cmd {
			links = append(links, manLink(topic))
		}
	}
	if len(links) == 0 {
		return ""
	}
	return ".SH SEE ALSO\n" + strings.Join(links, ",\n") + "\n"
}

func manLink(cmd *cobra.Command) string {
	return "\\fB" + roff(manName(cmd)) + "\\fR(" + manSection(cmd) + ")"
}

// roffParagraphs returns paragraphs. Lines that are indented stand as they are.
func roffParagraphs(text string) string {
	var b strings.Builder
	asIs := false
	blank := 0
	for line := range strings.Lines(strings.Trim(text, "\n") + "\n") {
		line = strings.ReplaceAll(strings.TrimRight(line, " \n"), "\t", "  ")
		if line == "" {
			blank++
			continue
		}
		indented := strings.HasPrefix(line, "  ")
		first := b.Len() == 0
		switch {
		case asIs && indented:
			b.WriteString(strings.Repeat("\\&\n", blank))
		case asIs:
			b.WriteString(".fi\n.PP\n")
		case !first && (indented || blank > 0):
			b.WriteString(".PP\n")
		}
		if indented && !asIs {
			b.WriteString(".nf\n")
		}
		asIs, blank = indented, 0
		b.WriteString(roff(line) + "\n")
	}
	if asIs {
		b.WriteString(".fi\n")
	}
	return b.String()
}

// roff escapes what has a meaning in a page: a period at the start of a line, and the ASCII
// characters that troff would turn into typographic ones.
func roff(text string) string {
	var b strings.Builder
	for i, r := range text {
		switch {
		case r == '.' && i == 0:
			b.WriteString("\\&.")
		case r == '\\':
			b.WriteString("\\e")
		case r == '-':
			b.WriteString("\\-")
		case r == '\'':
			b.WriteString("\\(aq")
		case r == '`':
			b.WriteString("\\(ga")
		case r == '^':
			b.WriteString("\\(ha")
		case r == '~':
			b.WriteString("\\(ti")
		case r == '"':
			b.WriteString("\\(dq")
		case r > '~':
			fmt.Fprintf(&b, "\\[u%04X]", r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}
