// SPDX-License-Identifier: MIT

// Package clock is the time of an emulator: that of the system until it is moved, and then a
// function of it, read without a lock. It can be advanced, scaled and frozen, and calls functions
// at its times.
package clock

import (
	"fmt"
	"math"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/arr-go/azremoterendering"
)

const (
	minScale = 0.001
	maxScale = 10_000
)

// endOfTime is how far a [Clock] can be advanced. Times beyond the year 9999 have no text in the
// protocol, and leases, tokens and retention end after the time of the clock.
var endOfTime = time.Date(9000, time.January, 1, 0, 0, 0, 0, time.UTC)

// Clock shows the time of the system until it is moved. It is safe for concurrent use. The zero
// value and a nil *Clock show the time of the system; a nil one cannot be moved.
type Clock struct {
	setting  atomic.Pointer[Setting] // nil until the clock is moved
	advanced func()                  // if not nil, called after an advance
	changed  func(Setting)           // if not nil, called with each new setting

	// moving is held while the clock is moved, and while functions of timers run, which keeps both
	// in order. It is locked before mu.
	moving sync.Mutex

	// mu guards what follows, and is held while setting changes.
	mu       sync.Mutex
	timers   []*Timer // in the order in which they are due
	sequence uint64   // of the newest timer
}

// State is what a [Clock] shows at one moment.
type State struct {
	// Now is the time of the clock.
	Now time.Time

	// Scale is how many seconds pass on the clock in one second, unless it is frozen.
	Scale float64

	// Frozen reports whether the clock stands still.
	Frozen bool

	// Offset is how far the clock is ahead of the system; negative if it is behind.
	Offset time.Duration
}

// Setting is how the time of a clock follows from that of the system. State files hold it as JSON.
type Setting struct {
	Base   time.Time `json:"base"`   // the time of the clock
	Anchor time.Time `json:"anchor"` // when that of the system was this
	Scale  float64   `json:"scale"`
	Frozen bool      `json:"frozen"`
}

// Restore gives a clock that nobody uses yet the setting of an earlier one, as if that had run on.
func (c *Clock) Restore(s Setting) {
	s.Base = s.Base.Local()
	c.setting.Store(&s)
}

// OnChange has f called with each new setting. Call it before the clock is moved, as
// [Clock.OnAdvance].
func (c *Clock) OnChange(f func(Setting)) { c.changed = f }

// OnAdvance has f called after each advance, before [Clock.Move] returns.
func (c *Clock) OnAdvance(f func()) { c.advanced = f }

// Setting returns the present setting: another pointer after each move, and nil before the first
// one.
func (c *Clock) Setting() *Setting { return c.setting.Load() }

// systemTime returns the time of the system. It has no monotonic reading: this is compared with,
// and added to, times that never had one.
func systemTime() time.Time { return time.Now().Round(0) }

// at returns the time of the clock.
func (s *Setting) at(system time.Time) time.Time {
	passed := system.Sub(s.Anchor)
	switch {
	case s.Frozen:
		return s.Base
	case s.Scale != 1:
		passed = saturated(float64(passed) * s.Scale)
	}
	return s.Base.Add(passed)
}

// saturated converts nanoseconds, also those that are out of range.
func saturated(nanoseconds float64) time.Duration {
	switch {
	case nanoseconds >= math.MaxInt64:
		return math.MaxInt64
	case nanoseconds <= math.MinInt64:
		return math.MinInt64
	}
	return time.Duration(nanoseconds)
}

// Now returns the time of the clock, in the zone of the system, without a monotonic reading.
func (c *Clock) Now() time.Time {
	if c != nil {
		if s := c.setting.Load(); s != nil {
			return s.at(systemTime())
		}
	}
	return systemTime()
}

// State returns what the clock shows.
func (c *Clock) State() State {
	system := systemTime()
	s := c.current(system)
	now := s.at(system)
	return State{Now: now, Scale: s.Scale, Frozen: s.Frozen, Offset: now.Sub(system)}
}

