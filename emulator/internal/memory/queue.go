// SPDX-License-Identifier: MIT

package memory

import "container/heap"

// endQueue holds sessions in the order of their ends. A session is in one queue at a time, and
// knows its position there.
type endQueue struct{ records endHeap }

// first returns the session that ends first, or nil.
func (q *endQueue) first() *record {
	if len(q.records) == 0 {
		return nil
	}
	return q.records[0]
}

func (q *endQueue) add(r *record)    { heap.Push(&q.records, r) }
func (q *endQueue) remove(r *record) { heap.Remove(&q.records, r.position) }

// moved puts a session whose end has changed in its new place.
func (q *endQueue) moved(r *record) { heap.Fix(&q.records, r.position) }

// endHeap implements [heap.Interface].
type endHeap []*record

func (h endHeap) Len() int { return len(h) }

func (h endHeap) Less(i, j int) bool {
	first, _ := h[i].End()
	second, _ := h[j].End()
	return first.Before(second)
}

func (h endHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].position, h[j].position = i, j
}

// Push is part of [heap.Interface], as is Pop.
func (h *endHeap) Push(r any) {
	r.(*record).position = len(*h)
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
