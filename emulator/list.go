// SPDX-License-Identifier: MIT

package emulator

import (
	"cmp"
	"encoding/base64"
	"encoding/binary"
	"net/http"
	"net/url"
	"slices"
	"time"
)

// page returns the sessions that follow the one with sequence number after, oldest first, and the
// sequence number to go on with, 0 if there is nothing more. Numbers are given once and in order,
// so a walk over pages misses no session that lives throughout and shows none twice, whatever comes
// and goes between.
func (f *fleet) page(h home, after uint64) (sessions []session, next uint64, refused *refusal) {
	f.ask(func(r *record) bool { return r.shelf.home == h })
	now := f.lock()
	defer f.unlock()
	s := f.shelves[h]
	if s == nil {
		s = new(shelf)
	}
	if after > s.sequence {
		return nil, 0, badSkipToken
	}
	first, _ := slices.BinarySearchFunc(s.listed, after+1, func(r *record, sequence uint64) int {
		return cmp.Compare(r.sequence, sequence)
	})
	skipped := 0
	var last uint64
	for _, r := range s.listed[first:] {
		if !f.lists(r, now) {
			skipped++
			continue
		}
		if len(sessions) == f.decisions.PageSize {
			next = last
			break
		}
		sessions = append(sessions, r.at(now))
		last = r.sequence
	}
	// Whoever walks over many ended sessions clears them away, so that a list costs what it shows.
	if skipped > len(s.listed)/2 {
		f.compact(s, now)
	}
	return sessions, next, nil
}

// lists reports whether a list shows a session. Once it does not it never will again.
func (f *fleet) lists(r *record, now time.Time) bool {
	return !r.forgotten && (f.decisions.ListEnded || !r.ended(now))
}

// compact removes what no list shows any more.
func (f *fleet) compact(s *shelf, now time.Time) {
	s.listed = slices.DeleteFunc(s.listed, func(r *record) bool { return !f.lists(r, now) })
}

const skipTokenParameter = "skiptoken"

// listSessions is GET /accounts/{id}/sessions.
func (x *exchange) listSessions() answer {
	var after uint64
	if token, given := x.query[skipTokenParameter]; given {
		var ok bool
		if after, ok = parseSkipToken(token); !ok {
			return x.emulator.refuse(badSkipToken)
		}
	}
	sessions, next, refused := x.emulator.fleet.page(x.home(), after)
	if refused != nil {
		return x.emulator.refuse(refused)
	}
	list := wireList{Sessions: make([]any, len(sessions))}
	for i, s := range sessions {
		list.Sessions[i] = x.wire(s)
	}
	if next != 0 {
		list.NextLink = x.nextLink(next)
	}
	list.NextLink = x.spoiltLink(list.NextLink)
	return uncached(jsonAnswer(http.StatusOK, list))
}

// nextLink returns the absolute address of the page after a sequence number, on the scheme and host
// that the request was for.
func (x *exchange) nextLink(after uint64) string {
	link := url.URL{Scheme: scheme(x.request), Host: x.request.Host, Path: x.request.URL.Path}
	link.RawQuery = url.Values{
		apiVersionParameter: x.query[apiVersionParameter],
		skipTokenParameter:  {skipToken(after)},
	}.Encode()
	return link.String()
}

// scheme returns that of the address that a request was for.
func scheme(r *http.Request) string {
	if r.TLS != nil {
		return "https"
	}
	return "http"
}

// skipToken spells a sequence number so that nobody takes it for a number of sessions.
func skipToken(sequence uint64) string {
	return base64.RawURLEncoding.EncodeToString(binary.BigEndian.AppendUint64(nil, sequence))
}

// parseSkipToken is the reverse of skipToken. It accepts nothing else.
func parseSkipToken(values []string) (uint64, bool) {
	if len(values) != 1 {
		return 0, false
	}
	data, err := base64.RawURLEncoding.DecodeString(values[0])
	if err != nil || len(data) != 8 {
		return 0, false
	}
	sequence := binary.BigEndian.Uint64(data)
	return sequence, values[0] == skipToken(sequence) // the decoder skips line breaks
}
