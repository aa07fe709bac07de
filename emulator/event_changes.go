// SPDX-License-Identifier: MIT

package emulator

import (
	"time"

	"github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator/internal/page"
	"github.com/arr-go/azremoterendering/service"
)

// eventsSeen is what a reader of events knows. Changes are found by comparing, because the states
// of sessions and conversions follow from the time, and nothing happens in the emulator when they
// change.
type eventsSeen struct {
	requests    uint64 // the number of the last one
	sessions    map[*record]sessionSeen
	conversions map[*conversionRecord]azremoterendering.ConversionStatus
	faults      map[int]int // how many requests each has affected
	clock       *clockSetting
}

type sessionSeen struct {
	status azremoterendering.SessionStatus
	lease  time.Duration
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

// eventsNow returns what there is now.
func (e *Emulator) eventsNow() eventsSeen {
	seen := eventsSeen{
		requests:    e.requests.newest(),
		sessions:    make(map[*record]sessionSeen),
		conversions: make(map[*conversionRecord]azremoterendering.ConversionStatus),
		faults:      make(map[int]int),
		clock:       e.clock.setting.Load(),
	}
	quiet := func(string, uint64, any) {}
	e.sessionChanges(&seen, quiet)
	e.conversions.changes(&seen, quiet)
	e.faultChanges(&seen, quiet)
	return seen
}

// changes sends what has changed, and notes it as seen. Of many requests it sends the first ones.
func (e *Emulator) changes(seen *eventsSeen, send sendEvent) {
	if setting := e.clock.setting.Load(); setting != seen.clock {
		seen.clock = setting
		send("clock", 0, clockBody(e.clock.State()))
	}
	e.faultChanges(seen, send)
	requests := e.requests.since(seen.requests)
	if requests.lost > 0 {
		seen.requests += requests.lost
		send("lost", 0, adminLostEvent{requests.lost})
	}
	for _, r := range requests.records[:min(len(requests.records), eventBatch)] {
		seen.requests = r.Sequence
		send("request", r.Sequence, adminRecordOf(r))
	}
	e.sessionChanges(seen, send)
	e.conversions.changes(seen, send)
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

func (e *Emulator) sessionChanges(seen *eventsSeen, send sendEvent) {
	for _, change := range e.store.changes(seen.sessions) {
		event := adminSessionEvent{
			Account: change.key.AccountID,
			Region:  string(change.key.Region),
			ID:      change.id,
			From:    string(change.from),
		}
		if change.now != nil {
			session := e.adminSessionOf(*change.now)
			event.To, event.Session = string(change.now.Session.Status), &session
		}
		send("session", 0, event)
	}
}

// sessionChange is a change of a session. now is nil if it is forgotten.
type sessionChange struct {
	key  service.PartitionKey
	id   string
	from azremoterendering.SessionStatus
	now  *page.Session
}

// changes returns how sessions differ from what was seen, which it updates.
func (m *memory) changes(seen map[*record]sessionSeen) (changes []sessionChange) {
	m.ask(func(*record) bool { return true })
	now := m.lock()
	defer m.unlock()
	for r, before := range seen {
		if r.forgotten {
			delete(seen, r)
			changes = append(changes, sessionChange{r.partition.key, r.ID, before.status, nil})
		}
	}
	for key, p := range m.partitions {
		for id, r := range p.sessions {
			before := seen[r]
			if before.status.Ended() && r.EndedAs == before.status {
				continue // that is final, and most sessions are so
			}
			present := sessionSeen{r.Facts.Session(now).Status, r.Lease}
			if present != before {
				seen[r] = present
				shown := r.shownAt(now)
				changes = append(changes, sessionChange{key, id, before.status, &shown})
			}
		}
	}
	return changes
}

// changes sends how conversions differ from what was seen, which it updates.
func (c *conversions) changes(seen *eventsSeen, send sendEvent) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.clock.Now()
	for r, before := range seen.conversions {
		if r.forgotten {
			delete(seen.conversions, r)
			send("conversion", 0, adminConversionEvent{
				Account: r.partition.AccountID, Region: string(r.partition.Region), ID: r.ID,
				From: string(before),
			})
		}
	}
	for key, p := range c.partitions {
		c.forget(p, now)
		for _, r := range p.listed {
			before, present := seen.conversions[r], r.Conversion(now).Status
			if before == present {
				continue
			}
			seen.conversions[r] = present
			shown := adminConversionOf(shownConversion(key, r.ConversionFacts, now))
			send("conversion", 0, adminConversionEvent{
				Account: key.AccountID, Region: string(key.Region), ID: r.ID,
				From: string(before), To: string(present), Conversion: &shown,
			})
		}
	}
}
