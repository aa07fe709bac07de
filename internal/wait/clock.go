// SPDX-License-Identifier: MIT

package wait

import (
	"context"
	"time"
)

const (
	// Tick is how often a sleep looks at the wall clock. It is also how late a leap may be noticed.
	Tick = 10 * time.Second
	// tolerance is how far the two clocks may drift apart without a leap: the wall clock is
	// adjusted to others all the time.
	tolerance = 2 * time.Second
)

// Clock also measures the time in which the machine was suspended. Timers and differences of times
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

// Ahead returns by how much the wall clock got ahead of the monotonic one from an earlier instant
// to i. It is negative if the wall clock was set back.
func (i Instant) Ahead(earlier Instant) time.Duration {
	return i.wall.Sub(earlier.wall) - i.monotonic.Sub(earlier.monotonic)
}

// Leapt is [Clock.Leapt] from an earlier instant to i. Anyone who compares repeatedly should
// compare each instant with the one before, so that a clock that was set back hides no later leap.
func (i Instant) Leapt(earlier Instant) bool { return i.Ahead(earlier) > tolerance }

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
func (c Clock) Leapt(i Instant) bool { return c.Now().Leapt(i) }

// Sleep returns nil after d, or within ten seconds of a leap, or the error of ctx as soon as that
// ends. A longer sleep wakes every ten seconds to look at the wall clock, which takes about a
// microsecond.
func (c Clock) Sleep(ctx context.Context, d time.Duration) error {
	now := c.Now()
	end := now.monotonic.Add(d)
	for {
		left := end.Sub(now.monotonic)
		if err := Sleep(ctx, min(left, Tick)); err != nil {
			return err
		}
		before := now
		now = c.Now()
		if left <= Tick || now.Leapt(before) {
			return nil
		}
	}
}
