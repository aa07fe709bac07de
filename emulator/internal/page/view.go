// SPDX-License-Identifier: MIT

package page

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/arr-go/azremoterendering"
)

// Limits that keep the page short.
const (
	MaxConversions = 50
	maxPageFaults  = 50
)

// otherStatus is the class of unknown states; known states have the class of their name.
const otherStatus = "other"

// pageView is the input of the template. Its text is plain: the template escapes it.
type pageView struct {
	Style, Script string // addresses
	Events        string // of the stream; empty if the page stays as it is
	Now           pageTime
	Clock         string // what is special about it; may be empty
	Frozen        bool

	Query         Query
	Self, Refresh string // addresses of this page: with the query, and to be reloaded
	Pause         string // address of this page, paused or not
	Notice        string // what has just been done; may be empty
	Problem       string

	Token, Actions string // of the forms; without a token there are none

	Connect connectView

	Accounts []accountView
	Several  bool // whether to name the account, because there are several

	Faults              []Fault // in their order
	InForce, MoreFaults int     // how many there are, and how many are not shown

	Sessions      []sessionView
	Ticks         []tick
	Living, Ended int // counts of all sessions
	Filters       []filterView
	Pager         *pagerView // nil if there is one page
	Selected      int        // how many sessions match

	Conversions                     []conversionView // newest first
	AllConversions, MoreConversions int              // how many there are, and how many are not shown

	Requests      []requestView // newest first
	AllRequests   uint64
	OlderRequests int

	Story *storyView // instead of all but the accounts
}

// filterView is a choice of sessions.
type filterView struct {
	Value, Name, Address string
	Count                int
	Current              bool
}

// pagerView leads to other pages of sessions. Addresses are empty where there is no page.
type pagerView struct {
	First, Last, Of     int // the sessions on this page, from 1
	Newer, Older, Begin string
}

type accountView struct {
	ID, Domain, Region string
	Living, Ended      int // sessions
	Conversions        int
}

// sessionView is a session in the list.
type sessionView struct {
	ID, Size, Region, Account string
	Status, Class             string
	Over                      bool
	Since                     pageTime
	SinceSpan                 string
	Lease, LeaseNote          string
	Error                     string
	Line                      timeline
	Story                     string // its address
}

// newPageView selects what the page shows, and formats it.
func newPageView(p Page) pageView {
	v := pageView{
		Style:  stylePath,
		Script: scriptPath,
		Events: EventsPath,
		Now: pageTime{
			p.Time.UTC().Format("2006-01-02 15:04:05"),
			p.Time.UTC().Format(time.RFC3339),
		},
		Clock:    p.Clock.note(),
		Frozen:   p.Clock.Frozen,
		Query:    p.Query,
		Self:     p.Query.with(func(*Query) {}),
		Pause:    p.Query.with(func(q *Query) { q.Paused = !q.Paused }),
		Notice:   notices[p.Query.Done],
		Problem:  p.Problem,
		Token:    p.Token,
		Actions:  ActionsPath,
		Several:  len(p.Accounts) > 1,
		Faults:   p.Faults[:min(len(p.Faults), maxPageFaults)],
		InForce:  len(p.Faults),
		Living:   p.Living,
		Ended:    p.Ended,
		Selected: p.Matching,
		Ticks:    axisTicks,

		AllRequests:   p.Answered,
		OlderRequests: p.Older,
	}
	v.Refresh = v.Self
	if p.Query.Paused {
		v.Events, v.Refresh = "", ""
	}
	v.MoreFaults = len(p.Faults) - len(v.Faults)
	v.addAccounts(p)
	if p.Story != nil {
		v.Story = v.storyView(p)
		return v
	}
	v.Connect = connectViewOf(p)
	v.addSessions(p)
	v.addConversions(p)
	v.Requests = requestViews(p)
	return v
}

