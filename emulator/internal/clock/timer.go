// SPDX-License-Identifier: MIT

package clock

import (
	"cmp"
	"context"
	"slices"
	"time"
)

// Timer calls a function at a time of a [Clock]: see [Clock.At].
type Timer struct {
	clock    *Clock
	due      time.Time
	sequence uint64 // order of creation
	call     func()

	system *time.Timer // guarded by the clock's mu; nil until the clock runs for the first time
}

// At calls f once the clock shows a time, by itself or because it is moved. Functions are called
// one after the other, in the order in which they are due, so f must return soon, and must not move
// the clock.
func (c *Clock) At(due time.Time, f func()) *Timer {
	t := &Timer{clock: c, due: due, call: f}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sequence++
	t.sequence = c.sequence
	i, _ := c.place(t)
	c.timers = slices.Insert(c.timers, i, t)
	t.arm()
	return t
}

// place returns where a timer is, or belongs. It is called under the lock.
func (c *Clock) place(t *Timer) (i int, there bool) {
	return slices.BinarySearchFunc(c.timers, t, func(a, b *Timer) int {
		return cmp.Or(a.due.Compare(b.due), cmp.Compare(a.sequence, b.sequence))
	})
}

// Stop keeps the function from being called. It reports false if it was called, is about to be, or
// was stopped before. It does not wait for the function.
func (t *Timer) Stop() bool { return t.clock.take(t) }

// take removes a timer, and reports whether it was there.
func (c *Clock) take(t *Timer) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	i, there := c.place(t)
	if !there {
		return false
	}
	c.timers = slices.Delete(c.timers, i, i+1)
	if t.system != nil {
		t.system.Stop()
	}
	return true
}

// arm sets the timer of the system. It is called under the lock of the clock.
func (t *Timer) arm() {
	left := t.due.Sub(t.clock.Now())
	wait, ok := t.clock.SystemDuration(left)
	if left <= 0 {
		wait, ok = 0, true // also on a frozen clock
	}
	switch {
	case !ok && t.system != nil:
		t.system.Stop()
	case !ok:
	case t.system == nil:
		t.system = time.AfterFunc(wait, t.wake)
	default:
		t.system.Reset(wait)
	}
}

// wake calls the function, and on a clock that was moved everything else that is due, after the
// timer of the system has fired.
func (t *Timer) wake() {
	c := t.clock
	c.moving.Lock()
	defer c.moving.Unlock()
	if c.setting.Load() != nil {
		c.fireDue()
	} else if !t.due.After(c.Now()) && c.take(t) {
		t.call()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, there := c.place(t); there { // the time of the system was set back
		t.arm()
	}
}

// fireDue calls the functions that are due, in order.
func (c *Clock) fireDue() {
	for {
		t := c.first(c.Now())
		if t == nil {
			return
		}
		if c.take(t) {
			t.call()
		}
	}
}

// first returns the first timer if it is due until a time, or nil.
func (c *Clock) first(until time.Time) *Timer {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.timers) == 0 || c.timers[0].due.After(until) {
		return nil
	}
	return c.timers[0]
}

// nextDue returns when the first timer is due, if it is until a time.
func (c *Clock) nextDue(until time.Time) (due time.Time, found bool) {
	if t := c.first(until); t != nil {
		return t.due, true
	}
	return time.Time{}, false
}

// SleepUntil waits until the clock shows a time. It reports false if ctx was done or closed was
// closed first.
func (c *Clock) SleepUntil(ctx context.Context, due time.Time, closed <-chan struct{}) bool {
	over := make(chan struct{})
	timer := c.At(due, func() { close(over) })
	defer timer.Stop()
	select {
	case <-over:
		return true
	case <-ctx.Done():
	case <-closed:
	}
	return false
}
