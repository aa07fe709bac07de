// SPDX-License-Identifier: MIT

package show

import (
	"cmp"
	"strconv"
	"time"

	arr "github.com/arr-go/azremoterendering"
)

// Session is how a session is written as JSON. Members without a value are left out, except those
// that every session has.
type Session struct {
	ID                  string            `json:"id"`
	Status              arr.SessionStatus `json:"status"`
	Size                arr.SessionSize   `json:"size"`
	CreationTime        *time.Time        `json:"creationTime,omitempty"`
	ElapsedTimeMinutes  int               `json:"elapsedTimeMinutes"`
	MaxLeaseTimeMinutes int               `json:"maxLeaseTimeMinutes"`
	RemainingMinutes    RemainingMinutes  `json:"remainingMinutes"`
	Hostname            string            `json:"hostname,omitempty"`
	HandshakePort       int32             `json:"handshakePort,omitempty"`
	ArrInspectorPort    int32             `json:"arrInspectorPort,omitempty"`
	Teraflops           float32           `json:"teraflops,omitempty"`
	Error               *arr.ErrorDetail  `json:"error,omitempty"`
	Place
	CorrelationVector string `json:"correlationVector,omitempty"`
}

// Place is where a session lives.
type Place struct {
	Region   arr.Region `json:"region,omitempty"`
	Endpoint string     `json:"endpoint,omitempty"`
}

// PlaceOf returns the place of the sessions of a client.
func PlaceOf(client *arr.SessionsClient) Place {
	if client == nil {
		return Place{}
	}
	return Place{client.Region(), client.Endpoint()}
}

// String returns the region or, if the endpoint names none, the endpoint.
func (p Place) String() string { return cmp.Or(string(p.Region), p.Endpoint) }

// RemainingMinutes are the bounds of what is left of a lease.
type RemainingMinutes struct {
	AtLeast int `json:"atLeast"`
	AtMost  int `json:"atMost"`
}

// NewSession makes the JSON of a session.
func NewSession(s arr.RegionSession, correlationVector string) Session {
	atLeast, atMost := s.RemainingLease()
	out := Session{
		ID:                  s.ID,
		Status:              s.Status,
		Size:                s.Size,
		ElapsedTimeMinutes:  int(s.ElapsedTime.Minutes()),
		MaxLeaseTimeMinutes: int(s.MaxLeaseTime.Minutes()),
		RemainingMinutes:    RemainingMinutes{int(atLeast.Minutes()), int(atMost.Minutes())},
		Hostname:            s.Hostname,
		HandshakePort:       s.HandshakePort,
		ArrInspectorPort:    s.ArrInspectorPort,
		Teraflops:           s.Teraflops,
		Error:               s.Error,
		Place:               PlaceOf(s.Client),
		CorrelationVector:   correlationVector,
	}
	if !s.CreationTime.IsZero() {
		out.CreationTime = &s.CreationTime
	}
	return out
}

// sessionRows are a session for people, one property a line.
func (p *Printer) sessionRows(s arr.RegionSession, correlationVector string) [][]Cell {
	rows := [][]Cell{
		Text("session", s.ID),
		{{Text: "status"}, {Text: string(s.Status), paint: paintOf(s.Status)}},
		Text("size", string(s.Size)),
	}
	add := func(name, value string) {
		if value != "" {
			rows = append(rows, Text(name, value))
		}
	}
	if p.Regions {
		add("region", PlaceOf(s.Client).String())
	}
	if !s.CreationTime.IsZero() {
		add("created", s.CreationTime.Local().Format("2006-01-02 15:04:05 -07:00"))
	}
	add("elapsed", Span(s.ElapsedTime))
	add("lease", Span(s.MaxLeaseTime))
	add("remaining", Remaining(s.Session))
	add("host", s.Hostname)
	add("handshake port", port(s.HandshakePort))
	add("inspector port", port(s.ArrInspectorPort))
	if s.Teraflops != 0 {
		add("teraflops", strconv.FormatFloat(float64(s.Teraflops), 'f', -1, 32))
	}
	if s.Error != nil {
		add("error", s.Error.Code+": "+s.Error.Message)
	}
	add("MS-CV", correlationVector)
	return rows
}

func port(n int32) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(int(n))
}

// sessionColumns are the columns of a list of sessions.
var sessionColumns = []struct {
	heading string
	cell    func(arr.Session) Cell
}{
	{"SESSION", func(s arr.Session) Cell { return Cell{Text: s.ID} }},
	{"STATUS", func(s arr.Session) Cell { return Cell{string(s.Status), paintOf(s.Status)} }},
	{"SIZE", func(s arr.Session) Cell { return Cell{Text: string(s.Size)} }},
	{"CREATED", func(s arr.Session) Cell {
		if s.CreationTime.IsZero() {
			return Cell{}
		}
		return Cell{Text: s.CreationTime.Local().Format(time.DateTime)}
	}},
	{"ELAPSED", func(s arr.Session) Cell { return Cell{Text: Span(s.ElapsedTime)} }},
	{"LEASE", func(s arr.Session) Cell { return Cell{Text: Span(s.MaxLeaseTime)} }},
	{"REMAINING", func(s arr.Session) Cell { return Cell{Text: Remaining(s)} }},
}

// sessionTable is a list of sessions for people, one a row.
func (p *Printer) sessionTable(sessions []arr.RegionSession) [][]Cell {
	var headings []string
	for _, column := range sessionColumns {
		headings = append(headings, column.heading)
	}
	if p.Regions {
		headings = append(headings, "REGION")
	}
	rows := [][]Cell{p.Heading(headings...)}
	for _, session := range sessions {
		var row []Cell
		for _, column := range sessionColumns {
			row = append(row, column.cell(session.Session))
		}
		if p.Regions {
			row = append(row, Cell{Text: PlaceOf(session.Client).String()})
		}
		rows = append(rows, row)
	}
	return rows
}