// current returns the setting, anchored at a time of the system.
func (c *Clock) current(system time.Time) Setting {
	var s *Setting
	if c != nil {
		s = c.setting.Load()
	}
	if s == nil {
		return Setting{Base: system, Anchor: system, Scale: 1}
	}
	return Setting{Base: s.at(system), Anchor: system, Scale: s.Scale, Frozen: s.Frozen}
}

// Move is one change of a clock. What is nil or 0 stays as it is.
type Move struct {
	Frozen  *bool
	Scale   *float64
	Advance time.Duration
}

func (m Move) check(now time.Time) error {
	if m.Scale != nil {
		if err := CheckScale("scale", *m.Scale); err != nil {
			return err
		}
	}
	switch {
	case m.Advance < 0:
		return &azremoterendering.InvalidArgumentError{
			Name: "advance", Value: m.Advance.String(), Reason: "is negative; time cannot be taken back",
		}
	case m.Advance > 0 && now.Add(m.Advance).After(endOfTime):
		return &azremoterendering.InvalidArgumentError{
			Name: "advance", Value: m.Advance.String(), Reason: "leads beyond the year 9000",
		}
	}
	return nil
}

// CheckScale returns an [azremoterendering.InvalidArgumentError] about a name if a scale is not
// between 0.001 and 10,000.
func CheckScale(name string, scale float64) error {
	if scale >= minScale && scale <= maxScale { // false for NaN
		return nil
	}
	return &azremoterendering.InvalidArgumentError{
		Name:  name,
		Value: strconv.FormatFloat(scale, 'g', -1, 64),
		Reason: fmt.Sprintf("is not between %v and %v; freeze the clock to stop it",
			minScale, maxScale),
	}
}

// Move changes the clock: it freezes or releases it, sets its scale, and advances it, in this
// order. Functions that are due by then have been called when it returns. It is an
// [azremoterendering.InvalidArgumentError] if the advance is negative or leads beyond the year
// 9000, or if [CheckScale] refuses the scale; then nothing has changed.
func (c *Clock) Move(m Move) (State, error) {
	if err := c.moveAll(m); err != nil {
		return State{}, err
	}
	if m.Advance > 0 && c.advanced != nil {
		c.advanced()
	}
	return c.State(), nil
}

func (c *Clock) moveAll(m Move) error {
	c.moving.Lock()
	defer c.moving.Unlock()
	if err := m.check(c.Now()); err != nil {
		return err
	}
	c.set(func(s *Setting) {
		if m.Frozen != nil {
			s.Frozen = *m.Frozen
		}
		if m.Scale != nil {
			s.Scale = *m.Scale
		}
	})
	left := m.Advance
	for left > 0 {
		// At each step the clock shows when the next function is due, or some time later.
		now := c.Now()
		due, found := c.nextDue(now.Add(left))
		if !found {
			break
		}
		step := max(0, due.Sub(now))
		left -= step
		c.shift(step)
		c.fireDue()
	}
	c.shift(left)
	c.fireDue()
	if c.changed != nil {
		c.changed(c.current(systemTime()))
	}
	return nil
}

// shift moves the clock ahead.
func (c *Clock) shift(d time.Duration) {
	if d > 0 {
		c.set(func(s *Setting) { s.Base = s.Base.Add(d) })
	}
}

// set changes the setting, and sets the timers of the system to it.
func (c *Clock) set(change func(*Setting)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.current(systemTime())
	change(&s)
	c.setting.Store(&s)
	for _, t := range c.timers {
		t.arm()
	}
}

// SystemDuration returns how long it takes on the system until d has passed on the clock; ok is
// false if that never happens by itself, because the clock is frozen.
func (c *Clock) SystemDuration(d time.Duration) (system time.Duration, ok bool) {
	s := c.current(time.Time{})
	switch {
	case s.Frozen:
		return 0, false
	case s.Scale == 1:
		return d, true
	}
	return saturated(math.Ceil(float64(d) / s.Scale)), true
}

// RetryAfter returns how long a client must wait until d has passed on the clock. A client waits on
// a clock of its own, so this is shorter on a fast clock. On a frozen one it is d: somebody must
// advance it.
func (c *Clock) RetryAfter(d time.Duration) time.Duration {
	if system, ok := c.SystemDuration(d); ok {
		return system
	}
	return d
}
