// SPDX-License-Identifier: MIT

package wait

import (
	"context"
	"time"
)

const (
	// tick is how often a sleep looks at the wall clock. It is also how late a leap may be noticed.
	tick = 10 * time.Second
	// tolerance is how far the two clocks may drift apart without a leap: the wall clock is
	// adjusted to others all the time.
	tolerance = 2 * time.Second
)

// Clock also measures time that the program did not live through. Timers and differences of times
// follow the monotonic clock, which stands still while a machine is suspended. The wall clock goes
// on, but anybody can set it. So both are compared: if the wall clock gets ahead, time may have
// passed unnoticed, and what was known has to be looked up again. A wall clock that is set back
// changes nothing.
//
// The zero value is the clock of the system.
type Clock struct {
	// Wall returns the present time of the wall clock. It is nil except in tests.
	Wall func() time.Time
}

// Instant is a moment on both clocks.
type Instant struct{ monotonic, wall time.Time }

// IsZero reports whether i is the zero value.
func (i Instant) IsZero() bool { return i.monotonic.IsZero() }

// Time returns the moment with its monotonic reading.
func (i Instant) Time() time.Time { return i.monotonic }

// Now returns the present moment.
func (c Clock) Now() Instant {
	now := time.Now()
	if c.Wall == nil {
		return Instant{now, now.Round(0)}
	}
	return Instant{now, c.Wall().Round(0)}
}

// Since returns the time since i, by the clock that has moved more.
func (c Clock) Since(i Instant) time.Duration {
	now := c.Now()
	return max(now.monotonic.Sub(i.monotonic), now.wall.Sub(i.wall))
}

// Leapt reports whether the wall clock got ahead of the monotonic one since i: the machine was
// suspended, or the wall clock was set forward.
func (c Clock) Leapt(i Instant) bool {
	now := c.Now()
	return now.wall.Sub(i.wall)-now.monotonic.Sub(i.monotonic) > tolerance
}

// Sleep returns nil after d, or within ten seconds of a leap, or the error of ctx as soon as that
// ends. A longer sleep wakes every ten seconds to look at the wall clock, which takes about a
// microsecond.
func (c Clock) Sleep(ctx context.Context, d time.Duration) error {
	began := c.Now()
	for {
		left := d - time.Since(began.monotonic)
		if err := Sleep(ctx, min(left, tick)); err != nil {
			return err
		}
		if left <= tick || c.Leapt(began) {
			return nil
		}
	}
}
