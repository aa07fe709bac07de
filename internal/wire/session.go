// SPDX-License-Identifier: MIT

// Package wire reads and writes the JSON of the service. It reads leniently: a member that cannot
// be read counts as absent and is named, so that one odd member hides neither the rest of its
// session nor the other sessions of a list.
package wire

import (
	"math"
	"slices"
	"strings"
	"time"
)

// TimeLayout is how the service writes times: seven fractional digits and a numeric offset,
// "+00:00".
const TimeLayout = "2006-01-02T15:04:05.0000000-07:00"

// MaxMinutes is how many minutes a [time.Duration] can hold.
const MaxMinutes = int32(math.MaxInt64 / time.Minute)

// Session is a session as the service writes it. The members are in the order of the service.
type Session struct {
	ID                  string  `json:"id"`
	CreationTime        string  `json:"creationTime,omitempty"`
	ArrInspectorPort    int32   `json:"arrInspectorPort,omitempty"`
	HandshakePort       int32   `json:"handshakePort,omitempty"`
	ElapsedTimeMinutes  *int32  `json:"elapsedTimeMinutes"` // nil if absent or unreadable
	Hostname            string  `json:"hostname,omitempty"`
	MaxLeaseTimeMinutes int32   `json:"maxLeaseTimeMinutes"`
	Size                string  `json:"size"`
	Status              string  `json:"status"`
	Teraflops           float32 `json:"teraflops,omitempty"`
	Error               *Error  `json:"error,omitempty"`

	// Created is CreationTime in UTC. It is set by reading, and not written.
	Created time.Time `json:"-"`
}

// Error is the error object of the service.
type Error struct {
	Code       string  `json:"code"`
	Message    string  `json:"message"`
	Target     string  `json:"target,omitempty"`
	Details    []Error `json:"details,omitempty"`
	InnerError *Error  `json:"innerError,omitempty"`
}

// Page is one page of a list of sessions.
type Page struct {
	Sessions []Session `json:"sessions"`
	NextLink string    `json:"@nextLink"`
}

// Unread contains the names of members that are present and cannot be read, each once.
type Unread []string

func (u *Unread) add(name string) {
	if !slices.Contains(*u, name) {
		*u = append(*u, name)
	}
}

var byteOrderMark = []byte("\xef\xbb\xbf")

// ReadSession reads a session. It fails if data is not a JSON object, or if id or status is present
// and cannot be read.
func ReadSession(data []byte) (Session, Unread, error) {
	return readOne[Session](data)
}

// ReadPage reads a page of sessions. It fails if data is not a JSON object with an array of up to
// 100,000 sessions, or if its next link cannot be read, because then sessions are missing. An
// element without a readable id is left out and named "sessions"; one without a readable status has
// none.
func ReadPage(data []byte) (Page, Unread, error) {
	var page Page
	unread, err := readPage(data, "sessions", &page, &page.Sessions, &page.NextLink)
	if err != nil {
		return Page{}, nil, err
	}
	return page, unread, nil
}

func (s *Session) identity() string { return s.ID }

func (s *Session) members() members {
	return members{
		{"id", &s.ID},
		{"creationTime", &s.CreationTime},
		{"arrInspectorPort", &s.ArrInspectorPort},
		{"handshakePort", &s.HandshakePort},
		{"elapsedTimeMinutes", &s.ElapsedTimeMinutes},
		{"hostname", &s.Hostname},
		{"maxLeaseTimeMinutes", &s.MaxLeaseTimeMinutes},
		{"size", &s.Size},
		{"status", &s.Status},
		{"teraflops", &s.Teraflops},
		{"error", &s.Error},
	}
}

// finish checks what the types of the members leave open.
func (s *Session) finish(unread *Unread) {
	s.Created = creationTime(s.CreationTime, unread)
	if elapsed := s.ElapsedTimeMinutes; elapsed != nil && (*elapsed < 0 || *elapsed > MaxMinutes) {
		unread.add("elapsedTimeMinutes")
		s.ElapsedTimeMinutes = nil
	}
	if !inRange(&s.MaxLeaseTimeMinutes) {
		unread.add("maxLeaseTimeMinutes")
	}
}

// inRange zeroes minutes that a [time.Duration] cannot hold.
func inRange(minutes *int32) bool {
	if *minutes <= MaxMinutes && *minutes >= -MaxMinutes {
		return true
	}
	*minutes = 0
	return false
}

// creationTime reads the member of that name. The zero time means that it is absent or unreadable.
func creationTime(text string, unread *Unread) time.Time {
	if text == "" {
		return time.Time{}
	}
	created, ok := parseTime(text)
	if !ok {
		unread.add("creationTime")
	}
	return created
}

// parseTime parses a time as the service writes it, and in the spellings in which other programs on
// the way may: with a space, without a zone, which is then UTC, in lower case.
func parseTime(text string) (time.Time, bool) {
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t.UTC(), true
	}
	text = strings.ToUpper(strings.TrimSpace(text))
	for _, layout := range []string{
		time.RFC3339, "2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05 Z07:00",
		"2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02T15:04:05Z0700",
		"2006-01-02 15:04:05Z0700", "2006-01-02T15:04Z07:00", "2006-01-02T15:04",
	} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC(), true
		}
	}
	return time.Time{}, false
}
