// SPDX-License-Identifier: MIT

package page

import (
	"cmp"
	"fmt"
	"html/template"
	"slices"
	"strings"
	"time"

	"github.com/arr-go/azremoterendering"
)

// Limits that keep the page short.
const (
	maxPageSessions    = 100
	maxPageConversions = 50
	maxPageFaults      = 50
	maxPageRequests    = 50
)

// otherStatus is the class of unknown states; known states have the class of their name.
const otherStatus = "other"

// pageView is the input of the template. Its text is plain: the template escapes it.
type pageView struct {
	Style   template.CSS
	Refresh bool // whether the page reloads itself
	Now     pageTime
	Clock   string // what is special about it; may be empty

	Accounts []accountView
	Several  bool // whether to name the account, because there are several

	Faults              []Fault // in their order
	InForce, MoreFaults int     // how many there are, and how many are not shown

	Sessions      []sessionView // newest first
	Axis          timeAxis
	Living, Ended int    // counts of all sessions
	Rest          string // says how many sessions are not shown; may be empty

	Conversions                     []conversionView // newest first
	AllConversions, MoreConversions int              // how many there are, and how many are not shown

	Requests []requestView // newest first
}

type accountView struct {
	ID, Domain, Region string
	Living, Ended      int // sessions
	Conversions        int
}

type sessionView struct {
	ID, Size, Region, Account string
	Status, Class             string
	Over                      bool
	Since                     pageTime
	SinceSpan                 string
	Lease, LeaseNote          string
	Host                      []string // the labels of the name, between which a line may break
	Ports                     string
	Error                     string
	Line                      timeline
}

type requestView struct {
	Time                           pageTime
	Operation, Account, Region, ID string
	Status                         int
	StatusText, StatusClass        string
	CorrelationVector, Duration    string
	Faults                         []string
}

// newPageView selects what the page shows, and formats it.
func newPageView(s State) pageView {
	v := pageView{
		Refresh: s.Refresh,
		Style:   template.CSS(pageStyle), // #nosec G203 -- a constant of this package
		Now: pageTime{
			s.Time.UTC().Format("2006-01-02 15:04:05"),
			s.Time.UTC().Format(time.RFC3339),
		},
		Clock:   s.Clock.note(),
		Several: len(s.Accounts) > 1,
		Faults:  s.Faults[:min(len(s.Faults), maxPageFaults)],
		InForce: len(s.Faults),
	}
	v.MoreFaults = len(s.Faults) - len(v.Faults)
	for _, a := range s.Accounts {
		row := accountView{ID: a.ID, Domain: a.Domain, Region: string(a.Region)}
		for _, each := range s.Sessions {
			if each.Account == a.ID {
				count(each, &row.Living, &row.Ended)
			}
		}
		for _, each := range s.Conversions {
			if each.Account == a.ID {
				row.Conversions++
			}
		}
		v.Accounts = append(v.Accounts, row)
		v.Living += row.Living
		v.Ended += row.Ended
	}
	v.addSessions(s)
	v.addConversions(s)
	v.addRequests(s.Requests, s.Time)
	return v
}

func count(s Session, living, ended *int) {
	if s.EndedAt.IsZero() {
		*living++
	} else {
		*ended++
	}
}

func (v *pageView) addSessions(s State) {
	newest := slices.Clone(s.Sessions)
	slices.Reverse(newest) // so that of sessions of the same time, the later one is first too
	slices.SortStableFunc(newest, func(a, b Session) int {
		return b.Session.CreationTime.Compare(a.Session.CreationTime)
	})
	shown := newest[:min(len(newest), maxPageSessions)]
	if rest := newest[len(shown):]; len(rest) > 0 {
		living, ended := 0, 0
		for _, each := range rest {
			count(each, &living, &ended)
		}
		v.Rest = fmt.Sprintf(
			"Not shown: %s, of which %d living and %d ended.",
			plural(len(rest), "older session"),
			living,
			ended,
		)
	}
	v.Axis = newTimeAxis(s.Time, shown)
	for _, each := range shown {
		v.Sessions = append(v.Sessions, v.sessionView(each))
	}
}

func (v *pageView) sessionView(s Session) sessionView {
	now := v.Axis.now
	view := sessionView{
		ID:        s.Session.ID,
		Size:      string(s.Session.Size),
		Region:    string(s.Region),
		Account:   s.Account,
		Status:    string(s.Session.Status),
		Class:     statusClassOf(s.Session.Status),
		Over:      !s.EndedAt.IsZero(),
		Since:     pageTimeOf(s.Since, now, time.TimeOnly),
		SinceSpan: span(now.Sub(s.Since)),
		Ports:     portsText(s.Session),
		Line:      v.Axis.timelineOf(s),
	}
	if s.Session.Hostname != "" {
		view.Host = strings.Split(s.Session.Hostname, ".")
	}
	if e := s.Session.Error; e != nil {
		view.Error = e.Code + ": " + e.Message
	}
	view.Lease, view.LeaseNote = leaseText(s, now)
	return view
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

func (v *pageView) addRequests(requests []Request, now time.Time) {
	recent := requests[max(len(requests)-maxPageRequests, 0):]
	for _, r := range slices.Backward(recent) {
		operation := r.Operation
		if operation == "unknown" {
			operation = "unknown " + r.Method
		}
		v.Requests = append(v.Requests, requestView{
			Time:              pageTimeOf(r.Time, now, "15:04:05.000"),
			Operation:         operation,
			Account:           r.Account,
			Region:            string(r.Region),
			ID:                cmp.Or(r.Session, r.Conversion),
			Status:            r.Status,
			StatusText:        statusText(r.Status),
			StatusClass:       statusClass(r.Status),
			CorrelationVector: r.CorrelationVector,
			Duration:          latency(r.Duration),
			Faults:            r.Faults,
		})
	}
}
