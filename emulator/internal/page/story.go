// SPDX-License-Identifier: MIT

package page

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"time"
)

// storyView is all that is known of one session, on one axis.
type storyView struct {
	sessionView
	Unknown       bool
	Created       pageTime
	Host          []string // the labels of the name, between which a line may break
	Ports         string
	Back          string // the address of the list
	Bars          []bar
	Marks         []mark // requests
	Begin, End    string // the labels of the axis
	Events        []eventView
	RequestCount  int
	Earlier       int
	StruckByFault int // how many requests
}

// mark is a request on the axis.
type mark struct {
	X, Class, Title string
	Struck          bool // by a fault
}

// eventView is something that happened: a change of the state, or a request.
type eventView struct {
	Time  pageTime
	After string // the time since the beginning
	Class string

	State, Note string // of a change
	Future      bool   // whether it has not happened yet

	Request   *requestView // nil for a change
	UserAgent string
	// Sent and Answered are the bodies, indented.
	Sent, Answered string

	at time.Time
}

func (v *pageView) storyView(p Page) *storyView {
	s := p.Story.Session
	story := &storyView{
		sessionView: sessionViewOf(axis{p.Time}, s, p.Query),
		Unknown:     p.Story.Unknown,
		Created:     pageTimeOf(s.Session.CreationTime, p.Time, time.TimeOnly),
		Ports:       portsText(s.Session),
		Back: p.Query.with(func(q *Query) {
			q.Session, q.Account, q.Region = "", "", ""
		}),
		RequestCount: len(p.Story.Requests),
		Earlier:      p.Story.Earlier,
	}
	if s.Session.Hostname != "" {
		story.Host = strings.Split(s.Session.Hostname, ".")
	}
	story.addEvents(p)
	story.draw(p)
	return story
}

// addEvents lists what happened, oldest first.
func (v *storyView) addEvents(p Page) {
	for _, r := range p.Story.Requests {
		view := requestViewOf(r, p.Time)
		if len(r.Faults) > 0 {
			v.StruckByFault++
		}
		v.Events = append(v.Events, eventView{
			at: r.Time, Class: view.StatusClass, Request: &view, UserAgent: r.UserAgent,
			Sent: indented(r.RequestBody), Answered: indented(r.ResponseBody),
		})
	}
	if !v.Unknown {
		v.Events = append(v.Events, changesOf(p.Story.Session, p.Time)...)
	}
	slices.SortStableFunc(v.Events, func(a, b eventView) int { return a.at.Compare(b.at) })
	for i := range v.Events {
		e := &v.Events[i]
		e.Time = pageTimeOf(e.at, p.Time, "15:04:05.000")
		if since := e.at.Sub(v.Events[0].at); since > 0 {
			e.After = "+" + fineSpan(since)
		}
	}
}

// changesOf returns the changes of the state of a session.
func changesOf(s Session, now time.Time) (changes []eventView) {
	for _, p := range phasesOf(s, now) {
		changes = append(changes, eventView{at: p.From, State: p.Name, Class: p.Class})
	}
	switch {
	case !s.EndedAt.IsZero():
		changes = append(changes, eventView{
			at: s.EndedAt, State: string(s.Session.Status), Class: statusClassOf(s.Session.Status),
			Note: errorText(s.Session.Error),
		})
	case !s.LeaseEnd.IsZero():
		changes = append(changes, eventView{
			at: s.LeaseEnd, State: "Expires", Class: "expired", Future: true,
			Note: "unless the lease is extended or the session stopped; in " + span(s.LeaseEnd.Sub(now)),
		})
	}
	return changes
}

// draw draws the past on an axis that is to scale: from the first event to the last or, while the
// session lives, to the present.
func (v *storyView) draw(p Page) {
	if len(v.Events) == 0 {
		return
	}
	first, last := v.Events[0].at, v.Events[0].at
	for _, e := range v.Events {
		if !e.Future {
			last = later(last, e.at)
		}
	}
	v.End = "end"
	if !v.Unknown && !v.Over {
		last, v.End = p.Time, "now"
	}
	whole := max(last.Sub(first), time.Second)
	at := func(t time.Time) float64 {
		return min(max(float64(t.Sub(first))/float64(whole)*98+1, 0), 100)
	}
	v.Begin, v.End = v.Events[0].Time.Text, v.End+", +"+fineSpan(whole)
	if !v.Unknown {
		for _, phase := range phasesOf(p.Story.Session, p.Time) {
			x := at(phase.From)
			v.Bars = append(v.Bars, bar{
				phase.Class, percent(x), percent(max(at(phase.To)-x, minBar/2)),
				phase.Name + " for " + fineSpan(phase.To.Sub(phase.From)),
			})
		}
		if v.Over {
			v.Line.EndX = percent(at(p.Story.EndedAt))
		}
	}
	for _, e := range v.Events {
		if r := e.Request; r != nil {
			title := r.Operation + ", " + r.StatusText + ", " + e.Time.Text
			for _, f := range r.Faults {
				title += ", fault " + f
			}
			v.Marks = append(v.Marks, mark{percent(at(e.at)), r.StatusClass, title, len(r.Faults) > 0})
		}
	}
}

// indented returns JSON on several lines; other text as it is.
func indented(text string) string {
	var out bytes.Buffer
	if json.Indent(&out, []byte(text), "", "  ") != nil {
		return text
	}
	return out.String()
}