func (v *pageView) addAccounts(p Page) {
	for _, a := range p.Accounts {
		v.Accounts = append(v.Accounts, accountView{
			ID: a.ID, Domain: a.Domain, Region: string(a.Region),
			Living: a.Living, Ended: a.Ended, Conversions: a.Conversions,
		})
	}
}

func (v *pageView) addSessions(p Page) {
	for _, f := range []filterView{
		{Value: "", Name: "All", Count: p.Living + p.Ended},
		{Value: ShowLiving, Name: "Living", Count: p.Living},
		{Value: ShowEnded, Name: "Ended", Count: p.Ended},
	} {
		f.Current = p.Query.Show == f.Value
		f.Address = p.Query.with(func(q *Query) { q.Show, q.Page = f.Value, 1 })
		v.Filters = append(v.Filters, f)
	}
	axis := axis{p.Time}
	for _, each := range p.Sessions {
		v.Sessions = append(v.Sessions, sessionViewOf(axis, each, p.Query))
	}
	v.Pager = pagerOf(p)
}

func pagerOf(p Page) *pagerView {
	if p.Matching <= SessionsPerPage && p.Query.Page == 1 {
		return nil
	}
	to := func(page int) string { return p.Query.with(func(q *Query) { q.Page = page }) }
	before := (p.Query.Page - 1) * SessionsPerPage
	pager := &pagerView{First: before + 1, Last: before + len(p.Sessions), Of: p.Matching}
	if p.Query.Page > 1 {
		pager.Begin, pager.Newer = to(1), to(p.Query.Page-1)
	}
	if pager.Last < p.Matching && len(p.Sessions) > 0 {
		pager.Older = to(p.Query.Page + 1)
	}
	return pager
}

func sessionViewOf(a axis, s Session, q Query) sessionView {
	view := sessionView{
		ID:        s.Session.ID,
		Size:      string(s.Session.Size),
		Region:    string(s.Region),
		Account:   s.Account,
		Status:    string(s.Session.Status),
		Class:     statusClassOf(s.Session.Status),
		Over:      !s.EndedAt.IsZero(),
		Since:     pageTimeOf(s.Since, a.now, time.TimeOnly),
		SinceSpan: span(a.now.Sub(s.Since)),
		Line:      a.timelineOf(s),
		Error:     errorText(s.Session.Error),
		Story:     q.story(s),
	}
	view.Lease, view.LeaseNote = leaseText(s, a.now)
	return view
}

func errorText(e *azremoterendering.ErrorDetail) string {
	if e == nil {
		return ""
	}
	return e.Code + ": " + e.Message
}

// portsText lists the known ports.
func portsText(s azremoterendering.Session) string {
	var ports []string
	if s.HandshakePort != 0 {
		ports = append(ports, fmt.Sprintf("handshake %d", s.HandshakePort))
	}
	if s.ArrInspectorPort != 0 {
		ports = append(ports, fmt.Sprintf("inspector %d", s.ArrInspectorPort))
	}
	return strings.Join(ports, ", ")
}

// leaseText says how much of the lease is left or, after the end, how much was used.
func leaseText(s Session, now time.Time) (lease, note string) {
	whole := span(s.Session.MaxLeaseTime)
	switch {
	case !s.EndedAt.IsZero() && s.ReadyAt.IsZero():
		return "Never Ready", "lease of " + whole + " unused"
	case !s.EndedAt.IsZero():
		return "Ready for " + span(s.EndedAt.Sub(s.ReadyAt)), "of a lease of " + whole
	case s.ReadyAt.IsZero():
		return whole + " of lease", "from Ready on"
	}
	end := pageTimeOf(s.LeaseEnd, now, time.TimeOnly)
	return span(s.LeaseEnd.Sub(now)) + " left", "of " + whole + ", until " + end.Text
}

// statusClassOf returns the class of a state.
func statusClassOf(status azremoterendering.SessionStatus) string {
	if slices.Contains(azremoterendering.PossibleSessionStatusValues(), status) {
		return strings.ToLower(string(status))
	}
	return otherStatus
}
