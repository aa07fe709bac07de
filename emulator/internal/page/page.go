// SPDX-License-Identifier: MIT

// Package page draws the status page of the emulator: sessions on a time line, conversions, faults
// in force, the last requests, and accounts. Its input is one [State]. It needs no script.
package page

import (
	"bytes"
	"crypto/sha256"
	_ "embed" // for the page
	"encoding/base64"
	"html/template"
	"net/http"
	"time"

	"github.com/arr-go/azremoterendering"
)

var (
	//go:embed page.html
	pageSource string
	//go:embed page.css
	pageStyle string

	pageTemplate = template.Must(template.New("page").Parse(pageSource))
	pagePolicy   = contentSecurityPolicy(pageStyle)
)

// State is everything the emulator knows at one moment.
type State struct {
	Time     time.Time
	Clock    Clock
	Refresh  bool // whether the page reloads itself every 2 seconds
	Accounts []Account
	// Sessions are ordered by account, then by region, then oldest first. Sessions that have ended
	// stay until they are forgotten.
	Sessions []Session
	// Conversions are in the same order.
	Conversions []Conversion
	Requests    []Request // oldest first
	Faults      []Fault   // in the order of their injection
}

// Account is an account and the region where it was made.
type Account struct {
	ID, Domain string
	Region     azremoterendering.Region
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
// header may contain a secret, or be long.
type Request struct {
	Time              time.Time // of arrival
	Operation         string    // as in the log
	Method            string
	Account           string                   // "" if there is no such account
	Region            azremoterendering.Region // "" if it is not served
	Session           string                   // "" if the request names no valid session id
	Conversion        string                   // "" if the request names no valid conversion id
	Status            int                      // 0 if there was no answer
	CorrelationVector string
	Duration          time.Duration // until the answer was complete; a slow body takes longer
	Faults            []string      // names of the faults that affected the request; read-only
}

// Fault is a fault in force.
type Fault struct {
	ID                int
	Name              string // empty if it says no more than What
	What              string // which requests it affects, and how
	Matched, Affected int
}

// Render returns the page as HTML.
func Render(s State) ([]byte, error) { return newPageView(s).render() }

// Header returns the headers of the page, with a policy that allows nothing but its style sheet.
func Header() http.Header {
	return http.Header{
		"Content-Type":                 {"text/html; charset=utf-8"},
		"Content-Security-Policy":      {pagePolicy},
		"Cache-Control":                {"no-store"},
		"Cross-Origin-Opener-Policy":   {"same-origin"},
		"Cross-Origin-Resource-Policy": {"same-origin"},
		"Referrer-Policy":              {"no-referrer"},
		"X-Content-Type-Options":       {"nosniff"},
		"X-Frame-Options":              {"DENY"},
	}
}

// contentSecurityPolicy allows one inline style sheet and nothing else: no script, no connection,
// no frame, not even an icon.
func contentSecurityPolicy(style string) string {
	hash := sha256.Sum256([]byte(style))
	return "default-src 'none'; style-src 'sha256-" +
		base64.StdEncoding.EncodeToString(hash[:]) +
		"'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
}

func (v pageView) render() ([]byte, error) {
	var page bytes.Buffer
	err := pageTemplate.Execute(&page, v)
	return page.Bytes(), err
}
