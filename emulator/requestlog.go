// SPDX-License-Identifier: MIT

package emulator

import (
	"sync"
	"time"

	"github.com/arr-go/azremoterendering"
)

// requestRecord is what is kept of a request. It holds nothing that the client chose but the begin
// of the method, a valid session id and the name of a region that is served: a path or a header may
// contain a secret, or be long.
type requestRecord struct {
	time              time.Time // of arrival
	operation         string    // as in the log
	method            string
	account           string                   // "" if there is no such account
	region            azremoterendering.Region // "" if it is not served
	session           string                   // "" if the request names none, or one that cannot exist
	status            int                      // 0 if there was no answer
	correlationVector string
	duration          time.Duration // until the answer was complete; a slow body takes longer
	// the names of those that affected the request; not to be changed
	faults []string
}

const (
	keptRequests  = 200 // so many are kept
	maxKeptMethod = 16  // bytes
)

// requestLog keeps the last requests. Its zero value is empty.
type requestLog struct {
	mu      sync.Mutex
	records []requestRecord // once full, a ring
	next    int             // where the next one goes: the oldest, once the ring is full
}

func (l *requestLog) add(r requestRecord) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.records) < keptRequests {
		l.records = append(l.records, r)
		return
	}
	l.records[l.next] = r
	l.next = (l.next + 1) % keptRequests
}

// recent returns the last requests, oldest first, in the order in which they were answered.
func (l *requestLog) recent() []requestRecord {
	l.mu.Lock()
	defer l.mu.Unlock()
	recent := make([]requestRecord, 0, len(l.records))
	recent = append(recent, l.records[l.next:]...)
	return append(recent, l.records[:l.next]...)
}
