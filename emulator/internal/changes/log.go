// SPDX-License-Identifier: MIT

// Package changes is a log of records that change, by requests and by themselves, for readers that
// come and go: each reads at its own pace what has changed since its last look.
package changes

import (
	"container/heap"
	"errors"
	"time"

	"github.com/arr-go/azremoterendering/service"
)

// maxUnread is how many changes a log keeps for its slowest reader.
const maxUnread = 1 << 20

// Log holds which records have changed, for its readers, and which are going to change by
// themselves. It holds no change that all readers have read, and none while nobody reads. The zero
// value is empty. It has no lock: the one of the records must guard it.
type Log[R Record] struct {
	entries []Entry[R]
	first   uint64 // the number of entries[0]
	readers map[*Reader[R]]struct{}
	due     dueQueue[R]
}

// Record is a record in a log. It embeds a [State].
type Record interface {
	comparable
	Changes() *State
}

// State is what a log knows of a record.
type State struct {
	newest uint64    // the number of its newest entry
	due    time.Time // when it changes by itself; zero if it does not
	place  int       // in the queue, from 1; 0 if it is not there
}

// Changes makes a record that embeds the state a [Record].
func (s *State) Changes() *State { return s }

// Entry is a change of a record.
type Entry[R Record] struct {
	Record R
	From   string // the status before
}

// Reader is the place of a reader in a log.
type Reader[R Record] struct {
	next uint64       // the number of the next entry to read
	from map[R]string // what it was told of records whose newest entry is still to come
	cut  bool         // it was too slow, and has missed changes
}

// Cut reports whether the reader was too slow, and has missed changes.
func (r *Reader[R]) Cut() bool { return r.cut }

// Add notes that a record has changed.
func (l *Log[R]) Add(r R, from string) {
	if len(l.readers) == 0 {
		return
	}
	if len(l.entries) == maxUnread {
		l.cutSlow()
	}
	r.Changes().newest = l.end()
	l.entries = append(l.entries, Entry[R]{r, from})
}

func (l *Log[R]) end() uint64 { return l.first + uint64(len(l.entries)) }

// Join returns a reader of the changes from now on. [Log.Leave] frees what is kept for it.
func (l *Log[R]) Join() *Reader[R] {
	reader := &Reader[R]{next: l.end(), from: make(map[R]string)}
	if l.readers == nil {
		l.readers = make(map[*Reader[R]]struct{})
	}
	l.readers[reader] = struct{}{}
	return reader
}

// Leave forgets a reader.
func (l *Log[R]) Leave(reader *Reader[R]) {
	delete(l.readers, reader)
	reader.cut = false
	l.trim()
}

// cutSlow drops the readers that have not read one half of the entries.
func (l *Log[R]) cutSlow() {
	for reader := range l.readers {
		if reader.next < l.end()-maxUnread/2 {
			reader.cut = true
			delete(l.readers, reader)
		}
	}
	l.trim()
}

// trim drops the entries that all readers have read, once they are one half of all.
func (l *Log[R]) trim() {
	oldest := l.end()
	for reader := range l.readers {
		oldest = min(oldest, reader.next)
	}
	if read := int(oldest - l.first); 2*read >= len(l.entries) {
		l.entries = append([]Entry[R](nil), l.entries[read:]...)
		l.first = oldest
	}
}

// Read returns up to limit records that have changed since the last read, each with the status that
// the reader was told last, and whether there may be more. Several changes of a record are one. There
// are none for a reader that has left.
func (l *Log[R]) Read(reader *Reader[R], limit int) (
	changed []Entry[R], more bool,
) {
	if !l.reads(reader) {
		return nil, false
	}
	for ; reader.next < l.end(); reader.next++ {
		e := l.entries[reader.next-l.first]
		if from, told := reader.from[e.Record]; told {
			e.From = from
		}
		if e.Record.Changes().newest != reader.next {
			reader.from[e.Record] = e.From
			continue
		}
		if len(changed) == limit {
			more = true
			break
		}
		delete(reader.from, e.Record)
		changed = append(changed, e)
	}
	l.trim()
	return changed, more
}

// reads reports whether a reader is still one: it may have left while it was about to read.
func (l *Log[R]) reads(reader *Reader[R]) bool { _, ok := l.readers[reader]; return ok }

// Pass takes all changes as read, and reports whether there were any. A reader that was too slow
// goes on with it: what it has missed does not matter.
func (l *Log[R]) Pass(reader *Reader[R]) (found bool) {
	switch {
	case reader.cut:
		reader.cut, found = false, true
		l.readers[reader] = struct{}{}
	case l.reads(reader):
		found = reader.next < l.end()
	default:
		return false
	}
	reader.next = l.end()
	l.trim()
	return found
}

// Schedule notes when a record changes by itself; a zero time means never.
func (l *Log[R]) Schedule(r R, at time.Time) {
	s := r.Changes()
	switch s.due = at; {
	case at.IsZero() && s.place == 0:
	case at.IsZero():
		heap.Remove(&l.due, s.place-1)
	case s.place == 0:
		heap.Push(&l.due, r)
	default:
		heap.Fix(&l.due, s.place-1)
	}
}

// NextDue takes a record off the schedule that has changed by itself at or before a time.
func (l *Log[R]) NextDue(now time.Time) (r R, found bool) {
	if len(l.due) == 0 || now.Before(l.due[0].Changes().due) {
		return r, false
	}
	return heap.Pop(&l.due).(R), true
}

// dueQueue implements [heap.Interface]: records by the time at which they change.
type dueQueue[R Record] []R

func (q dueQueue[R]) Len() int           { return len(q) }
func (q dueQueue[R]) Less(i, j int) bool { return q[i].Changes().due.Before(q[j].Changes().due) }

func (q dueQueue[R]) Swap(i, j int) {
	q[i], q[j] = q[j], q[i]
	q[i].Changes().place, q[j].Changes().place = i+1, j+1
}

// Push is part of [heap.Interface], as is Pop.
func (q *dueQueue[R]) Push(r any) {
	*q = append(*q, r.(R))
	r.(R).Changes().place = len(*q)
}

// Pop is part of [heap.Interface].
func (q *dueQueue[R]) Pop() any {
	var none R
	last := len(*q) - 1
	r := (*q)[last]
	(*q)[last] = none
	*q = (*q)[:last]
	r.Changes().place = 0
	return r
}

// Batch is how many changes a reader gets at once.
const Batch = 1000

// ErrSlowReader is for a reader that was cut: see [Reader.Cut].
var ErrSlowReader = errors.New("emulator: the reader of events was too slow")

// Change is a change of a session or conversion as readers are told of it. Now is nil if it is
// forgotten; From is empty if it is new.
type Change[Shown any] struct {
	Key  service.PartitionKey
	ID   string
	From string
	Now  *Shown
}
