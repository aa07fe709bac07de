// SPDX-License-Identifier: MIT

package lease

import (
	"context"
	"sync"
	"time"
)

const (
	// longestIdleSlice and idleSlices bound how long an idleTimer sleeps at once.
	longestIdleSlice = 10 * time.Second
	idleSlices       = 8
	// lateSlice is how late the timer must fire to count as a sign that the program was suspended.
	lateSlice = time.Second
)

// idleTimer calls a function once touch was not called for a time. It counts only time in which
// touch could have been called: a program that was suspended, as by SIGSTOP or a debugger, gets a
// chance to call touch when it wakes. So the timer measures in slices. A slice that took longer
// than it was set for counts with the time that it was set for. A slice that took much longer does
// not count at all, unless the one before was late too.
type idleTimer struct {
	timeout time.Duration

	retry    context.Context // ended when the holder takes over stopping the session
	handOver context.CancelFunc

	mu      sync.Mutex
	timer   *time.Timer
	slice   time.Duration // what the timer was set for
	from    time.Time     // the start of the slice, or the touch since
	set     time.Time     // when the timer was set
	idle    time.Duration // without touch, before the slice
	late    bool          // the slice before did not count
	stopped bool
}

func newIdleTimer(timeout time.Duration, elapsed func()) *idleTimer {
	c := &idleTimer{timeout: timeout}
	c.retry, c.handOver = context.WithCancel(context.Background())
	c.mu.Lock()
	defer c.mu.Unlock()
	c.begin(time.Now())
	c.timer = time.AfterFunc(c.slice, func() {
		if c.expire(time.Now()) {
			elapsed()
		}
	})
	return c
}

// begin starts a slice. After a slice that did not count it has full length, so that there is time
// to call touch. The lock is held.
func (c *idleTimer) begin(now time.Time) {
	c.slice = min(longestIdleSlice, max(c.timeout/idleSlices, 1))
	if !c.late {
		c.slice = min(c.slice, c.timeout-c.idle)
	}
	c.from, c.set = now, now
}

// expire ends a slice, and begins the next unless the timeout has come, which it reports.
func (c *idleTimer) expire(now time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stopped {
		return false
	}
	if late := now.Sub(c.set)-c.slice > lateSlice; late && !c.late {
		c.late = true
	} else {
		c.idle += min(now.Sub(c.from), c.slice)
		c.late = late
	}
	if c.idle >= c.timeout {
		c.stopped = true
		return true
	}
	c.begin(now)
	c.timer.Reset(c.slice)
	return false
}

// touch restarts the time. It reports whether it was called in time.
func (c *idleTimer) touch() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.stopped {
		c.from, c.idle = time.Now(), 0
	}
	return !c.stopped
}

func (c *idleTimer) stop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stopped = true
	c.timer.Stop()
}
