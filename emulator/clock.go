// SPDX-License-Identifier: MIT

package emulator

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
	minTimeScale = 0.001
	maxTimeScale = 10_000
)

// endOfTime is how far a [Clock] can be advanced. Times beyond the year 9999 have no text in the
// protocol, and leases, tokens and retention end after the time of the clock.
var endOfTime = time.Date(9000, time.January, 1, 0, 0, 0, 0, time.UTC)

// Clock is the time of an [Emulator]: see [Emulator.Clock]. It shows the time of the system until
// it is moved. It is safe for concurrent use. The zero value and a nil *Clock show the time of the
// system; a nil one cannot be moved.
type Clock struct {
	setting atomic.Pointer[clockSetting] // nil until the clock is moved
	settle  func()                       // if not nil, called after an advance
	changed func(clockSetting)           // if not nil, called with each new setting

	// moving is held while the clock is moved, and while functions of timers run, which keeps both
	// in order. It is locked before mu.
	moving sync.Mutex

	// mu guards what follows, and is held while setting changes.
	mu       sync.Mutex
	timers   []*ClockTimer // in the order in which they are due
	sequence uint64        // of the newest timer
}

// ClockState is what a [Clock] shows at one moment.
type ClockState struct {
	// Now is the time of the clock.
	Now time.Time

	// Scale is how many seconds pass on the clock in one second, unless it is frozen.
	Scale float64

	// Frozen reports whether the clock stands still.
	Frozen bool

	// Offset is how far the clock is ahead of the system; negative if it is behind.
	Offset time.Duration
}

// clockSetting is how the time of a clock follows from that of the system.
type clockSetting struct {
	base   time.Time // the time of the clock
	anchor time.Time // when that of the system was this
	scale  float64
	frozen bool
}

// systemTime returns the time of the system. It has no monotonic reading: this is compared with,
// and added to, times that never had one.
func systemTime() time.Time { return time.Now().Round(0) }

// at returns the time of the clock.
func (s *clockSetting) at(system time.Time) time.Time {
	passed := system.Sub(s.anchor)
	switch {
	case s.frozen:
		return s.base
	case s.scale != 1:
		passed = saturated(float64(passed) * s.scale)
	}
	return s.base.Add(passed)
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
func (c *Clock) State() ClockState {
	system := systemTime()
	s := c.current(system)
	now := s.at(system)
	return ClockState{Now: now, Scale: s.scale, Frozen: s.frozen, Offset: now.Sub(system)}
}

// current returns the setting, anchored at a time of the system.
func (c *Clock) current(system time.Time) clockSetting {
	var s *clockSetting
	if c != nil {
		s = c.setting.Load()
	}
	if s == nil {
		return clockSetting{base: system, anchor: system, scale: 1}
	}
	return clockSetting{base: s.at(system), anchor: system, scale: s.scale, frozen: s.frozen}
}

// Advance moves the clock ahead by d, whether it runs or is frozen. Everything that is due by then
// has happened when Advance returns, in the order of the times at which it was due: sessions become
// Ready, fail and expire, and the servers of a [Backend] whose lease is over are told to stop. The
// processes of package process have ended. A request that a fault delays goes on; Advance does not
// wait for its answer.
//
// It is an [azremoterendering.InvalidArgumentError] if d is negative, because time that has passed
// cannot be taken back, or leads beyond the year 9000. A method of a Backend, and a function of
// AfterFunc, must not call it.
func (c *Clock) Advance(d time.Duration) error {
	_, err := c.move(clockMove{advance: d})
	return prefixed(err)
}

// SetScale changes how fast the clock runs: with 60, a minute passes in one second. It does not
// change the time that it shows. A scale is between 0.001 and 10,000; anything else is an
// [azremoterendering.InvalidArgumentError]. A frozen clock runs at the new scale once it is
// released.
func (c *Clock) SetScale(scale float64) error {
	_, err := c.move(clockMove{scale: &scale})
	return prefixed(err)
}

// Freeze stops the clock. It shows the same time until it is advanced or released. Requests that a
// fault delays wait until then.
func (c *Clock) Freeze() { c.setFrozen(true) }

// Unfreeze lets the clock run on from the time that it shows.
func (c *Clock) Unfreeze() { c.setFrozen(false) }

func (c *Clock) setFrozen(frozen bool) {
	_, _ = c.move(clockMove{frozen: &frozen}) // there is no argument that could be wrong
}

// clockMove is one change of a clock. What is nil or 0 stays as it is.
type clockMove struct {
	frozen  *bool
	scale   *float64
	advance time.Duration
}

func (m clockMove) check(now time.Time) error {
	if m.scale != nil {
		if err := checkTimeScale("scale", *m.scale); err != nil {
			return err
		}
	}
	switch {
	case m.advance < 0:
		return &azremoterendering.InvalidArgumentError{
			Name: "advance", Value: m.advance.String(), Reason: "is negative; time cannot be taken back",
		}
	case m.advance > 0 && now.Add(m.advance).After(endOfTime):
		return &azremoterendering.InvalidArgumentError{
			Name: "advance", Value: m.advance.String(), Reason: "leads beyond the year 9000",
		}
	}
	return nil
}

func checkTimeScale(name string, scale float64) error {
	if scale >= minTimeScale && scale <= maxTimeScale { // false for NaN
		return nil
	}
	return &azremoterendering.InvalidArgumentError{
		Name:  name,
		Value: strconv.FormatFloat(scale, 'g', -1, 64),
		Reason: fmt.Sprintf("is not between %v and %v; freeze the clock to stop it",
			minTimeScale, maxTimeScale),
	}
}

// move changes the clock: it freezes or releases it, sets its scale, and advances it, in this order.
// After an error of the arguments nothing has changed.
func (c *Clock) move(m clockMove) (ClockState, error) {
	if err := c.moveAll(m); err != nil {
		return ClockState{}, err
	}
	if m.advance > 0 && c.settle != nil {
		c.settle()
	}
	return c.State(), nil
}

func (c *Clock) moveAll(m clockMove) error {
	c.moving.Lock()
	defer c.moving.Unlock()
	if err := m.check(c.Now()); err != nil {
		return err
	}
	c.set(func(s *clockSetting) {
		if m.frozen != nil {
			s.frozen = *m.frozen
		}
		if m.scale != nil {
			s.scale = *m.scale
		}
	})
	left := m.advance
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
		c.set(func(s *clockSetting) { s.base = s.base.Add(d) })
	}
}

// set changes the setting, and sets the timers of the system to it.
func (c *Clock) set(change func(*clockSetting)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.current(systemTime())
	change(&s)
	c.setting.Store(&s)
	for _, t := range c.timers {
		t.arm()
	}
}

// systemDuration returns how long it takes on the system until d has passed on the clock; ok is
// false if that never happens by itself, because the clock is frozen.
func (c *Clock) systemDuration(d time.Duration) (system time.Duration, ok bool) {
	s := c.current(time.Time{})
	switch {
	case s.frozen:
		return 0, false
	case s.scale == 1:
		return d, true
	}
	return saturated(math.Ceil(float64(d) / s.scale)), true
}

// retryAfter returns how long a client must wait until d has passed on the clock. A client waits on
// a clock of its own, so this is shorter on a fast clock. On a frozen one it is d: somebody must
// advance it.
func (c *Clock) retryAfter(d time.Duration) time.Duration {
	if system, ok := c.systemDuration(d); ok {
		return system
	}
	return d
}
