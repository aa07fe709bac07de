// SPDX-License-Identifier: MIT

package page

import (
	"fmt"
	"math"
	"time"
)

// The axis of all sessions is logarithmic to both sides of the present, so that it can stay the
// same and still tell 28 minutes from 8 hours, and a lease of 5 minutes from one of a day.
const (
	axisNow   = 40.0            // where the present is, in percent
	axisUnit  = time.Minute     // shorter times are nearly to scale
	axisReach = 24 * time.Hour  // to both ends
	minBar    = 0.6             // the narrowest visible bar, in percent
	soon      = 5 * time.Minute // before the end of a lease
)

// tick is a label of the axis.
type tick struct {
	X, Text string
	Wide    bool // whether there is room for it on wide screens only
	Now     bool
}

var axisTicks = []tick{
	{X: position(-8 * time.Hour), Text: "−8 h", Wide: true},
	{X: position(-time.Hour), Text: "−1 h"},
	{X: position(-10 * time.Minute), Text: "−10 min", Wide: true},
	{X: position(0), Text: "now", Now: true},
	{X: position(10 * time.Minute), Text: "10 min", Wide: true},
	{X: position(time.Hour), Text: "1 h"},
	{X: position(8 * time.Hour), Text: "8 h"},
}

// axis places times around the present.
type axis struct{ now time.Time }

// at returns the position of a time, from 0 on the left to 100 on the right.
func (a axis) at(t time.Time) float64 { return place(t.Sub(a.now)) }

func place(d time.Duration) float64 {
	scaled := math.Log1p(math.Abs(float64(d))/float64(axisUnit)) /
		math.Log1p(float64(axisReach)/float64(axisUnit))
	if d < 0 {
		return max(axisNow-scaled*axisNow, 0)
	}
	return min(axisNow+scaled*(100-axisNow), 100)
}

func position(d time.Duration) string { return percent(place(d)) }

func percent(f float64) string { return fmt.Sprintf("%.2f%%", f) }

// bar is a stretch of time in one state.
type bar struct{ Class, X, Width, Title string }

// timeline shows the states of one session over time.
type timeline struct {
	Label   string // the same in words
	Bars    []bar
	EndX    string // the position of the end, if it has ended
	Earlier bool   // whether it ended before the axis begins
}

// add adds a state from one time to another.
func (t *timeline) add(a axis, class, name string, from, to time.Time) {
	if !from.Before(to) {
		return
	}
	title := name + " for " + span(to.Sub(from))
	if from.Before(a.now) { // the future may still change
		t.Label += title + ", "
	}
	x := a.at(from)
	width := max(a.at(to)-x, minBar)
	if to.Before(a.now.Add(-axisReach)) {
		return
	}
	t.Bars = append(t.Bars, bar{class, percent(x), percent(width), title})
}

// phase is a state that a session has, had or will have.
type phase struct {
	Class, Name string
	From, To    time.Time
}

// phasesOf returns the states of a session up to now, in their order.
func phasesOf(s Session, now time.Time) (phases []phase) {
	until := now
	ended := !s.EndedAt.IsZero()
	if ended {
		until = s.EndedAt
	}
	start, ready := until, until // the ends of these two states
	if !s.ReadyAt.IsZero() {
		start = earlier(s.ReadyAt, until)
	}
	foreign := !ended && statusClassOf(s.Session.Status) == otherStatus
	if foreign {
		start, ready = earlier(start, s.Since), s.Since
	}
	add := func(class, name string, from, to time.Time) {
		if from.Before(to) {
			phases = append(phases, phase{class, name, from, to})
		}
	}
	add("starting", "Starting", s.Session.CreationTime, start)
	add("ready", "Ready", start, ready)
	if foreign {
		add(otherStatus, string(s.Session.Status), s.Since, until)
	}
	return phases
}

// timelineOf draws a session.
func (a axis) timelineOf(s Session) timeline {
	var t timeline
	for _, p := range phasesOf(s, a.now) {
		t.add(a, p.Class, p.Name, p.From, p.To)
	}
	if !s.EndedAt.IsZero() {
		t.Label += string(s.Session.Status) + " " + span(a.now.Sub(s.EndedAt)) + " ago"
		if t.Earlier = s.EndedAt.Before(a.now.Add(-axisReach)); !t.Earlier {
			t.EndX = percent(a.at(s.EndedAt))
		}
		return t
	}
	t.plan(a, s)
	t.Label += "now " + string(s.Session.Status)
	return t
}

// plan adds the states to come if nothing changes.
func (t *timeline) plan(a axis, s Session) {
	if s.LeaseEnd.IsZero() {
		return
	}
	readyAt := s.LeaseEnd.Add(-s.Session.MaxLeaseTime)
	class := "plan ready"
	if s.LeaseEnd.Sub(a.now) < soon {
		class = "plan soon"
	}
	t.add(a, "plan starting", "Still Starting", a.now, readyAt)
	t.add(a, class, "Lease left", later(a.now, readyAt), s.LeaseEnd)
}

func earlier(t, u time.Time) time.Time {
	if u.Before(t) {
		return u
	}
	return t
}

func later(t, u time.Time) time.Time {
	if u.After(t) {
		return u
	}
	return t
}
