// SPDX-License-Identifier: MIT

package show

import (
	"bytes"
	"encoding/csv"
	"strings"
)

// appendCSV appends records as RFC 4180 has them, with a header before the first. The printer is
// locked.
func appendCSV[T any](p *Printer, out *bytes.Buffer, kind *Kind[T], items []T) error {
	writer := csv.NewWriter(out)
	writer.UseCRLF = true
	var fields []Field[T]
	for _, column := range kind.chosen(p.options) {
		fields = append(fields, column.fields()...)
	}
	record := make([]string, len(fields))
	if !p.shown {
		for i, field := range fields {
			record[i] = field.Name
		}
		_ = writer.Write(record) // to memory
	}
	p.shown = true
	for _, item := range items {
		for i, field := range fields {
			record[i] = inert(clean(field.Value(item)))
		}
		_ = writer.Write(record)
	}
	writer.Flush()
	return writer.Error()
}

// inert keeps a spreadsheet from taking a text for a formula: it puts an apostrophe in front, which
// marks text there. A session id or a number that begins with a minus is no formula that does
// anything.
func inert(field string) string {
	if field == "" || !strings.ContainsRune("=+-@\t\r", rune(field[0])) {
		return field
	}
	word := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' ||
			strings.ContainsRune("-_.", r)
	}
	if field[0] == '-' && strings.TrimFunc(field, word) == "" {
		return field
	}
	return "'" + field
}
