// SPDX-License-Identifier: MIT

package emulator

import (
	"cmp"
	"slices"

	"github.com/arr-go/azremoterendering/emulator/internal/page"
)

const (
	pageRequests  = 60  // that the page shows
	storyRequests = 100 // that the story of a session shows, with bodies
)

// pageState returns what a page shows. However many sessions there are, it looks at the facts of
// each, and draws those of one page.
func (e *Emulator) pageState(q page.Query) page.Page {
	p := page.Page{Query: q}
	clock := e.clock.State()
	p.Clock = page.Clock{Scale: clock.Scale, Frozen: clock.Frozen, Offset: clock.Offset}
	p.Accounts = slices.Clone(e.accounts)
	p.Answered = e.requests.newest()
	if q.Session != "" {
		p.Time = clock.Now
		p.Story = e.storyOf(q)
		return p
	}
	for _, fault := range e.Faults() {
		p.Faults = append(p.Faults, pageFault(fault))
	}
	e.conversions.Select(&p)
	records, older := e.requests.latest(pageRequests, func(r *RequestRecord) bool {
		return q.MatchesText(r.SessionID, r.ConversionID, r.Operation, r.ErrorCode, r.CorrelationVector)
	})
	for _, r := range records {
		p.Requests = append(p.Requests, pageRequest(r))
	}
	p.Older = older
	e.store.Select(&p)
	return p
}

// storyOf returns what is known of the session that a query names.
func (e *Emulator) storyOf(q page.Query) *page.Story {
	at := e.home
	if id := e.accountID(q.Account); id != "" {
		at.AccountID = id
	}
	at.Region = cmp.Or(q.Region, at.Region)
	story := &page.Story{Unknown: true}
	story.Session.Account, story.Session.Region = at.AccountID, at.Region
	story.Session.Session.ID = q.Session
	if shown, found := e.store.Session(at, q.Session); found {
		story.Session, story.Unknown = shown, false
	}
	records, earlier := e.requests.latest(storyRequests, func(r *RequestRecord) bool {
		return r.SessionID == q.Session && r.AccountID == at.AccountID && r.Region == at.Region
	})
	for _, r := range records {
		shown := pageRequest(r)
		shown.UserAgent = r.UserAgent
		shown.RequestBody, shown.ResponseBody = r.RequestBody, r.ResponseBody
		story.Requests = append(story.Requests, shown)
	}
	story.Earlier = earlier
	return story
}

func pageRequest(r RequestRecord) page.Request {
	return page.Request{
		Sequence:          r.Sequence,
		Time:              r.Time,
		Operation:         r.Operation,
		Method:            r.Method,
		Account:           r.AccountID,
		Region:            r.Region,
		Session:           r.SessionID,
		Conversion:        r.ConversionID,
		Status:            r.Status,
		ErrorCode:         r.ErrorCode,
		CorrelationVector: r.CorrelationVector,
		Duration:          r.Duration,
		Faults:            r.Faults,
	}
}
