// SPDX-License-Identifier: MIT

package emulator

import (
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/arr-go/azremoterendering"
)

// keptRequests is how many requests the emulator remembers.
const keptRequests = 2000

// RequestRecord is a request that an emulator has answered: see [Emulator.Requests]. It contains no
// secret: keys, tokens and signatures are replaced by REDACTED, and the path shows only what the
// protocol or the emulator knows.
type RequestRecord struct {
	// Sequence numbers the requests of an emulator in the order of their answers, from 1.
	Sequence uint64

	// Time is when the request arrived, and Duration how long it took until its answer was
	// complete, both by the clock of the emulator. A slow body takes longer.
	Time     time.Time
	Duration time.Duration

	// Method is shortened to 16 bytes. Path has no query; segments that are neither part of the
	// protocol nor an account of the emulator nor a valid id are REDACTED.
	Method, Path string

	// Operation is the name of the operation, such as "CreateSession"; "unknown" if path or method
	// is not one of the protocol.
	Operation string

	// AccountID is empty if there is no such account, Region if it is not served.
	AccountID string
	Region    azremoterendering.Region

	// SessionID and ConversionID are empty unless the path has a valid one.
	SessionID, ConversionID string

	// Status is the HTTP status; 0 if a fault kept the answer back.
	Status int

	// ErrorCode is the code in the body of an answer that refuses, or empty.
	ErrorCode string

	// CorrelationVector is the header MS-CV of the answer.
	CorrelationVector string

	// Faults are the names of the faults that affected the request.
	Faults []string

	// UserAgent is the header of that name, up to 256 bytes of printable ASCII.
	UserAgent string

	// RequestBody and ResponseBody are JSON without secrets. A body of more than 4096 bytes, or one
	// that is not JSON, is replaced by a text in parentheses with its size.
	RequestBody, ResponseBody string
}

// requestLog keeps the last requests. Its zero value is empty.
type requestLog struct {
	mu      sync.Mutex
	records []RequestRecord // once full, a ring
	next    int             // where the next one goes: the oldest, once the ring is full
	last    uint64          // the sequence of the newest
	dropped uint64          // the sequence of the last one that was overwritten
	changed chan struct{}   // closed at the next request; nil if nobody waits
	counted map[requestKind]uint64
}

// add keeps a record, and gives it its number.
func (l *requestLog) add(r RequestRecord) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.last++
	r.Sequence = l.last
	if l.counted == nil {
		l.counted = make(map[requestKind]uint64)
	}
	l.counted[requestKind{r.Operation, r.Status}]++
	if l.changed != nil {
		close(l.changed)
		l.changed = nil
	}
	if len(l.records) < keptRequests {
		l.records = append(l.records, r)
		return
	}
	l.dropped = l.records[l.next].Sequence
	l.records[l.next] = r
	l.next = (l.next + 1) % keptRequests
}

// requestsSeen is what a log has after a number.
type requestsSeen struct {
	records []RequestRecord // oldest first
	last    uint64          // the number of the newest request of all
	lost    uint64          // how many more there were, which are forgotten
	changed <-chan struct{} // closed at the next request
}

// since returns the requests after a number.
func (l *requestLog) since(sequence uint64) requestsSeen {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.changed == nil {
		l.changed = make(chan struct{})
	}
	seen := requestsSeen{last: l.last, changed: l.changed}
	if l.dropped > sequence {
		seen.lost = l.dropped - sequence
	}
	at := func(i int) *RequestRecord { return &l.records[(l.next+i)%len(l.records)] }
	first := len(l.records)
	for first > 0 && at(first-1).Sequence > sequence { // mostly few, however many are kept
		first--
	}
	for i := first; i < len(l.records); i++ {
		seen.records = append(seen.records, *at(i))
	}
	return seen
}

// counts returns how many requests there were, those included that are forgotten.
func (l *requestLog) counts() map[requestKind]uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return maps.Clone(l.counted)
}

// newest returns the number of the newest request of all.
func (l *requestLog) newest() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.last
}

// all returns the requests that are kept, oldest first.
func (l *requestLog) all() []RequestRecord {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.ordered()
}

// ordered is all. Call it under the lock.
func (l *requestLog) ordered() []RequestRecord {
	return slices.Concat(l.records[l.next:], l.records[:l.next])
}

// remove forgets the requests that match. Numbers go on.
func (l *requestLog) remove(match func(RequestRecord) bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.records, l.next = slices.DeleteFunc(l.ordered(), match), 0
}

// shownRequests is how many requests the state shows.
const shownRequests = 200

// shown returns the last requests, oldest first.
func (l *requestLog) shown() []RequestRecord {
	all := l.all()
	return all[max(0, len(all)-shownRequests):]
}

// latest returns the last requests that match, oldest first, and how many more there are.
func (l *requestLog) latest(
	limit int, matches func(*RequestRecord) bool,
) (last []RequestRecord, more int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := len(l.records) - 1; i >= 0; i-- {
		r := &l.records[(l.next+i)%len(l.records)]
		switch {
		case !matches(r):
		case len(last) < limit:
			last = append(last, *r)
		default:
			more++
		}
	}
	slices.Reverse(last)
	return last, more
}
