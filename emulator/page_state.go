// SPDX-License-Identifier: MIT

package emulator

import (
	"cmp"
	"slices"
	"time"

	"github.com/arr-go/azremoterendering/emulator/internal/page"
	"github.com/arr-go/azremoterendering/service"
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
	e.conversions.selectFor(&p)
	records, older := e.requests.latest(pageRequests, func(r *RequestRecord) bool {
		return q.MatchesText(r.SessionID, r.ConversionID, r.Operation, r.ErrorCode, r.CorrelationVector)
	})
	for _, r := range records {
		p.Requests = append(p.Requests, pageRequest(r))
	}
	p.Older = older
	e.store.selectFor(&p)
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
	e.store.askAbout(at, q.Session)
	if shown, found := e.store.shown(at, q.Session); found {
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

// shown returns a session as the page shows it.
func (m *memory) shown(in service.PartitionKey, id string) (s page.Session, found bool) {
	now := m.lock()
	defer m.unlock()
	r := m.find(in, id)
	if r == nil {
		return s, false
	}
	return r.shownAt(now), true
}

// selection is a session that a page may show, and what its place depends on.
type selection struct {
	record *record
	ended  bool
	at     time.Time // of its end or, while it lives, of its creation
}

// selectFor adds the sessions of a page, and the counts of all.
func (m *memory) selectFor(p *page.Page) {
	m.ask(func(*record) bool { return true })
	selected := m.matching(p)
	p.Matching = len(selected)
	slices.SortFunc(selected, func(a, b selection) int {
		if a.ended != b.ended {
			if b.ended {
				return -1
			}
			return 1
		}
		return cmp.Or(b.at.Compare(a.at), cmp.Compare(b.record.sequence, a.record.sequence),
			cmp.Compare(a.record.partition.key.Region, b.record.partition.key.Region),
			cmp.Compare(a.record.partition.key.AccountID, b.record.partition.key.AccountID))
	})
	first := min((p.Query.Page-1)*page.SessionsPerPage, len(selected))
	selected = selected[first:min(first+page.SessionsPerPage, len(selected))]
	p.Time = m.lock()
	defer m.unlock()
	for _, s := range selected {
		if !s.record.forgotten {
			p.Sessions = append(p.Sessions, s.record.shownAt(p.Time))
		}
	}
}

// matching returns the sessions that a query selects, in no order, and counts all.
func (m *memory) matching(p *page.Page) (selected []selection) {
	now := m.lock()
	defer m.unlock()
	counts := make(map[string]*page.Account, len(p.Accounts))
	for i := range p.Accounts {
		counts[p.Accounts[i].ID] = &p.Accounts[i]
	}
	for key, partition := range m.partitions {
		account := counts[key.AccountID]
		for _, r := range partition.sessions {
			s := selection{r, r.EndedAs != "", r.CreatedAt}
			if s.ended {
				s.at = r.EndedAt
				account.Ended++
			} else {
				account.Living++
			}
			if !(p.Query.Show == page.ShowLiving && s.ended || p.Query.Show == page.ShowEnded && !s.ended) &&
				r.matchesQuery(&p.Query, now) {
				selected = append(selected, s)
			}
		}
	}
	for _, account := range p.Accounts {
		p.Living += account.Living
		p.Ended += account.Ended
	}
	return selected
}

// selectFor adds the conversions of a page, and counts all.
func (c *conversions) selectFor(p *page.Page) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.clock.Now()
	for key, partition := range c.partitions {
		c.forget(partition, now)
		p.AllConversions += len(partition.listed)
		for i := range p.Accounts {
			if p.Accounts[i].ID == key.AccountID {
				p.Accounts[i].Conversions += len(partition.listed)
			}
		}
		taken := 0
		for _, r := range slices.Backward(partition.listed) { // the newest first
			if p.Query.Search != "" && !p.Query.MatchesText(r.ID, key.AccountID, string(key.Region),
				string(r.Conversion(now).Status)) {
				continue
			}
			p.MatchingConversions++
			if taken < page.MaxConversions {
				p.Conversions = append(p.Conversions, shownConversion(key, r.ConversionFacts, now))
				taken++
			}
		}
	}
	slices.SortStableFunc(p.Conversions, func(a, b page.Conversion) int {
		return cmp.Or(b.Conversion.CreationTime.Compare(a.Conversion.CreationTime),
			cmp.Compare(a.Region, b.Region), cmp.Compare(a.Account, b.Account))
	})
	p.Conversions = p.Conversions[:min(len(p.Conversions), page.MaxConversions)]
}

func (r *record) matchesQuery(q *page.Query, now time.Time) bool {
	if q.Search == "" {
		return true
	}
	return q.MatchesText(r.ID, string(r.Size), r.Hostname, string(r.partition.key.Region),
		r.partition.key.AccountID, string(r.Facts.Session(now).Status))
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
