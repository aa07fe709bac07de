// SPDX-License-Identifier: MIT

package show

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func linesOf(drawn *table, limit int, colours bool) string {
	var out bytes.Buffer
	drawn.append(&out, limit, colours)
	return strings.TrimSuffix(out.String(), "\n")
}

func TestATableThatIsTooWideLosesColumnsThenShortensThem(t *testing.T) {
	long := strings.Repeat("i", 45)
	drawn := table{
		columns: []fit{
			{heading: Cell{Text: "ID"}, min: 8},
			{heading: Cell{Text: "STATE"}},
			{heading: Cell{Text: "SIZE"}, drop: 2},
			{heading: Cell{Text: "LEFT"}, drop: 1},
		},
		rows: [][]Cell{{{Text: long}, {Text: "Starting"}, {Text: "Standard"}, {Text: "30m"}}},
	}
	for _, c := range []struct {
		limit       int
		header, row string
	}{
		{0, "ID" + strings.Repeat(" ", 45) + "STATE     SIZE      LEFT", long + "  Starting  Standard  30m"},
		{71, "ID" + strings.Repeat(" ", 45) + "STATE     SIZE      LEFT", long + "  Starting  Standard  30m"},
		{62, "ID" + strings.Repeat(" ", 36) + "STATE     SIZE      LEFT", long[:35] + "…  Starting  Standard  30m"},
		{57, "ID" + strings.Repeat(" ", 41) + "STATE     LEFT", long[:40] + "…  Starting  30m"},
		{46, "ID" + strings.Repeat(" ", 36) + "STATE", long[:35] + "…  Starting"},
		{20, "ID" + strings.Repeat(" ", 10) + "STATE", long[:9] + "…  Starting"},
	} {
		lines := strings.Split(linesOf(&drawn, c.limit, false), "\n")
		assert.Equal(t, []string{c.header, c.row}, lines, "%d", c.limit)
		for _, line := range lines {
			assert.LessOrEqual(t, Width(line), max(c.limit, 71))
		}
	}
	for limit := 1; limit < 80; limit++ {
		for line := range strings.SplitSeq(linesOf(&drawn, limit, false), "\n") {
			assert.LessOrEqual(t, Width(line), limit)
		}
	}
}

func TestColumnsOfATableThatIsDrawnAgainDoNotShrink(t *testing.T) {
	widest := make(map[string]int)
	draw := func(text string) string {
		drawn := table{
			columns: []fit{{heading: Cell{Text: "A"}}, {heading: Cell{Text: "B"}}},
			rows:    [][]Cell{{{Text: text}, {Text: "b"}}},
			widest:  widest,
		}
		return strings.Split(linesOf(&drawn, 0, false), "\n")[1]
	}
	assert.Equal(t, "Starting  b", draw("Starting"))
	assert.Equal(t, "Ready     b", draw("Ready"))
}

func TestLinesBreakBetweenWords(t *testing.T) {
	assert.Equal(t, []string{"one two", "three"}, wrap("one two three", 9))
	assert.Equal(t, []string{"a", "word-of-twenty-letter", "b"}, wrap("a word-of-twenty-letter b", 9))
	assert.Equal(t, []string{"one two three"}, wrap("one two three", 0))
}

func TestWidthCountsColumnsOfTheTerminal(t *testing.T) {
	for text, want := range map[string]int{"abc": 3, "ü": 1, "u\u0308": 1, "日本": 4, "…": 1, "": 0} {
		assert.Equal(t, want, Width(text), "%q", text)
	}
	assert.Equal(t, "日…", cut("日本語", 4))
	assert.Equal(t, "ab  ", pad("ab", 4))
}
