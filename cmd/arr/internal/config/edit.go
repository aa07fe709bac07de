// SPDX-License-Identifier: MIT

package config

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"
)

// document is a config file as text, with the places of its keys, so that a change of one leaves
// everything else as it is: comments, order, spaces.
type document struct {
	text    []byte
	newline string
	tables  []tablePlace // the first is the top of the file
	keys    []keyPlace
}

// tablePlace is where a table stands. header begins with its line, and end is behind the line of its
// last key, or of its header if it has none.
type tablePlace struct {
	path        []string
	header, end int
}

// keyPlace is where a key stands: its line or lines, and its value within them.
type keyPlace struct {
	path                 []string
	start, end           int
	valueStart, valueEnd int
	table                int
	inline               bool // the value is an inline table or an array
}

// errInlineTable means that a profile is written in a way that is not edited.
var errInlineTable = errors.New("the profile is written as an inline table: edit the file by hand")

// parseDocument finds the places of all keys. The text is valid.
func parseDocument(text []byte) (*document, error) {
	d := &document{text: text, newline: "\n", tables: []tablePlace{{}}}
	if bytes.Contains(text, []byte("\r\n")) {
		d.newline = "\r\n"
	}
	var parser unstable.Parser
	parser.Reset(text)
	for parser.NextExpression() {
		expression := parser.Expression()
		var path []string
		var first unstable.Range
		for keys := expression.Key(); keys.Next(); {
			if path == nil {
				first = keys.Node().Raw
			}
			path = append(path, string(keys.Node().Data))
		}
		start := d.lineStart(int(first.Offset))
		switch expression.Kind {
		case unstable.Table:
			d.tables = append(d.tables, tablePlace{path, start, d.lineEnd(int(first.Offset))})
		case unstable.KeyValue:
			value := expression.Value()
			key := keyPlace{
				path: slices.Concat(d.tables[len(d.tables)-1].path, path), start: start,
				table: len(d.tables) - 1, inline: value.Kind == unstable.InlineTable || value.Kind == unstable.Array,
			}
			whole := expression.Raw
			key.end = d.lineEnd(int(whole.Offset + whole.Length))
			key.valueStart = int(value.Raw.Offset)
			key.valueEnd = int(value.Raw.Offset + value.Raw.Length)
			d.keys = append(d.keys, key)
			d.tables[len(d.tables)-1].end = key.end
		default:
		}
	}
	return d, parser.Error()
}

func (d *document) lineStart(at int) int { return bytes.LastIndexByte(d.text[:at], '\n') + 1 }

func (d *document) lineEnd(at int) int {
	if i := bytes.IndexByte(d.text[at:], '\n'); i >= 0 {
		return at + i + 1
	}
	return len(d.text)
}

// replace returns the text with other text in place of a part.
func (d *document) replace(start, end int, with string) []byte {
	return slices.Concat(d.text[:start], []byte(with), d.text[end:])
}

// insert returns the text with a line at a place, which is the beginning of a line or the end.
func (d *document) insert(at int, line string) []byte {
	before := ""
	if at > 0 && d.text[at-1] != '\n' {
		before = d.newline
	}
	return d.replace(at, at, before+line+d.newline)
}

// set returns the text with a value for a key.
func (d *document) set(path []string, value string) ([]byte, error) {
	for _, key := range d.keys {
		if slices.Equal(key.path, path) && !key.inline {
			return d.replace(key.valueStart, key.valueEnd, value), nil
		}
		if key.inline && len(key.path) < len(path) && slices.Equal(key.path, path[:len(key.path)]) {
			return nil, errInlineTable
		}
	}
	table := d.deepest(path)
	if len(path) > 1 && len(d.tables[table].path) < 2 {
		if at, prefix := d.dotted(path); at >= 0 { // profiles.work.size = …
			return d.insert(at, dottedKey(path[prefix:])+" = "+value), nil
		}
		header := "[" + dottedKey(path[:2]) + "]"
		if len(d.text) > 0 {
			header = d.newline + header
		}
		return d.insert(len(d.text), header+d.newline+dottedKey(path[2:])+" = "+value), nil
	}
	place := d.tables[table]
	line := dottedKey(path[len(place.path):]) + " = " + value
	if table == 0 && place.end == 0 {
		at := d.top()
		if at < len(d.text) && d.text[at] == '[' {
			line += d.newline // an empty line before the table
		}
		return d.insert(at, line), nil
	}
	return d.insert(place.end, line), nil
}

