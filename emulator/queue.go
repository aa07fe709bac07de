// SPDX-License-Identifier: MIT

package emulator

import "container/heap"

// queue holds sessions in the order of their ends. A session is in one queue at a time, and knows
// its place there.
type queue struct{ records endHeap }

// first returns the session whose end is, or will be, first; nil if there is none.
func (q *queue) first() *record {
	if len(q.records) == 0 {
		return nil
	}
	return q.records[0]
}

func (q *queue) add(r *record)    { heap.Push(&q.records, r) }
func (q *queue) remove(r *record) { heap.Remove(&q.records, r.place) }

// moved puts a session whose end has changed in its new place.
func (q *queue) moved(r *record) { heap.Fix(&q.records, r.place) }

// endHeap implements [heap.Interface].
type endHeap []*record

func (h endHeap) Len() int { return len(h) }

func (h endHeap) Less(i, j int) bool {
	first, _ := h[i].end()
	second, _ := h[j].end()
	return first.Before(second)
}

func (h endHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].place, h[j].place = i, j
}

// Push is part of [heap.Interface], as is Pop.
func (h *endHeap) Push(r any) {
	r.(*record).place = len(*h)
	*h = append(*h, r.(*record))
}

// Pop is part of [heap.Interface].
func (h *endHeap) Pop() any {
	last := len(*h) - 1
	r := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	return r
}
