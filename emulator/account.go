// SPDX-License-Identifier: MIT

package emulator

import (
	"container/heap"
	"crypto/subtle"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/arr-go/azremoterendering"
)

// account is a Remote Rendering account and its sessions.
type account struct {
	id                       string
	region                   azremoterendering.Region
	primaryKey, secondaryKey string
	startupTime              func(sessionSize) time.Duration
	retention                time.Duration
	decisions                Decisions

	// mu guards what follows. It is held for looking and changing, never while a request is read or an answer is written, nor
	// while startupTime runs.
	mu        sync.Mutex
	sequence  uint64 // of the youngest session
	sessions  map[string]*record
	listed    []*record // in the order of sequence; may still hold records that no list shows any more
	retaining retentionQueue
}

func newAccount(options Options) *account {
	return &account{
		id:           options.AccountID,
		region:       options.Region,
		primaryKey:   options.PrimaryKey,
		secondaryKey: options.SecondaryKey,
		startupTime:  options.StartupTime,
		retention:    options.Retention,
		decisions:    options.Decisions,
		sessions:     make(map[string]*record),
	}
}

// holdsKey reports whether key is one of the account keys. It takes as long for either, and for a wrong one.
func (a *account) holdsKey(key string) bool {
	primary := subtle.ConstantTimeCompare([]byte(key), []byte(a.primaryKey))
	secondary := subtle.ConstantTimeCompare([]byte(key), []byte(a.secondaryKey))
	return primary|secondary == 1
}

// create makes a session, or returns the one that was made by the same request before.
func (a *account) create(id string, size sessionSize, lease time.Duration) (s session, created bool, refused *refusal) {
	if s, found, refused := a.repeated(id, size, lease); found {
		return s, false, refused
	}
	startup := max(0, a.startupTime(size))
	server := allocateVM(a.region, size)

	a.mu.Lock()
	defer a.mu.Unlock()
	now := a.purge()
	if r, found := a.sessions[id]; found { // somebody was faster
		s, refused = a.repeat(r, now, size, lease)
		return s, false, refused
	}
	a.sequence++
	r := &record{
		sequence:   a.sequence,
		id:         id,
		size:       size,
		created:    now,
		readyAt:    now.Add(startup),
		lease:      lease,
		firstLease: lease,
		vm:         server,
	}
	a.sessions[id] = r
	a.listed = append(a.listed, r)
	heap.Push(&a.retaining, r)
	return r.starting(), true, nil
}

// repeated looks for an earlier creation of the same id.
func (a *account) repeated(id string, size sessionSize, lease time.Duration) (s session, found bool, refused *refusal) {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := a.purge()
	r, found := a.sessions[id]
	if !found {
		return session{}, false, nil
	}
	s, refused = a.repeat(r, now, size, lease)
	return s, true, refused
}

// repeat answers a creation whose id is taken by r.
func (a *account) repeat(r *record, now time.Time, size sessionSize, lease time.Duration) (session, *refusal) {
	if a.decisions.RefuseEndedID && r.ended(now) || !a.decisions.SameSettings.same(r, size, lease) {
		return session{}, conflict
	}
	return r.at(now), nil
}

// get returns a session.
func (a *account) get(id string) (session, *refusal) {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := a.purge()
	r, found := a.sessions[id]
	if !found {
		return session{}, notFound
	}
	return r.at(now), nil
}

// update changes the lease of a session.
func (a *account) update(id string, lease time.Duration) (session, *refusal) {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := a.purge()
	r, found := a.sessions[id]
	if !found {
		return session{}, notFound
	}
	if refused := a.refuseLease(r, now, lease); refused != nil {
		return session{}, refused
	}
	r.lease = lease
	heap.Fix(&a.retaining, r.retentionIndex)
	return r.at(now), nil
}

// refuseLease returns why a session cannot get a lease, or nil if it can.
func (a *account) refuseLease(r *record, now time.Time, lease time.Duration) *refusal {
	current, limit := r.lease, a.decisions.MaxLease
	switch {
	case r.ended(now) && a.decisions.UpdateEndedStatus == http.StatusNotFound:
		return notFound
	case r.ended(now):
		return unprocessable("The session has ended; its lease cannot be extended.")
	case lease > limit, lease == limit && !a.decisions.AcceptUpdateToMaxLease:
		return unprocessable(fmt.Sprintf("The maxLeaseTimeMinutes value must be less than %d.", limit/time.Minute))
	case lease > current:
		return nil
	case !a.decisions.AcceptShorterLease:
		return unprocessable(fmt.Sprintf("The maxLeaseTimeMinutes value must be larger than the current value %d.", current/time.Minute))
	case lease <= 0, !now.Before(r.readyAt.Add(lease)):
		// Shortened so far the session would have ended in the past, and its elapsed time would run backwards.
		return unprocessable("The maxLeaseTimeMinutes value must be larger than the time elapsed.")
	}
	return nil
}

// stop ends a session.
func (a *account) stop(id string) *refusal {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := a.purge()
	r, found := a.sessions[id]
	if !found {
		return notFound
	}
	if r.ended(now) {
		if a.decisions.StopEndedStatus == http.StatusNotFound {
			return notFound
		}
		return nil
	}
	r.endedAt, r.endedAs = now, azremoterendering.SessionStatusStopped
	heap.Fix(&a.retaining, r.retentionIndex)
	return nil
}

// setStatus is [Emulator.SetStatus].
func (a *account) setStatus(id string, status sessionStatus) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := a.purge()
	r, found := a.sessions[id]
	if !found {
		return fmt.Errorf("emulator: session %q is unknown", id)
	}
	if r.ended(now) {
		_, as := r.end()
		return fmt.Errorf("emulator: session %q has ended as %s: nothing leads out of that", id, as)
	}
	if err := r.setStatus(now, status); err != nil {
		return err
	}
	heap.Fix(&a.retaining, r.retentionIndex)
	return nil
}

// purge forgets the sessions whose retention is over, and returns the time at which it looked: the time for everything that is
// done under the same lock. Most calls find nothing to do.
func (a *account) purge() time.Time {
	now := time.Now()
	for len(a.retaining) > 0 {
		r := a.retaining[0]
		if end, _ := r.end(); now.Before(end.Add(a.retention)) {
			break
		}
		heap.Pop(&a.retaining)
		delete(a.sessions, r.id)
		r.purged = true
	}
	if len(a.listed) > 2*len(a.sessions)+defaultPageSize {
		a.compact(now)
	}
	return now
}

// retentionQueue is a heap of sessions: the first is the one whose end is, or will be, first.
type retentionQueue []*record

func (q retentionQueue) Len() int { return len(q) }

func (q retentionQueue) Less(i, j int) bool {
	first, _ := q[i].end()
	second, _ := q[j].end()
	return first.Before(second)
}

func (q retentionQueue) Swap(i, j int) {
	q[i], q[j] = q[j], q[i]
	q[i].retentionIndex, q[j].retentionIndex = i, j
}

// Push implements [heap.Interface].
func (q *retentionQueue) Push(r any) {
	r.(*record).retentionIndex = len(*q)
	*q = append(*q, r.(*record))
}

// Pop implements [heap.Interface].
func (q *retentionQueue) Pop() any {
	last := len(*q) - 1
	r := (*q)[last]
	(*q)[last] = nil
	*q = (*q)[:last]
	return r
}
