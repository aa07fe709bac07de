// SPDX-License-Identifier: MIT

package show

import (
	"bytes"
	"strings"
	"time"

	arr "github.com/arr-go/azremoterendering"
)

// Gone is shown as the status of a session that the service no longer knows. The service does not
// say how such a session has ended.
const Gone arr.SessionStatus = "Gone"

// Watched is a session that is watched, as it is now.
type Watched struct {
	SessionResult
	// Changed is when it was seen to change.
	Changed time.Time
	// Previous is its state before, empty if it was not seen before.
	Previous arr.SessionStatus
	// Next says when its lease is extended next.
	Next string
}

// Aged returns the session as it is some time after it was seen: its time since Ready has grown.
func (w Watched) Aged(since time.Duration) Watched {
	if w.Status == arr.SessionStatusReady {
		w.ElapsedTime = min(w.ElapsedTime+since.Truncate(time.Second), w.MaxLeaseTime)
	}
	return w
}

// remaining writes what is left of the lease.
func (w Watched) remaining() string {
	switch w.Status {
	case "", Gone:
		return "-"
	default:
		return Remaining(w.Session)
	}
}

// change is how a change is written as JSON.
type change struct {
	ChangeTime     time.Time         `json:"changeTime"`
	PreviousStatus arr.SessionStatus `json:"previousStatus,omitempty"`
	Session
}

// WatchedKind describes sessions of a list that is watched. regions makes the region a part of what
// people are shown, and changes the time of the change.
func WatchedKind(regions, changes bool) *Kind[Watched] {
	kind := &Kind[Watched]{
		Plural: "sessions",
		Name:   func(w Watched) string { return w.ID },
		Object: func(w Watched) any {
			out := change{w.Changed, w.Previous, w.object()}
			if w.Status == Gone {
				out.RemainingMinutes = RemainingMinutes{}
			}
			return out
		},
		Columns: []Column[Watched]{
			{
				Name: "changed", Drop: 2, Wide: !changes,
				Cell: func(w Watched) Cell { return Cell{Text: w.Changed.Local().Format(time.TimeOnly)} },
				Fields: []Field[Watched]{
					{"changeTime", func(w Watched) string { return rfc3339(w.Changed) }},
				},
				Compare: func(a, b Watched) int { return a.Changed.Compare(b.Changed) },
			},
			TextColumn("previous", "previousStatus", func(w Watched) string { return string(w.Previous) }).
				Wider().Dropped(13),
		},
	}
	kind.Columns = append(kind.Columns, watchedColumns(regions)...)
	return kind
}

// AwaitedKind describes sessions that are waited for.
func AwaitedKind(regions bool) *Kind[Watched] {
	return withColumns(regions, "session", "status", "remaining", "region", "host", "port")
}

// KeptKind describes sessions that are kept alive.
func KeptKind(regions bool) *Kind[Watched] {
	kind := withColumns(regions, "session", "status", "lease", "remaining", "region")
	next := TextColumn("next extension", "nextExtension", func(w Watched) string { return w.Next })
	kind.Columns = append(kind.Columns, next.Dropped(2))
	return kind
}

// withColumns returns sessions with these columns, in this order.
func withColumns(regions bool, names ...string) *Kind[Watched] {
	all := WatchedKind(regions, false)
	kind := *all
	kind.Columns = nil
	for _, name := range names {
		column := *all.column(name)
		column.Wide = column.Wide && name == "region"
		kind.Columns = append(kind.Columns, column)
	}
	return &kind
}

// watchedColumns are the columns of sessions.
func watchedColumns(regions bool) []Column[Watched] {
	var columns []Column[Watched]
	for _, of := range sessionColumns(regions) {
		column := Column[Watched]{
			Name: of.Name, Heading: of.Heading, Wide: of.Wide, Drop: of.Drop, Min: of.Min,
			Cell: func(w Watched) Cell { return of.Cell(w.SessionResult) },
		}
		if of.Name == "remaining" {
			column.Cell = func(w Watched) Cell { return Cell{Text: w.remaining()} }
			column.Drop = 0 // it is what one watches: the id is shortened first
		}
		for _, field := range of.Fields {
			column.Fields = append(column.Fields, Field[Watched]{
				field.Name, func(w Watched) string { return field.Value(w.SessionResult) },
			})
		}
		if of.Compare != nil {
			column.Compare = func(a, b Watched) int { return of.Compare(a.SessionResult, b.SessionResult) }
		}
		columns = append(columns, column)
	}
	return columns
}

// LiveTable is a table for people that is drawn again and again, or that grows by a line at a time.
// It is not safe for concurrent use.
type LiveTable[T any] struct {
	print   *Printer
	kind    *Kind[T]
	columns []Column[T]
	widest  map[string]int
	begun   bool
}

// NewLiveTable returns a table of results, with the columns that the printer's options name.
func NewLiveTable[T any](p *Printer, kind *Kind[T]) *LiveTable[T] {
	return &LiveTable[T]{
		print:   p,
		kind:    kind,
		columns: kind.chosen(p.options),
		widest:  make(map[string]int),
	}
}

// Lines returns the heading and the lines of results, each at most limit wide.
func (t *LiveTable[T]) Lines(items []T, limit int) []string {
	var out bytes.Buffer
	t.append(&out, items, limit)
	return strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
}

// Sorted reports whether the printer's options name columns to sort by.
func (t *LiveTable[T]) Sorted() bool { return len(t.print.options.Sort) > 0 }

// Compare orders two results by these columns.
func (t *LiveTable[T]) Compare(a, b T) int { return t.kind.compare(a, b, t.print.options.Sort) }

// Write writes the line of one result, with the heading above the first one. In a format for
// programs it writes what that has for a result.
func (t *LiveTable[T]) Write(item T) error {
	if !t.print.ForPeople() {
		return Write(t.print, t.kind, item)
	}
	return t.print.write(func(out *bytes.Buffer) error {
		start := out.Len()
		t.append(out, []T{item}, t.print.limit())
		if t.begun {
			lines := out.Bytes()[start:]
			line := bytes.Clone(lines[bytes.IndexByte(lines, '\n')+1:])
			out.Truncate(start)
			out.Write(line)
		}
		t.begun = true
		return nil
	})
}

func (t *LiveTable[T]) append(out *bytes.Buffer, items []T, limit int) {
	table := t.kind.table(t.columns, items)
	table.widest = t.widest
	table.append(out, limit, t.print.colours)
}
