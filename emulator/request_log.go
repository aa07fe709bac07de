// SPDX-License-Identifier: MIT

package emulator

import (
	"sync"

	"github.com/arr-go/azremoterendering/emulator/internal/page"
)

const keptRequests = 200

// requestLog keeps the last requests. Its zero value is empty.
type requestLog struct {
	mu      sync.Mutex
	records []page.Request // once full, a ring
	next    int            // where the next one goes: the oldest, once the ring is full
}

func (l *requestLog) add(r page.Request) {
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
func (l *requestLog) recent() []page.Request {
	l.mu.Lock()
	defer l.mu.Unlock()
	recent := make([]page.Request, 0, len(l.records))
	recent = append(recent, l.records[l.next:]...)
	return append(recent, l.records[:l.next]...)
}
