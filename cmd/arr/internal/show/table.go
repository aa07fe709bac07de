// SPDX-License-Identifier: MIT

package show

import (
	"strings"
	"unicode/utf8"
)

// Cell is one field of a table.
type Cell struct {
	Text  string
	paint paint
}

// Text makes cells without colour.
func Text(texts ...string) []Cell {
	cells := make([]Cell, len(texts))
	for i, text := range texts {
		cells[i] = Cell{Text: text}
	}
	return cells
}

// layOut returns the lines of a table. Widths are those of the texts: colours take no room.
func layOut(rows [][]Cell, colours bool) string {
	var widths []int
	for _, row := range rows {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], utf8.RuneCountInString(clean(cell.Text)))
		}
	}
	var text strings.Builder
	for _, row := range rows {
		for i, cell := range row {
			content := clean(cell.Text)
			padding := widths[i] - utf8.RuneCountInString(content) + 2
			if colours {
				content = cell.paint.on(content)
			}
			text.WriteString(content)
			if i < len(row)-1 {
				text.WriteString(strings.Repeat(" ", padding))
			}
		}
		text.WriteString("\n")
	}
	return text.String()
}
