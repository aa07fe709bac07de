// SPDX-License-Identifier: MIT

package emulator

import (
	"cmp"
	"io"
	"net/http"
	"strconv"

	"github.com/arr-go/azremoterendering/emulator/internal/clock"
	"github.com/arr-go/azremoterendering/emulator/internal/conversions"
	"github.com/arr-go/azremoterendering/emulator/internal/memory"
	"github.com/arr-go/azremoterendering/service"
)

const eventStreamType = "text/event-stream"

// adminEvents answers with a stream of what happens: the body comes from openEvents. It takes a
// place for the reader.
func (e *Emulator) adminEvents(r *http.Request, _ []string) service.Answer {
	refused := refuseQuery(r, "since")
	_, valid := e.eventCursor(r)
	switch {
	case refused != nil:
	case !valid:
		refused = service.BadRequest("since and Last-Event-ID must be the number of a request.")
	case e.streams.Add(1) > maxStreams:
		e.streams.Add(-1)
		refused = refusal(http.StatusTooManyRequests, "Too many clients read the events already.")
		refused.Header = http.Header{"Retry-After": {"5"}}
	}
	if refused != nil {
		return e.service.Refuse(refused)
	}
	return eventsAnswer()
}

// eventsAnswer returns the beginning of an answer whose body is a stream.
func eventsAnswer() service.Answer {
	return service.Answer{Status: http.StatusOK, Header: http.Header{
		"Content-Type":      {eventStreamType},
		"X-Accel-Buffering": {"no"}, // a proxy must not keep events back
	}}
}

// eventCursor returns the number of the last request that the reader knows. It is nil if there is
// none, or if it is of an earlier run of the emulator.
func (e *Emulator) eventCursor(r *http.Request) (since *uint64, valid bool) {
	text := cmp.Or(r.URL.Query().Get("since"), r.Header.Get("Last-Event-ID"))
	if text == "" {
		return nil, true
	}
	number, err := strconv.ParseUint(text, 10, 63)
	if err != nil {
		return nil, false
	}
	if number > e.requests.newest() {
		return nil, true
	}
	return &number, true
}

// openEvents returns the body of an answer of adminEvents, and nil for other answers.
func (e *Emulator) openEvents(r *http.Request, a service.Answer) io.ReadCloser {
	if a.Header.Get("Content-Type") != eventStreamType {
		return nil
	}
	since, _ := e.eventCursor(r)
	return e.newEventStream(r.Context(), since, &e.streams)
}

// eventsSeen is what a reader of events knows. forgetReader frees what is kept for it.
type eventsSeen struct {
	requests    uint64 // the number of the last one
	sessions    *memory.Reader
	conversions *conversions.Reader
	faults      map[int]int // how many requests each has affected
	clock       *clock.Setting
}

// adminSessionEvent is a change of a session. From is empty if it is new, To if it is forgotten.
type adminSessionEvent struct {
	Account string        `json:"account"`
	Region  string        `json:"region"`
	ID      string        `json:"id"`
	From    string        `json:"from,omitempty"`
	To      string        `json:"to,omitempty"`
	Session *adminSession `json:"session,omitempty"`
}

// adminConversionEvent is the same for a conversion.
type adminConversionEvent struct {
	Account    string           `json:"account"`
	Region     string           `json:"region"`
	ID         string           `json:"id"`
	From       string           `json:"from,omitempty"`
	To         string           `json:"to,omitempty"`
	Conversion *adminConversion `json:"conversion,omitempty"`
}

// adminFaultEvent says that a fault is in force, has affected requests, or was removed; then Fault
// is nil.
type adminFaultEvent struct {
	ID     int         `json:"id"`
	Change string      `json:"change"` // injected, affected or removed
	Fault  *FaultState `json:"fault,omitempty"`
}

// adminLostEvent says how many requests a reader has missed.
type adminLostEvent struct {
	Requests uint64 `json:"requests"`
}

type sendEvent func(name string, id uint64, data any)

