// SPDX-License-Identifier: MIT

package show

import (
	"fmt"
	"strings"
)

// Format says how results are written.
type Format string

// The formats.
const (
	Text   Format = "text"
	Wide   Format = "wide" // as Text, with all columns
	JSON   Format = "json" // one object per line
	YAML   Format = "yaml" // one document per result
	CSV    Format = "csv"
	Name   Format = "name" // ids and nothing else
	custom Format = "template"
)

// Formats returns the words that [ParseFormat] accepts.
func Formats() []string {
	return []string{string(Text), string(Wide), string(JSON), string(YAML), string(CSV), string(Name)}
}

// ParseFormat reads the name of a format.
func ParseFormat(text string) (Format, error) {
	for _, name := range Formats() {
		if text == name {
			return Format(name), nil
		}
	}
	return "", fmt.Errorf("give one of %s", strings.Join(Formats(), ", "))
}

// Color says whether text has colours.
type Color string

// The choices. ColorAuto means colours on a terminal, unless NO_COLOR is set or TERM is dumb.
const (
	ColorAuto   Color = "auto"
	ColorAlways Color = "always"
	ColorNever  Color = "never"
)

// Options say how results are written. The zero value means text, with colours on a terminal.
type Options struct {
	Format Format
	// Template, if non-nil, replaces Format.
	Template *Template
	Color    Color
	// Columns are the columns of lists, in this order. None means those of the format. Sort are the
	// columns by which lists are sorted; one with a minus in front counts backwards. Both must have
	// passed [CheckColumns].
	Columns, Sort []string
}
