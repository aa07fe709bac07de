// SPDX-License-Identifier: MIT

package show

import (
	"cmp"
	"slices"
	"strconv"
	"time"

	arr "github.com/arr-go/azremoterendering"
)

// sessionColumns are the columns of a list of sessions. On a narrow terminal the id, the state and
// what is left of the lease stay longest.
func sessionColumns(regions bool) []Column[SessionResult] {
	return slices.Concat(sessionTimeColumns(), sessionPlaceColumns(regions), []Column[SessionResult]{
		errorColumn(func(s SessionResult) *arr.ErrorDetail { return s.Error }),
		vectorColumn(func(s SessionResult) string { return s.CorrelationVector }),
	})
}

// sessionTimeColumns are those about what a session is, and how long it lives.
func sessionTimeColumns() []Column[SessionResult] {
	type row = SessionResult
	return []Column[row]{
		{
			Name: "session", Min: 8,
			Cell:   func(s row) Cell { return Cell{Text: s.ID} },
			Fields: []Field[row]{{"id", func(s row) string { return s.ID }}},
		},
		{Name: "status", Cell: func(s row) Cell { return Cell{string(s.Status), paintOf(s.Status)} }},
		{Name: "size", Drop: 5, Cell: func(s row) Cell { return Cell{Text: string(s.Size)} }},
		{
			Name: "created", Drop: 8,
			Cell: func(s row) Cell { return Cell{Text: localTime(s.CreationTime)} },
			Fields: []Field[row]{
				{"creationTime", func(s row) string { return rfc3339(s.CreationTime) }},
			},
			Compare: func(a, b row) int { return a.CreationTime.Compare(b.CreationTime) },
		},
		{
			Name: "elapsed", Drop: 7,
			Cell:    func(s row) Cell { return Cell{Text: Span(s.ElapsedTime)} },
			Fields:  []Field[row]{{"elapsedTimeMinutes", func(s row) string { return minutes(s.ElapsedTime) }}},
			Compare: func(a, b row) int { return cmp.Compare(a.ElapsedTime, b.ElapsedTime) },
		},
		{
			Name: "lease", Drop: 6,
			Cell:    func(s row) Cell { return Cell{Text: Span(s.MaxLeaseTime)} },
			Fields:  []Field[row]{{"maxLeaseTimeMinutes", func(s row) string { return minutes(s.MaxLeaseTime) }}},
			Compare: func(a, b row) int { return cmp.Compare(a.MaxLeaseTime, b.MaxLeaseTime) },
		},
		{
			Name: "remaining", Drop: 1,
			Cell: func(s row) Cell { return Cell{Text: Remaining(s.Session)} },
			Fields: []Field[row]{
				{"remainingMinutes.atLeast", func(s row) string {
					atLeast, _ := s.RemainingLease()
					return minutes(atLeast)
				}},
				{"remainingMinutes.atMost", func(s row) string {
					_, atMost := s.RemainingLease()
					return minutes(atMost)
				}},
			},
			Compare: compareRemaining,
		},
	}
}

// sessionPlaceColumns are those about where a session lives.
func sessionPlaceColumns(regions bool) []Column[SessionResult] {
	type row = SessionResult
	return []Column[row]{
		{
			Name: "region", Drop: 2, Min: 10, Wide: !regions,
			Cell: func(s row) Cell { return Cell{Text: PlaceOf(s.Client).String()} },
			Fields: []Field[row]{
				{"region", func(s row) string { return string(PlaceOf(s.Client).Region) }},
				{"endpoint", func(s row) string { return PlaceOf(s.Client).Endpoint }},
			},
		},
		{
			Name: "host", Drop: 3, Min: 16, Wide: true,
			Cell:   func(s row) Cell { return Cell{Text: s.Hostname} },
			Fields: []Field[row]{{"hostname", func(s row) string { return s.Hostname }}},
		},
		{
			Name: "port", Drop: 4, Wide: true,
			Cell:    func(s row) Cell { return Cell{Text: number(s.HandshakePort)} },
			Fields:  []Field[row]{{"handshakePort", func(s row) string { return number(s.HandshakePort) }}},
			Compare: func(a, b row) int { return cmp.Compare(a.HandshakePort, b.HandshakePort) },
		},
		{
			Name: "inspector", Drop: 9, Wide: true,
			Cell: func(s row) Cell { return Cell{Text: number(s.ArrInspectorPort)} },
			Fields: []Field[row]{
				{"arrInspectorPort", func(s row) string { return number(s.ArrInspectorPort) }},
			},
			Compare: func(a, b row) int { return cmp.Compare(a.ArrInspectorPort, b.ArrInspectorPort) },
		},
		{
			Name: "teraflops", Drop: 10, Wide: true,
			Cell:    func(s row) Cell { return Cell{Text: teraflops(s.Teraflops)} },
			Compare: func(a, b row) int { return cmp.Compare(a.Teraflops, b.Teraflops) },
		},
	}
}

// errorColumn is the column of what a result says went wrong.
func errorColumn[T any](of func(T) *arr.ErrorDetail) Column[T] {
	part := func(of func(T) *arr.ErrorDetail, get func(*arr.ErrorDetail) string) func(T) string {
		return func(item T) string {
			if detail := of(item); detail != nil {
				return get(detail)
			}
			return ""
		}
	}
	code := part(of, func(e *arr.ErrorDetail) string { return e.Code })
	return Column[T]{
		Name: "error", Drop: 11, Min: 10, Wide: true,
		Cell: func(item T) Cell { return Cell{code(item), red} },
		Fields: []Field[T]{
			{"error.code", code},
			{"error.message", part(of, func(e *arr.ErrorDetail) string { return e.Message })},
		},
	}
}

// vectorColumn is the column of the MS-CV of the answer, which lists do not have.
func vectorColumn[T any](of func(T) string) Column[T] {
	return Column[T]{
		Name: "ms-cv", Drop: 12, Wide: true,
		Cell:   func(item T) Cell { return Cell{Text: of(item)} },
		Fields: []Field[T]{{"correlationVector", of}},
	}
}

// compareRemaining orders sessions by the earliest end of their leases. Ended ones come first.
func compareRemaining(a, b SessionResult) int {
	left := func(s SessionResult) time.Duration {
		if s.Status.Ended() {
			return -1
		}
		atLeast, _ := s.RemainingLease()
		return atLeast
	}
	return cmp.Compare(left(a), left(b))
}

func minutes(d time.Duration) string { return strconv.Itoa(int(d.Minutes())) }

// localTime writes a time for people, nothing if it is not known.
func localTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Local().Format(time.DateTime)
}

// rfc3339 writes a time for programs, nothing if it is not known.
func rfc3339(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.RFC3339Nano)
}
