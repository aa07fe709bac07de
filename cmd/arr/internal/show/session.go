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

// SessionResult is a session as commands show it.
type SessionResult struct {
	arr.RegionSession
	CorrelationVector string
}

// SessionKind describes sessions. regions makes the region a part of what people are shown.
func SessionKind(regions bool) *Kind[SessionResult] {
	return &Kind[SessionResult]{
		Plural:  "sessions",
		Name:    func(s SessionResult) string { return s.ID },
		Object:  func(s SessionResult) any { return s.object() },
		Columns: sessionColumns(regions),
		Details: func(s SessionResult) []Detail { return s.details(regions) },
	}
}

func (s SessionResult) object() Session { return NewSession(s.RegionSession, s.CorrelationVector) }

// details are a session for people, one property a line.
func (s SessionResult) details(regions bool) []Detail {
	details := []Detail{
		{"session", Cell{Text: s.ID}},
		{"status", Cell{string(s.Status), paintOf(s.Status)}},
		{"size", Cell{Text: string(s.Size)}},
	}
	add := func(name, value string) {
		if value != "" {
			details = append(details, Detail{name, Cell{Text: value}})
		}
	}
	if regions {
		add("region", PlaceOf(s.Client).String())
	}
	if !s.CreationTime.IsZero() {
		add("created", s.CreationTime.Local().Format("2006-01-02 15:04:05 -07:00"))
	}
	add("elapsed", Span(s.ElapsedTime))
	add("lease", Span(s.MaxLeaseTime))
	add("remaining", Remaining(s.Session))
	add("host", s.Hostname)
	add("handshake port", number(s.HandshakePort))
	add("inspector port", number(s.ArrInspectorPort))
	add("teraflops", teraflops(s.Teraflops))
	if s.Error != nil {
		add("error", s.Error.Code+": "+s.Error.Message)
	}
	add("MS-CV", s.CorrelationVector)
	return details
}

// number writes a number that is not 0.
func number[N int | int32](n N) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(int(n))
}

func teraflops(n float32) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatFloat(float64(n), 'f', -1, 32)
}
