// SPDX-License-Identifier: MIT

package page

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// requestView is a request, or the line into which token requests are folded.
type requestView struct {
	Sequence                       uint64
	Time                           pageTime
	Operation, Account, Region, ID string
	Story                          string // the address of its session; may be empty
	Status                         int
	StatusText, StatusClass        string
	ErrorCode                      string
	CorrelationVector, Duration    string
	Faults                         []string

	Folded []requestView // newest first; then the rest of this is the newest of them
	Fold   string        // what they are
}

// requestViews returns the requests, newest first. Token requests that have nothing remarkable are
// one line, at the newest of them.
func requestViews(p Page) (views []requestView) {
	fold := -1 // the place of the line
	for _, r := range slices.Backward(p.Requests) {
		view := requestViewOf(r, p.Time)
		if r.Session != "" {
			s := Session{Account: r.Account, Region: r.Region}
			s.Session.ID = r.Session
			view.Story = p.Query.story(s)
		}
		switch {
		case !folds(view):
			views = append(views, view)
		case fold < 0:
			fold = len(views)
			views = append(views, view)
			views[fold].Folded = []requestView{view}
		default:
			views[fold].Folded = append(views[fold].Folded, view)
		}
	}
	if fold >= 0 {
		tokens := views[fold].Folded
		views[fold].Fold = fmt.Sprintf("%s since %s",
			plural(len(tokens), "token request"), tokens[len(tokens)-1].Time.Text)
	}
	return views
}

// folds reports whether a request needs no line of its own.
func folds(v requestView) bool {
	return v.Operation == "GetToken" && v.Status == 200 && len(v.Faults) == 0
}

func requestViewOf(r Request, now time.Time) requestView {
	operation := r.Operation
	if operation == "unknown" {
		operation = "unknown " + r.Method
	}
	return requestView{
		Sequence:          r.Sequence,
		Time:              pageTimeOf(r.Time, now, "15:04:05.000"),
		Operation:         operation,
		Account:           r.Account,
		Region:            string(r.Region),
		ID:                cmp.Or(r.Session, r.Conversion),
		Status:            r.Status,
		StatusText:        statusText(r.Status),
		StatusClass:       statusClass(r.Status),
		ErrorCode:         r.ErrorCode,
		CorrelationVector: r.CorrelationVector,
		Duration:          latency(r.Duration),
		Faults:            r.Faults,
	}
}
