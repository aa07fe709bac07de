// SPDX-License-Identifier: MIT

package page

import (
	"fmt"
	"time"
)

// timeAxis is the axis of all time lines of the page. Two thirds of it are the past and one third
// is the future, so that the present stays in its place while the page reloads.
type timeAxis struct {
	now  time.Time
	past time.Duration
}

// axisSteps are the lengths of the past, in steps so that the axis seldom changes.
var axisSteps = []time.Duration{
	2 * time.Minute,
	4 * time.Minute,
	10 * time.Minute,
	20 * time.Minute,
	40 * time.Minute,
	time.Hour,
	2 * time.Hour,
	4 * time.Hour,
	8 * time.Hour,
	12 * time.Hour,
	24 * time.Hour,
}

// shownAfterEnd is how long after its end a session still counts for the length of the axis.
const shownAfterEnd = 15 * time.Minute

// newTimeAxis returns the shortest axis on which living and recent sessions fit, or the longest.
func newTimeAxis(now time.Time, sessions []Session) timeAxis {
	oldest := now
	for _, s := range sessions {
		matters := s.EndedAt.IsZero() || now.Sub(s.EndedAt) < shownAfterEnd
		if matters && s.Session.CreationTime.Before(oldest) {
			oldest = s.Session.CreationTime
		}
	}
	past := axisSteps[len(axisSteps)-1]
	for _, step := range axisSteps {
		if now.Sub(oldest) <= step {
			past = step
			break
		}
	}
	return timeAxis{now, past}
}

// The labels of the axis, from left to right.
func (a timeAxis) Begin() string  { return "−" + span(a.past) }
func (a timeAxis) Middle() string { return "−" + span(a.past/2) }
func (a timeAxis) End() string    { return "+" + span(a.past/2) }

func (a timeAxis) first() time.Time { return a.now.Add(-a.past) }
func (a timeAxis) last() time.Time  { return a.now.Add(a.past / 2) }

// at returns the position of a time, from 0 on the left to 100 on the right.
func (a timeAxis) at(t time.Time) float64 {
	place := float64(t.Sub(a.first())) / float64(a.past+a.past/2) * 100
	return min(max(place, 0), 100)
}

// bar is a stretch of time in one state.
type bar struct{ Class, X, Width, Title string }

// timeline shows the states of one session over time.
type timeline struct {
	Label   string // the same in words
	Bars    []bar
	EndX    string // the position of the end, if it is on the axis
	Earlier bool   // whether it ended before the axis begins
	Later   bool   // whether the lease ends after the axis
}

// minBarWidth is the narrowest visible bar, in percent.
const minBarWidth = 0.6

// add adds a state from one time to another.
func (t *timeline) add(a timeAxis, class, name string, from, to time.Time) {
	if !from.Before(to) {
		return
	}
	title := name + " for " + span(to.Sub(from))
	if from.Before(a.now) { // the future may still change
		t.Label += title + ", "
	}
	if !to.After(a.first()) || !from.Before(a.last()) {
		return
	}
	x := a.at(from)
	t.Bars = append(t.Bars, bar{class, percent(x), percent(max(a.at(to)-x, minBarWidth)), title})
}

func percent(f float64) string { return fmt.Sprintf("%.2f%%", f) }

// timelineOf draws a session.
func (a timeAxis) timelineOf(s Session) timeline {
	var t timeline
	until := a.now
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
	t.add(a, "starting", "Starting", s.Session.CreationTime, start)
	t.add(a, "ready", "Ready", start, ready)
	if foreign {
		t.add(a, otherStatus, string(s.Session.Status), s.Since, until)
	}
	if ended {
		t.Label += string(s.Session.Status) + " " + span(a.now.Sub(s.EndedAt)) + " ago"
		if t.Earlier = s.EndedAt.Before(a.first()); !t.Earlier {
			t.EndX = percent(a.at(s.EndedAt))
		}
		return t
	}
	t.plan(a, s)
	t.Label += "now " + string(s.Session.Status)
	return t
}

// plan adds the states to come if nothing changes.
func (t *timeline) plan(a timeAxis, s Session) {
	if s.LeaseEnd.IsZero() {
		return
	}
	readyAt := s.LeaseEnd.Add(-s.Session.MaxLeaseTime)
	t.add(a, "plan starting", "Still Starting", a.now, readyAt)
	t.add(a, "plan ready", "Lease left", later(a.now, readyAt), s.LeaseEnd)
	t.Later = s.LeaseEnd.After(a.last())
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
