// SPDX-License-Identifier: MIT

package show

import "bytes"

// List writes a list that comes in pieces. A format without widths is written piece by piece; a table,
// and a list that is sorted, when the list is complete.
type List[T any] struct {
	print *Printer
	kind  *Kind[T]
	kept  []T
}

// NewList returns a list without results.
func NewList[T any](p *Printer, kind *Kind[T]) *List[T] { return &List[T]{print: p, kind: kind} }

// Streams reports whether pieces are written at once.
func (l *List[T]) Streams() bool { return !l.print.ForPeople() && len(l.print.options.Sort) == 0 }

// Add adds results to the end of the list.
func (l *List[T]) Add(items []T) error {
	if !l.Streams() {
		l.kept = append(l.kept, items...)
		return nil
	}
	return l.print.write(func(out *bytes.Buffer) error {
		return appendEach(l.print, out, l.kind, items)
	})
}

// Close writes what was not written yet: that there are no results, too, in a format that says so.
func (l *List[T]) Close() error {
	Sort(l.kind, l.kept, l.print.options.Sort)
	return l.print.write(func(out *bytes.Buffer) error {
		switch {
		case !l.print.ForPeople():
			return appendEach(l.print, out, l.kind, l.kept)
		case len(l.kept) == 0:
			out.WriteString("There are no " + l.kind.Plural + ".\n")
		default:
			table := l.kind.table(l.kind.chosen(l.print.options), l.kept)
			table.append(out, l.print.limit(), l.print.colours)
		}
		return nil
	})
}
