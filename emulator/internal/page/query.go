// SPDX-License-Identifier: MIT

package page

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/arr-go/azremoterendering"
)

// SessionsPerPage is how many sessions a page shows.
const SessionsPerPage = 50

const (
	maxSearch = 256    // bytes
	maxPage   = 10_000 // so that page numbers do not overflow
)

// The values of [Query].Show. Empty means all sessions.
const (
	ShowLiving = "living"
	ShowEnded  = "ended"
)

// Query says what a page shows. Everything that is not understood has its default: anyone who edits
// the address of a page sees a page.
type Query struct {
	Search string // only what contains this
	Show   string // which sessions
	Page   int    // from 1
	Paused bool   // whether the page stays as it is

	// Session is the session whose story is shown. Account and Region are empty for the defaults.
	Session, Account string
	Region           azremoterendering.Region

	// Done is the action that has just been performed.
	Done string
}

// ParseQuery reads the query of an address.
func ParseQuery(values url.Values) Query {
	q := Query{
		Search:  strings.TrimSpace(values.Get("q")),
		Show:    values.Get("show"),
		Paused:  values.Get("refresh") == "off",
		Session: values.Get("session"),
		Account: values.Get("account"),
		Region:  azremoterendering.Region(values.Get("region")),
		Done:    values.Get("done"),
	}
	q.Search = strings.ToValidUTF8(q.Search[:min(len(q.Search), maxSearch)], "")
	if !slices.Contains([]string{ShowLiving, ShowEnded}, q.Show) {
		q.Show = ""
	}
	if n, err := strconv.Atoi(values.Get("page")); err == nil {
		q.Page = n
	}
	q.Page = min(max(q.Page, 1), maxPage)
	return q
}

// Address returns the address of the page that the query asks for.
func (q Query) Address() string {
	values := url.Values{}
	add := func(name, value string) {
		if value != "" {
			values.Set(name, value)
		}
	}
	add("q", q.Search)
	add("show", q.Show)
	if q.Page > 1 {
		add("page", strconv.Itoa(q.Page))
	}
	if q.Paused {
		add("refresh", "off")
	}
	add("session", q.Session)
	add("account", q.Account)
	add("region", string(q.Region))
	add("done", q.Done)
	if len(values) == 0 {
		return Path
	}
	return Path + "?" + values.Encode()
}

// with returns the address of the same page after a change. What has just been done is left out.
func (q Query) with(change func(*Query)) string {
	q.Done = ""
	change(&q)
	return q.Address()
}

func (q Query) story(s Session) string {
	return Query{
		Session: s.Session.ID, Account: s.Account, Region: s.Region, Paused: q.Paused,
	}.Address()
}
