// SPDX-License-Identifier: MIT

package show

import (
	"bytes"
	"io"
	"strings"
)

// narrowest is the least room beside a name in which a long value is written.
const narrowest = 20

// details appends the lines of one result.
func (p *Printer) details(out *bytes.Buffer, details []Detail) {
	var names int
	for _, detail := range details {
		names = max(names, Width(clean(detail.Name)))
	}
	for _, detail := range details {
		name := pad(clean(detail.Name), names+gap)
		beside(out, name, names+gap, clean(detail.Value.Text), p.limit(), func(line string) string {
			if p.colours {
				return detail.Value.paint.on(line)
			}
			return line
		})
	}
}

// beside appends a value beside its name, which takes so many columns. What is too long for the
// terminal continues below itself. If there is hardly any room, or a word does not fit, the value
// stands below the name. A word that is too long even there stays whole, so that it can be copied.
func beside(out *bytes.Buffer, name string, columns int, value string, limit int, paint func(string) string) {
	room := limit - columns
	if limit > 0 && (longestWord(value) > room || room < narrowest && Width(value) > room) {
		if name = strings.TrimRight(name, " "); name != "" {
			out.WriteString(name + "\n")
		}
		columns = gap
		if longestWord(value) > limit-gap {
			columns = 0
		}
		name, room = strings.Repeat(" ", columns), limit-columns
	}
	for i, line := range wrap(value, room) {
		if i > 0 {
			name = strings.Repeat(" ", columns)
		}
		if line == "" {
			name = strings.TrimRight(name, " ")
		}
		out.WriteString(name + paint(line) + "\n")
	}
}

// longestWord returns the width of the longest word.
func longestWord(text string) int {
	longest := 0
	for word := range strings.FieldsSeq(text) {
		longest = max(longest, Width(word))
	}
	return longest
}

// TerminalWidth returns how many columns the terminal has that out leads to, 0 if it leads to none.
func TerminalWidth(out io.Writer) int {
	if !IsTerminal(out) {
		return 0
	}
	return columns(out)
}

// Reflow breaks lines of prose that are longer than limit between words; 0 is no limit. Lines that are
// not indented and follow each other are a paragraph. An indented line continues below its last part
// that has two spaces in front of it, if there is room. Words stay whole.
func Reflow(text string, limit int) string {
	if limit <= 0 {
		return text
	}
	var out strings.Builder
	paragraph := ""
	flush := func() {
		if paragraph != "" {
			out.WriteString(strings.Join(wrap(paragraph, limit), "\n") + "\n")
			paragraph = ""
		}
	}
	ended := strings.HasSuffix(text, "\n")
	for line := range strings.SplitSeq(strings.TrimSuffix(text, "\n"), "\n") {
		switch {
		case line != "" && line[0] != ' ' && !strings.Contains(line, "  "):
			paragraph = strings.TrimLeft(paragraph+" "+line, " ")
			if len(line) < shortLine {
				flush() // it ends before the margin, so it ends a paragraph
			}
		default:
			flush()
			out.WriteString(hang(line, limit) + "\n")
		}
	}
	flush()
	if !ended {
		return strings.TrimSuffix(out.String(), "\n")
	}
	return out.String()
}

// shortLine is the length below which a line of prose ends a paragraph or is a heading.
const shortLine = 70

// hang breaks one line.
func hang(line string, limit int) string {
	if Width(line) <= limit {
		return line
	}
	indent := len(line) - len(strings.TrimLeft(line, " "))
	name, value := "", strings.TrimLeft(line, " ")
	if gap := strings.LastIndex(value, "  "); gap >= 0 {
		name, value = value[:gap+2], value[gap+2:]
	}
	var out bytes.Buffer
	columns := indent + Width(name)
	beside(&out, strings.Repeat(" ", indent)+name, columns, value, limit, func(line string) string { return line })
	var lines []string
	for line := range strings.SplitSeq(strings.TrimSuffix(out.String(), "\n"), "\n") {
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}