// eventsNow returns a reader of what happens from now on.
func (e *Emulator) eventsNow() eventsSeen {
	seen := eventsSeen{
		sessions:    e.store.JoinChanges(),
		conversions: e.conversions.JoinChanges(),
		requests:    e.requests.newest(),
		faults:      make(map[int]int),
		clock:       e.clock.Setting(),
	}
	e.faultChanges(&seen, func(string, uint64, any) {})
	return seen
}

func (e *Emulator) forgetReader(seen eventsSeen) {
	e.store.LeaveChanges(seen.sessions)
	e.conversions.LeaveChanges(seen.conversions)
}

// changes sends what has changed, and notes it as seen. Of many changes it sends the first ones, and
// reports that there are more.
func (e *Emulator) changes(seen *eventsSeen, send sendEvent) (more bool, err error) {
	e.settingChanges(seen, send)
	requests := e.requests.since(seen.requests)
	if requests.lost > 0 {
		seen.requests += requests.lost
		send("lost", 0, adminLostEvent{requests.lost})
	}
	for _, r := range requests.records[:min(len(requests.records), eventBatch)] {
		seen.requests = r.Sequence
		send("request", r.Sequence, adminRecordOf(r))
	}
	moreSessions, err := e.sessionChanges(seen, send)
	if err != nil {
		return false, err
	}
	moreConversions, err := e.conversionChanges(seen, send)
	return len(requests.records) > eventBatch || moreSessions || moreConversions, err
}

// anyChange reports whether anything has changed, and notes all as seen.
func (e *Emulator) anyChange(seen *eventsSeen) bool {
	before := seen.requests
	seen.requests = max(before, e.requests.newest())
	changed := seen.requests > before
	e.settingChanges(seen, func(string, uint64, any) { changed = true })
	sessions := e.store.PassChanges(seen.sessions)
	conversions := e.conversions.PassChanges(seen.conversions)
	return changed || sessions || conversions
}

func (e *Emulator) settingChanges(seen *eventsSeen, send sendEvent) {
	if setting := e.clock.Setting(); setting != seen.clock {
		seen.clock = setting
		send("clock", 0, clockBody(e.clock.State()))
	}
	e.faultChanges(seen, send)
}

func (e *Emulator) faultChanges(seen *eventsSeen, send sendEvent) {
	faults := e.Faults()
	present := make(map[int]int, len(faults))
	for _, f := range faults {
		present[f.ID] = f.Affected
		switch affected, known := seen.faults[f.ID]; {
		case !known:
			send("fault", 0, adminFaultEvent{f.ID, "injected", &f})
		case affected != f.Affected:
			send("fault", 0, adminFaultEvent{f.ID, "affected", &f})
		}
	}
	for id := range seen.faults {
		if _, still := present[id]; !still {
			send("fault", 0, adminFaultEvent{ID: id, Change: "removed"})
		}
	}
	seen.faults = present
}

func (e *Emulator) sessionChanges(seen *eventsSeen, send sendEvent) (more bool, err error) {
	changes, more, err := e.store.ReadChanges(seen.sessions)
	for _, change := range changes {
		event := adminSessionEvent{
			Account: change.Key.AccountID, Region: string(change.Key.Region), ID: change.ID,
			From: change.From,
		}
		if change.Now != nil {
			session := e.adminSessionOf(*change.Now)
			event.To, event.Session = string(change.Now.Session.Status), &session
		}
		send("session", 0, event)
	}
	return more, err
}

func (e *Emulator) conversionChanges(seen *eventsSeen, send sendEvent) (more bool, err error) {
	changes, more, err := e.conversions.ReadChanges(seen.conversions)
	for _, change := range changes {
		event := adminConversionEvent{
			Account: change.Key.AccountID, Region: string(change.Key.Region), ID: change.ID,
			From: change.From,
		}
		if change.Now != nil {
			conversion := adminConversionOf(*change.Now)
			event.To, event.Conversion = string(change.Now.Conversion.Status), &conversion
		}
		send("conversion", 0, event)
	}
	return more, err
}
