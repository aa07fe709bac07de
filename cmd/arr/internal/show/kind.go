// SPDX-License-Identifier: MIT

package show

import (
	"bytes"
	"cmp"
	"slices"
	"strings"

	"github.com/arr-go/azremoterendering/cmd/arr/internal/failure"
	"github.com/arr-go/azremoterendering/cmd/arr/internal/spelling"
)

// Kind describes one kind of result in every format. It is the only place that knows them all.
type Kind[T any] struct {
	// Plural is what a list holds, such as sessions.
	Plural string
	// Name is what -o name and --quiet write.
	Name func(T) string
	// Object is what becomes JSON, YAML and the data of templates.
	Object func(T) any
	// Columns are those of tables and CSV.
	Columns []Column[T]
	// Details are the lines of one result for people. If nil, there is one for each column.
	Details func(T) []Detail
}

// Column is one column of a list.
type Column[T any] struct {
	// Name is its name in --columns and --sort, and in capitals its heading.
	Name string
	// Heading replaces the heading if it is set.
	Heading string
	// Cell is what people are shown.
	Cell func(T) Cell
	// Fields are what CSV has in place of the cell. None means the text of the cell under Name.
	Fields []Field[T]
	// Compare orders two results. Nil compares the texts of the cells.
	Compare func(a, b T) int
	// Wide columns are in -o wide and CSV, but not in -o text.
	Wide bool
	// Drop says when a table that is too wide for the terminal loses the column: the highest number
	// goes first. 0 is kept.
	Drop int
	// Min, if above 0, lets the column be shortened to as many characters of the terminal.
	Min int
}

// Field is one field of CSV.
type Field[T any] struct {
	Name  string
	Value func(T) string
}

// Detail is one line of a result for people.
type Detail struct {
	Name  string
	Value Cell
}

// Write writes one result.
func Write[T any](p *Printer, kind *Kind[T], item T) error {
	return p.write(func(out *bytes.Buffer) error {
		if p.ForPeople() {
			p.apart(out, "\n")
			p.details(out, kind.details(item))
			return nil
		}
		return appendEach(p, out, kind, []T{item})
	})
}

// WriteList writes a list. It sorts items.
func WriteList[T any](p *Printer, kind *Kind[T], items []T) error {
	list := NewList(p, kind)
	if err := list.Add(items); err != nil {
		return err
	}
	return list.Close()
}

// appendEach appends results one by one. The printer is locked.
func appendEach[T any](p *Printer, out *bytes.Buffer, kind *Kind[T], items []T) error {
	switch p.Format() {
	case CSV:
		return appendCSV(p, out, kind, items)
	case Name:
		for _, item := range items {
			out.WriteString(clean(kind.Name(item)) + "\n")
		}
		return nil
	}
	for _, item := range items {
		if err := p.object(out, kind.Object(item)); err != nil {
			return err
		}
	}
	return nil
}

// details returns the lines of a result.
func (k *Kind[T]) details(item T) []Detail {
	if k.Details != nil {
		return k.Details(item)
	}
	var details []Detail
	for _, column := range k.Columns {
		details = append(details, Detail{strings.ToLower(column.heading()), column.Cell(item)})
	}
	return details
}

// heading returns the heading of a column.
func (c *Column[T]) heading() string {
	return cmp.Or(c.Heading, strings.ToUpper(strings.ReplaceAll(c.Name, "-", " ")))
}

// fields returns the fields of a column in CSV.
func (c *Column[T]) fields() []Field[T] {
	if c.Fields != nil {
		return c.Fields
	}
	return []Field[T]{{c.Name, func(item T) string { return c.Cell(item).Text }}}
}

// column returns the column with a name, or with a field of that name.
func (k *Kind[T]) column(name string) *Column[T] {
	for i := range k.Columns {
		column := &k.Columns[i]
		named := func(f Field[T]) bool { return strings.EqualFold(f.Name, name) }
		if strings.EqualFold(column.Name, name) || slices.ContainsFunc(column.Fields, named) {
			return column
		}
	}
	return nil
}

// Names returns the names of the columns.
func (k *Kind[T]) Names() []string {
	names := make([]string, len(k.Columns))
	for i, column := range k.Columns {
		names[i] = column.Name
	}
	return names
}