// deepest returns the table with the longest path that a key can stand in.
func (d *document) deepest(path []string) int {
	found := 0
	for i, table := range d.tables {
		if len(table.path) < len(path) && slices.Equal(table.path, path[:len(table.path)]) &&
			len(table.path) > len(d.tables[found].path) {
			found = i
		}
	}
	return found
}

// dotted returns the end of the last key of the same profile that is written with dots, and how much
// of the path its table has; -1 if there is none.
func (d *document) dotted(path []string) (at, prefix int) {
	at = -1
	for _, key := range d.keys {
		if len(key.path) > 2 && slices.Equal(key.path[:2], path[:2]) {
			at, prefix = key.end, len(d.tables[key.table].path)
		}
	}
	return at, prefix
}

// top returns where the first key of the file goes: behind a comment that stands apart at the top.
func (d *document) top() int {
	at := 0
	for at < len(d.text) && d.text[at] == '#' {
		at = d.lineEnd(at)
	}
	if at < len(d.text) && len(bytes.TrimSpace(d.text[at:d.lineEnd(at)])) == 0 {
		return d.lineEnd(at)
	}
	return 0
}

// unset returns the text without a key.
func (d *document) unset(path []string) ([]byte, error) {
	for _, key := range d.keys {
		if slices.Equal(key.path, path) && !key.inline {
			return d.replace(key.start, key.end, ""), nil
		}
		if key.inline && len(key.path) < len(path) && slices.Equal(key.path, path[:len(key.path)]) {
			return nil, errInlineTable
		}
	}
	return d.text, nil
}

// removeTree returns the text without a table, those within it, their keys, and the comment right
// above each.
func (d *document) removeTree(path []string) []byte {
	within := func(other []string) bool {
		return len(other) >= len(path) && slices.Equal(other[:len(path)], path)
	}
	type span struct{ start, end int }
	var spans []span
	for i, table := range d.tables {
		if i == 0 || !within(table.path) {
			continue
		}
		end := len(d.text)
		if i+1 < len(d.tables) {
			end = d.commentAbove(d.tables[i+1].header)
		}
		spans = append(spans, span{d.commentAbove(table.header), end})
	}
	for _, key := range d.keys {
		if within(key.path) && !within(d.tables[key.table].path) {
			spans = append(spans, span{key.start, key.end})
		}
	}
	slices.SortFunc(spans, func(a, b span) int { return b.start - a.start })
	text := d.text
	for _, s := range spans {
		text = slices.Concat(text[:s.start], text[s.end:])
	}
	return text
}

// commentAbove returns where the comment begins that stands right above a line, or the line itself.
func (d *document) commentAbove(start int) int {
	for start > 0 {
		above := d.lineStart(start - 1)
		if !bytes.HasPrefix(bytes.TrimSpace(d.text[above:start]), []byte("#")) {
			break
		}
		start = above
	}
	return start
}

// dottedKey writes a path as a key of TOML.
func dottedKey(path []string) string {
	parts := slices.Clone(path)
	for i, part := range parts {
		if part == "" || strings.Trim(part, bareKey) != "" {
			parts[i] = tomlValue(part)
		}
	}
	return strings.Join(parts, ".")
}

// tomlValue writes text as a value of TOML.
func tomlValue(text string) string {
	special := func(r rune) bool { return r < ' ' || r > '~' || r == '"' || r == '\\' }
	if !strings.ContainsFunc(text, special) {
		return `"` + text + `"`
	}
	line, err := toml.Marshal(map[string]string{"v": text})
	if err != nil { // text is no UTF-8
		line = fmt.Appendf(nil, "v = %q", strings.ToValidUTF8(text, "\ufffd"))
	}
	_, value, _ := strings.Cut(strings.TrimRight(string(line), "\n"), " = ")
	return value
}

// sameBut reports whether two files differ in one profile and the default profile alone.
func sameBut(before, after *file, profile string) bool {
	rest := func(f *file) map[string]map[Name]string {
		others := maps.Clone(f.profiles)
		delete(others, profile)
		return others
	}
	return maps.EqualFunc(rest(before), rest(after), maps.Equal)
}
