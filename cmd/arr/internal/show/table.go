// SPDX-License-Identifier: MIT

package show

import (
	"bytes"
	"strings"
)

// Cell is one field of a table.
type Cell struct {
	Text  string
	paint paint
}

// table is a table for people.
type table struct {
	columns []fit
	rows    [][]Cell
	// widest, if non-nil, holds the width that each column had before, by heading, so that columns
	// of a table that is drawn again and again do not jump.
	widest map[string]int
}

// fit says how a column is made to fit.
type fit struct {
	heading   Cell
	drop, min int
}

const (
	gap = 2 // between two columns
	// fullID is how wide a column is kept, in place of others, even if it could be shortened: a
	// generated id, which people copy, has this length.
	fullID = 36
)

// append appends the lines of the table, each at most limit wide; 0 is no limit. Columns that do not
// fit are left out, or shortened. Colours take no room.
func (t *table) append(out *bytes.Buffer, limit int, colours bool) {
	widths := fitted(t.columns, t.natural(), limit)
	headings := make([]Cell, len(t.columns))
	for i, column := range t.columns {
		headings[i] = column.heading
	}
	line(out, headings, widths, limit, colours)
	for _, row := range t.rows {
		line(out, row, widths, limit, colours)
	}
}

// natural returns the width of each column without a limit.
func (t *table) natural() []int {
	natural := make([]int, len(t.columns))
	for i, column := range t.columns {
		natural[i] = Width(column.heading.Text)
		for _, row := range t.rows {
			natural[i] = max(natural[i], Width(clean(row[i].Text)))
		}
		if t.widest != nil {
			natural[i] = max(natural[i], t.widest[column.heading.Text])
			t.widest[column.heading.Text] = natural[i]
		}
	}
	return natural
}

// fitted returns the width of each column in a table of limited width, 0 for one that is left out.
func fitted(columns []fit, natural []int, limit int) []int {
	widths := make([]int, len(natural))
	copy(widths, natural)
	if limit <= 0 {
		return widths
	}
	for i, column := range columns {
		if column.min > 0 {
			widths[i] = min(natural[i], max(fullID, column.min))
		}
	}
	for total(widths) > limit {
		last := -1
		for i, column := range columns {
			if widths[i] > 0 && column.drop > 0 && (last < 0 || column.drop >= columns[last].drop) {
				last = i
			}
		}
		if last < 0 {
			break
		}
		widths[last] = 0
	}
	// What is still too wide is shortened, from the right; what room is left goes to the columns that
	// were shortened, from the left.
	for i := len(columns) - 1; i >= 0; i-- {
		if over := total(widths) - limit; over > 0 && columns[i].min > 0 && widths[i] > 0 {
			widths[i] = max(min(columns[i].min, widths[i]), widths[i]-over)
		}
	}
	for i := range columns {
		if room := limit - total(widths); room > 0 && widths[i] > 0 {
			widths[i] = min(natural[i], widths[i]+room)
		}
	}
	return widths
}

func total(widths []int) int {
	sum := 0
	for _, w := range widths {
		if w > 0 {
			sum += w + gap
		}
	}
	return sum - gap
}

// line appends one row. On a terminal that is too narrow for all columns it is cut.
func line(text *bytes.Buffer, row []Cell, widths []int, limit int, colours bool) {
	used, pending := 0, 0
	for i, cell := range row {
		if widths[i] == 0 {
			continue
		}
		content := cut(clean(cell.Text), widths[i])
		if limit > 0 && used+pending+Width(content) > limit {
			content = cut(content, limit-used-pending)
		}
		if content != "" {
			text.WriteString(strings.Repeat(" ", pending))
			used, pending = used+pending, 0
			used += Width(content)
		}
		pending += widths[i] - Width(content) + gap
		if colours {
			content = cell.paint.on(content)
		}
		text.WriteString(content)
		if limit > 0 && used+pending >= limit {
			break
		}
	}
	text.WriteByte('\n')
}
