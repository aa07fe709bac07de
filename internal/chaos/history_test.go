// SPDX-License-Identifier: MIT

//go:build chaos

package chaos_test

import (
	"bufio"
	"encoding/json"
	"io"
	"sync"
	"time"

	arr "github.com/arr-go/azremoterendering"
)

// history is what the service did, by its own log, and what others did to it and its clients.
type history struct {
	mu sync.Mutex
	// answers are by session and operation, such as "CreateSession": the status of each.
	answers map[string]map[string][]int
	counts  map[string]int // of answers, by operation
	// ended is how the operator has ended sessions.
	ended map[string]arr.SessionStatus
	// written is which requests that change something were written, by session and method.
	written map[string]map[string]bool
	// uses are the times that a session spent in the hands of a device.
	uses map[string][]use
	// problems are what was wrong, by kind.
	problems map[string][]string
	// results count what calls came to, for the reader of the log.
	results map[string]int
}

// use is one time that a session was in the hands of a device.
type use struct {
	device   int
	from, to time.Time
}

func newHistory() *history {
	return &history{
		answers:  make(map[string]map[string][]int),
		counts:   make(map[string]int),
		ended:    make(map[string]arr.SessionStatus),
		written:  make(map[string]map[string]bool),
		uses:     make(map[string][]use),
		problems: make(map[string][]string),
		results:  make(map[string]int),
	}
}

// readLog reads the log of one process until its end.
func (h *history) readLog(log io.Reader) {
	lines := bufio.NewScanner(log)
	for lines.Scan() {
		var record struct {
			Msg, Operation, Session string
			Status                  int
		}
		if json.Unmarshal(lines.Bytes(), &record) != nil || record.Msg != "request" {
			continue
		}
		h.mu.Lock()
		h.counts[record.Operation]++
		if record.Session != "" {
			of := h.answers[record.Session]
			if of == nil {
				of = make(map[string][]int)
				h.answers[record.Session] = of
			}
			of[record.Operation] = append(of[record.Operation], record.Status)
		}
		h.mu.Unlock()
	}
}

// answered reports whether the service has answered a request about a session with a status. Any
// operation is meant if none is named.
func (h *history) answered(id string, status int, operations ...string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	for operation, statuses := range h.answers[id] {
		if len(operations) > 0 && !contains(operations, operation) {
			continue
		}
		if contains(statuses, status) {
			return true
		}
	}
	return false
}

func contains[T comparable](all []T, one T) bool {
	for _, other := range all {
		if other == one {
			return true
		}
	}
	return false
}

// wrote notes that a request was written.
func (h *history) wrote(method, id string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.written[id] == nil {
		h.written[id] = make(map[string]bool)
	}
	h.written[id][method] = true
}

func (h *history) wasWritten(id, method string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.written[id][method]
}

// endedBy notes that the operator ends a session. It is noted before, so that nobody learns first.
func (h *history) endedBy(id string, status arr.SessionStatus) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ended[id] = status
}

func (h *history) endedAs(id string) arr.SessionStatus {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.ended[id]
}

// used notes a use, and whether it overlaps another one.
func (h *history) used(id string, u use) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, other := range h.uses[id] {
		if u.from.Before(other.to) && other.from.Before(u.to) {
			h.problems[kindDouble] = append(h.problems[kindDouble], id)
		}
	}
	h.uses[id] = append(h.uses[id], u)
}

// problem notes that something is wrong.
func (h *history) problem(kind, text string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.problems[kind] = append(h.problems[kind], text)
}

// count notes what a call came to.
func (h *history) count(result string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.results[result]++
}
