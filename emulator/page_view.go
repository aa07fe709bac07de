// SPDX-License-Identifier: MIT

package emulator

import (
	"fmt"
	"html/template"
	"slices"
	"strings"
	"time"

	"github.com/arr-go/azremoterendering"
)

// The page stays short however much there is.
const (
	maxPageSessions = 100
	maxPageFaults   = 50
	maxPageRequests = 50
)

// otherStatus is the class of a state that this package does not know; the others have the class of
// their name.
const otherStatus = "other"

// pageView is what the template shows. All text in it is plain: the template escapes it.
type pageView struct {
	Style   template.CSS
	Refresh bool // the page comes again by itself
	Now     pageTime

	Accounts []accountView
	Several  bool // there are several accounts, so say which is meant

	Faults              []pageFault // in their order
	InForce, MoreFaults int         // of all, and of those not shown

	Sessions      []sessionView // newest first
	Axis          timeAxis
	Living, Ended int    // of all
	Rest          string // what of the sessions is not shown, or empty

	Requests []requestView // newest first
}

type accountView struct {
	ID, Domain, Region string
	Living, Ended      int
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
	Time                                pageTime
	Operation, Account, Region, Session string
	Status                              int
	StatusText, StatusClass             string
	CorrelationVector, Duration         string
	Faults                              []string
}

// newPageView selects and words what the page shows.
func newPageView(s snapshot, requests []requestRecord, faults []pageFault) pageView {
	v := pageView{
		Style: template.CSS(pageStyle), // #nosec G203 -- a constant of this package
		Now: pageTime{
			s.time.UTC().Format("2006-01-02 15:04:05"),
			s.time.UTC().Format(time.RFC3339),
		},
		Several: len(s.accounts) > 1,
		Faults:  faults[:min(len(faults), maxPageFaults)],
		InForce: len(faults),
	}
	v.MoreFaults = len(faults) - len(v.Faults)
	for _, a := range s.accounts {
		row := accountView{ID: a.id, Domain: a.domain, Region: string(a.region)}
		for _, each := range s.sessions {
			if each.account == a.id {
				count(each, &row.Living, &row.Ended)
			}
		}
		v.Accounts = append(v.Accounts, row)
		v.Living += row.Living
		v.Ended += row.Ended
	}
	v.addSessions(s)
	v.addRequests(requests, s.time)
	return v
}

func count(s sessionSnapshot, living, ended *int) {
	if s.endedAt.IsZero() {
		*living++
	} else {
		*ended++
	}
}

func (v *pageView) addSessions(s snapshot) {
	newest := slices.Clone(s.sessions)
	slices.Reverse(newest) // of the same time, the later one first as well
	slices.SortStableFunc(newest, func(a, b sessionSnapshot) int {
		return b.session.CreationTime.Compare(a.session.CreationTime)
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
	v.Axis = newTimeAxis(s.time, shown)
	for _, each := range shown {
		v.Sessions = append(v.Sessions, v.sessionView(each))
	}
}

func (v *pageView) sessionView(s sessionSnapshot) sessionView {
	now := v.Axis.now
	view := sessionView{
		ID:        s.session.ID,
		Size:      string(s.session.Size),
		Region:    string(s.region),
		Account:   s.account,
		Status:    string(s.session.Status),
		Class:     statusClassOf(s.session.Status),
		Over:      !s.endedAt.IsZero(),
		Since:     pageTimeOf(s.since, now, time.TimeOnly),
		SinceSpan: span(now.Sub(s.since)),
		Ports:     portsText(s.session),
		Line:      v.Axis.timelineOf(s),
	}
	if s.session.Hostname != "" {
		view.Host = strings.Split(s.session.Hostname, ".")
	}
	if e := s.session.Error; e != nil {
		view.Error = e.Code + ": " + e.Message
	}
	view.Lease, view.LeaseNote = leaseText(s, now)
	return view
}

// portsText names the ports that there are.
func portsText(s session) string {
	var ports []string
	if s.HandshakePort != 0 {
		ports = append(ports, fmt.Sprintf("handshake %d", s.HandshakePort))
	}
	if s.ArrInspectorPort != 0 {
		ports = append(ports, fmt.Sprintf("inspector %d", s.ArrInspectorPort))
	}
	return strings.Join(ports, ", ")
}

// leaseText says what is left of the lease, or what was used of it. The emulator knows that
// exactly.
func leaseText(s sessionSnapshot, now time.Time) (lease, note string) {
	whole := span(s.session.MaxLeaseTime)
	switch {
	case !s.endedAt.IsZero() && s.readyAt.IsZero():
		return "Never Ready", "lease of " + whole + " unused"
	case !s.endedAt.IsZero():
		return "Ready for " + span(s.endedAt.Sub(s.readyAt)), "of a lease of " + whole
	case s.readyAt.IsZero():
		return whole + " of lease", "from Ready on"
	}
	end := pageTimeOf(s.leaseEnd, now, time.TimeOnly)
	return span(s.leaseEnd.Sub(now)) + " left", "of " + whole + ", until " + end.Text
}

// statusClassOf returns the class of a state.
func statusClassOf(status sessionStatus) string {
	if slices.Contains(azremoterendering.PossibleSessionStatusValues(), status) {
		return strings.ToLower(string(status))
	}
	return otherStatus
}

func (v *pageView) addRequests(requests []requestRecord, now time.Time) {
	recent := requests[max(len(requests)-maxPageRequests, 0):]
	for _, r := range slices.Backward(recent) {
		operation := r.operation
		if operation == "unknown" {
			operation = "unknown " + r.method
		}
		v.Requests = append(v.Requests, requestView{
			Time:              pageTimeOf(r.time, now, "15:04:05.000"),
			Operation:         operation,
			Account:           r.account,
			Region:            string(r.region),
			Session:           r.session,
			Status:            r.status,
			StatusText:        statusText(r.status),
			StatusClass:       statusClass(r.status),
			CorrelationVector: r.correlationVector,
			Duration:          latency(r.duration),
			Faults:            faultNames(r),
		})
	}
}
