// SPDX-License-Identifier: MIT

// Package page draws the status page of the emulator: sessions on a time axis, conversions, faults
// in force, the last requests, accounts, and the story of one session. Its input is one [Page]. The
// page works without its script, which only keeps it up to date.
package page

import (
	"bytes"
	_ "embed" // for the page
	"html/template"
	"strings"
	"time"

	"github.com/arr-go/azremoterendering"
)

var (
	//go:embed page.html
	pageSource string
	//go:embed story.html
	storySource string

	pageTemplate = template.Must(template.New("page").Parse(pageSource + storySource))
)

// State is everything the emulator knows at one moment.
type State struct {
	Time     time.Time
	Clock    Clock
	Accounts []Account
	// Sessions are ordered by account, then by region, then oldest first. Sessions that have ended
	// stay until they are forgotten.
	Sessions []Session
	// Conversions are in the same order.
	Conversions []Conversion
	Requests    []Request // oldest first
	Faults      []Fault   // in the order of their injection
}

// Page is what one page shows: the part of the state that its [Query] selects, and counts of the
// rest.
type Page struct {
	State // whose Sessions and Conversions are those that are shown, in that order

	Query Query

	// Matching is how many sessions the query selects. [SessionsPerPage] of them are in State.
	Matching int
	// Living and Ended count all sessions.
	Living, Ended int

	// MatchingConversions is how many conversions the query selects, and AllConversions how many
	// there are. Up to MaxConversions are in State.
	MatchingConversions, AllConversions int

	// Answered is how many requests were answered, and Older how many are left out of State.
	Answered uint64
	Older    int

	// Story is the session that the query names; nil if it names none.
	Story *Story

	Connection Connection

	// Token is for the forms, which change the emulator. Without one there are none.
	Token string

	// Problem is why a change was refused. It may be empty.
	Problem string
}

// Account is an account and the region where it was made.
type Account struct {
	ID, Domain    string
	Region        azremoterendering.Region
	Living, Ended int // its sessions
	Conversions   int
}

// Session is a session as its account sees it, and what only the emulator knows.
type Session struct {
	Account  string // its id
	Region   azremoterendering.Region
	Session  azremoterendering.Session
	Since    time.Time // when it reached its present state
	ReadyAt  time.Time // when it became Ready; zero if it has not
	LeaseEnd time.Time // when its lease ends or would have ended; zero if not known yet
	EndedAt  time.Time // zero if it has not ended
}

// Story is a session with the requests that named it.
type Story struct {
	Session // its ID is always known; the rest is zero if Unknown
	Unknown bool

	// Requests are the last ones, oldest first, with bodies; Earlier is how many more there were.
	Requests []Request
	Earlier  int
}

// Conversion is a conversion as its account sees it, without signatures, and what only the emulator
// knows.
type Conversion struct {
	Account    string // its id
	Region     azremoterendering.Region
	Conversion azremoterendering.Conversion
	Since      time.Time // when it reached its present state
	StartedAt  time.Time // when it began to run; zero if it has not
	EndedAt    time.Time // zero if it has not ended
}

// Request is a request that was answered. It holds nothing chosen by the client except the first
// characters of the method, a valid id and the name of a served region, because a path or a
// header may contain a secret, or be long. Those of a [Story] also have bodies without secrets.
type Request struct {
	Sequence          uint64
	Time              time.Time // of arrival
	Operation         string    // as in the log
	Method            string
	Account           string                   // "" if there is no such account
	Region            azremoterendering.Region // "" if it is not served
	Session           string                   // "" if the request names no valid session id
	Conversion        string                   // "" if the request names no valid conversion id
	Status            int                      // 0 if there was no answer
	ErrorCode         string                   // of an answer that refuses
	CorrelationVector string
	Duration          time.Duration // until the answer was complete; a slow body takes longer
	Faults            []string      // names of the faults that affected the request; read-only

	UserAgent                 string
	RequestBody, ResponseBody string
}

// Fault is a fault in force.
type Fault struct {
	ID                int
	Name              string // empty if it says no more than What
	What              string // which requests it affects, and how
	Matched, Affected int
}

// Render returns the page as HTML.
func Render(p Page) ([]byte, error) { return newPageView(p).render() }

func (v pageView) render() ([]byte, error) {
	var page bytes.Buffer
	name := "page"
	if v.Story != nil {
		name = "story-page"
	}
	err := pageTemplate.ExecuteTemplate(&page, name, v)
	return page.Bytes(), err
}

// MatchesText reports whether one of the texts contains what is searched for, in any case. An empty
// search matches everything.
func (q Query) MatchesText(texts ...string) bool {
	if q.Search == "" {
		return true
	}
	search := strings.ToLower(q.Search)
	for _, text := range texts {
		if strings.Contains(strings.ToLower(text), search) {
			return true
		}
	}
	return false
}
