// SPDX-License-Identifier: MIT

package emulator

import (
	"container/heap"
	"time"
)

// maxUnread is how many changes a log keeps for its slowest reader.
const maxUnread = 1 << 20

// changeLog holds which records have changed, for the readers of events, and which are going to
// change by themselves. It holds no change that all readers have read, and none while nobody reads.
// The lock of the records guards it.
type changeLog[R changing] struct {
	entries []changeEntry[R]
	first   uint64 // the number of entries[0]
	readers map[*changeReader[R]]struct{}
	due     dueQueue[R]
}

// changing is a record in a log.
type changing interface {
	comparable
	changes() *changeState
}

// changeState is what a log knows of a record.
type changeState struct {
	newest uint64    // the number of its newest entry
	due    time.Time // when it changes by itself; zero if it does not
	place  int       // in the queue, from 1; 0 if it is not there
}

type changeEntry[R changing] struct {
	record R
	from   string // the status before
}

// changeReader is the place of a reader in a log.
type changeReader[R changing] struct {
	next uint64       // the number of the next entry to read
	from map[R]string // what it was told of records whose newest entry is still to come
	cut  bool         // it was too slow, and has missed changes
}

// add notes that a record has changed.
func (l *changeLog[R]) add(r R, from string) {
	if len(l.readers) == 0 {
		return
	}
	if len(l.entries) == maxUnread {
		l.cutSlow()
	}
	r.changes().newest = l.end()
	l.entries = append(l.entries, changeEntry[R]{r, from})
}

func (l *changeLog[R]) end() uint64 { return l.first + uint64(len(l.entries)) }

// join returns a reader of the changes from now on. leave frees what is kept for it.
func (l *changeLog[R]) join() *changeReader[R] {
	reader := &changeReader[R]{next: l.end(), from: make(map[R]string)}
	if l.readers == nil {
		l.readers = make(map[*changeReader[R]]struct{})
	}
	l.readers[reader] = struct{}{}
	return reader
}

func (l *changeLog[R]) leave(reader *changeReader[R]) {
	delete(l.readers, reader)
	l.trim()
}

// cutSlow drops the readers that have not read one half of the entries.
func (l *changeLog[R]) cutSlow() {
	for reader := range l.readers {
		if reader.next < l.end()-maxUnread/2 {
			reader.cut = true
			delete(l.readers, reader)
		}
	}
	l.trim()
}

// trim drops the entries that all readers have read, once they are one half of all.
func (l *changeLog[R]) trim() {
	oldest := l.end()
	for reader := range l.readers {
		oldest = min(oldest, reader.next)
	}
	if read := int(oldest - l.first); 2*read >= len(l.entries) {
		l.entries = append([]changeEntry[R](nil), l.entries[read:]...)
		l.first = oldest
	}
}

// read returns up to limit records that have changed since the last read, each with the status that
// the reader was told last, and whether there may be more. Several changes of a record are one.
func (l *changeLog[R]) read(reader *changeReader[R], limit int) (
	changed []changeEntry[R], more bool,
) {
	for ; reader.next < l.end(); reader.next++ {
		e := l.entries[reader.next-l.first]
		if from, told := reader.from[e.record]; told {
			e.from = from
		}
		if e.record.changes().newest != reader.next {
			reader.from[e.record] = e.from
			continue
		}
		if len(changed) == limit {
			more = true
			break
		}
		delete(reader.from, e.record)
		changed = append(changed, e)
	}
	l.trim()
	return changed, more
}

// pass takes all changes as read, and reports whether there were any.
func (l *changeLog[R]) pass(reader *changeReader[R]) (found bool) {
	found = reader.next < l.end()
	reader.next = l.end()
	l.trim()
	return found
}

// schedule notes when a record changes by itself; a zero time means never.
func (l *changeLog[R]) schedule(r R, at time.Time) {
	s := r.changes()
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

// nextDue takes a record off the schedule that has changed by itself at or before a time.
func (l *changeLog[R]) nextDue(now time.Time) (r R, found bool) {
	if len(l.due) == 0 || now.Before(l.due[0].changes().due) {
		return r, false
	}
	return heap.Pop(&l.due).(R), true
}

// dueQueue implements [heap.Interface]: records by the time at which they change.
type dueQueue[R changing] []R

func (q dueQueue[R]) Len() int           { return len(q) }
func (q dueQueue[R]) Less(i, j int) bool { return q[i].changes().due.Before(q[j].changes().due) }

func (q dueQueue[R]) Swap(i, j int) {
	q[i], q[j] = q[j], q[i]
	q[i].changes().place, q[j].changes().place = i+1, j+1
}

// Push is part of [heap.Interface], as is Pop.
func (q *dueQueue[R]) Push(r any) {
	*q = append(*q, r.(R))
	r.(R).changes().place = len(*q)
}

// Pop is part of [heap.Interface].
func (q *dueQueue[R]) Pop() any {
	var none R
	last := len(*q) - 1
	r := (*q)[last]
	(*q)[last] = none
	*q = (*q)[:last]
	r.changes().place = 0
	return r
}