// CheckColumns refuses columns that the kind does not have, and formats that have none.
func CheckColumns[T any](kind *Kind[T], options Options) error {
	for _, name := range options.Columns {
		if err := kind.check("--columns", name); err != nil {
			return err
		}
	}
	for _, name := range options.Sort {
		if err := kind.check("--sort", strings.TrimPrefix(name, "-")); err != nil {
			return err
		}
	}
	tabular := options.Format == Text || options.Format == Wide || options.Format == CSV
	if len(options.Columns) > 0 && (!tabular || options.Template != nil) {
		return failure.Usagef("--columns is for text, wide and csv")
	}
	return nil
}

func (k *Kind[T]) check(flag, name string) error {
	if k.column(name) != nil {
		return nil
	}
	return failure.Usagef(
		"%s: there is no column %q%s; give some of %s",
		flag, name, spelling.DidYouMean(name, k.Names()), strings.Join(k.Names(), ", "),
	)
}

// chosen returns the columns that are written.
func (k *Kind[T]) chosen(options Options) []Column[T] {
	var columns []Column[T]
	if len(options.Columns) > 0 {
		for _, name := range options.Columns {
			column := *k.column(name)
			column.Drop = 0 // somebody has asked for it
			columns = append(columns, column)
		}
		return columns
	}
	for _, column := range k.Columns {
		if !column.Wide || options.Format != Text {
			columns = append(columns, column)
		}
	}
	return columns
}

// Sort sorts results by columns.
func Sort[T any](kind *Kind[T], items []T, by []string) {
	if len(by) > 0 {
		slices.SortStableFunc(items, func(a, b T) int { return kind.compare(a, b, by) })
	}
}

// compare orders two results by columns.
func (k *Kind[T]) compare(a, b T, by []string) int {
	for _, name := range by {
		name, backwards := strings.CutPrefix(name, "-")
		column := k.column(name)
		var order int
		if column.Compare != nil {
			order = column.Compare(a, b)
		} else {
			order = cmp.Compare(column.Cell(a).Text, column.Cell(b).Text)
		}
		if order != 0 && backwards {
			return -order
		} else if order != 0 {
			return order
		}
	}
	return 0
}

// table makes a table of results.
func (k *Kind[T]) table(columns []Column[T], items []T) table {
	t := table{columns: make([]fit, len(columns))}
	for i, column := range columns {
		t.columns[i] = fit{Cell{column.heading(), bold}, column.Drop, column.Min}
	}
	for _, item := range items {
		row := make([]Cell, len(columns))
		for i, column := range columns {
			row[i] = column.Cell(item)
		}
		t.rows = append(t.rows, row)
	}
	return t
}

// ColumnsOf returns columns of a part of a result as columns of the result.
func ColumnsOf[Part, T any](columns []Column[Part], part func(T) Part) []Column[T] {
	of := make([]Column[T], len(columns))
	for i, c := range columns {
		of[i] = Column[T]{
			Name: c.Name, Heading: c.Heading, Wide: c.Wide, Drop: c.Drop, Min: c.Min,
			Cell: func(item T) Cell { return c.Cell(part(item)) },
		}
		for _, field := range c.fields() {
			of[i].Fields = append(of[i].Fields, Field[T]{
				field.Name, func(item T) string { return field.Value(part(item)) },
			})
		}
		if c.Compare != nil {
			of[i].Compare = func(a, b T) int { return c.Compare(part(a), part(b)) }
		}
	}
	return of
}

// TextColumn returns a column whose cell is also what CSV has. field is its name there.
func TextColumn[T any](name, field string, of func(T) string) Column[T] {
	return Column[T]{
		Name:   name,
		Cell:   func(item T) Cell { return Cell{Text: of(item)} },
		Fields: []Field[T]{{field, of}},
	}
}

// Wider returns a column that is in -o wide and CSV, but not in -o text.
func (c Column[T]) Wider() Column[T] {
	c.Wide = true
	return c
}

// Dropped returns a column that tables which are too wide lose in this order, the highest first.
func (c Column[T]) Dropped(order int) Column[T] {
	c.Drop = order
	return c
}

// Shortened returns a column that may be shortened to so many characters.
func (c Column[T]) Shortened(to int) Column[T] {
	c.Min = to
	return c
}
