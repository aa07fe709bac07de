// SPDX-License-Identifier: MIT

package emulator

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"time"

	"github.com/arr-go/azremoterendering/emulator/internal/clock"
	"github.com/arr-go/azremoterendering/emulator/internal/journal"
)

// Clock is the time of an [Emulator]: see [Emulator.Clock]. It shows the time of the system until
// it is moved. It is safe for concurrent use. The zero value and a nil *Clock show the time of the
// system; a nil one cannot be moved.
type Clock struct{ clock clock.Clock }

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

// Clock returns the time of the emulator. Everything follows it: leases, start-up, retention,
// access tokens, rate limits, faults, conversions, the times of requests, the Date of answers, and
// the leases of the processes of a [Backend]. Only tokens of Microsoft Entra are held against the
// time of the system, by which they are issued, and a process takes as long as it takes to start
// and to end.
//
// Inside [testing/synctest] there is no need to move it: there the time of the system is virtual.
func (e *Emulator) Clock() *Clock { return e.ownClock }

// inner returns the clock inside, nil for a nil one.
func (c *Clock) inner() *clock.Clock {
	if c == nil {
		return nil
	}
	return &c.clock
}

// Now returns the time of the clock, in the zone of the system, without a monotonic reading.
func (c *Clock) Now() time.Time { return c.inner().Now() }

// State returns what the clock shows.
func (c *Clock) State() ClockState { return ClockState(c.inner().State()) }

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
	_, err := c.inner().Move(clock.Move{Advance: d})
	return prefixed(err)
}

// SetScale changes how fast the clock runs: with 60, a minute passes in one second. It does not
// change the time that it shows. A scale is between 0.001 and 10,000; anything else is an
// [azremoterendering.InvalidArgumentError]. A frozen clock runs at the new scale once it is
// released.
func (c *Clock) SetScale(scale float64) error {
	_, err := c.inner().Move(clock.Move{Scale: &scale})
	return prefixed(err)
}

// Freeze stops the clock. It shows the same time until it is advanced or released. Requests that a
// fault delays wait until then.
func (c *Clock) Freeze() { c.setFrozen(true) }

// Unfreeze lets the clock run on from the time that it shows.
func (c *Clock) Unfreeze() { c.setFrozen(false) }

func (c *Clock) setFrozen(frozen bool) {
	_, _ = c.inner().Move(clock.Move{Frozen: &frozen}) // there is no argument that could be wrong
}

// ClockTimer calls a function at a time of a [Clock]: see [Clock.AfterFunc].
type ClockTimer struct{ timer *clock.Timer }

// AfterFunc calls f once d has passed on the clock, as [time.AfterFunc] does: also when the clock
// is advanced, and sooner or later when its scale changes. It is for a [Backend] that ends servers
// by timers, with the clock of [ServerSpec.Clock].
//
// Functions are called one after the other, in the order in which they are due, and
// [Clock.Advance] returns after those that it has made due. So f must return soon, and must not
// move the clock.
func (c *Clock) AfterFunc(d time.Duration, f func()) *ClockTimer {
	if c == nil {
		c = new(Clock)
	}
	return &ClockTimer{c.clock.At(c.Now().Add(d), f)}
}

// Stop keeps the function from being called. It reports false if it was called, is about to be, or
// was stopped before. It does not wait for the function.
func (t *ClockTimer) Stop() bool { return t.timer.Stop() }

// settle brings everything up to the time of the clock.
func (e *Emulator) settle() {
	e.store.Settle()
	if backend, ok := e.backend.(interface{ Settle() }); ok {
		backend.Settle()
	}
}

// clockKeptSetting is the key of the clock among the settings of the state file.
const clockKeptSetting = "clock"

// restoreClock returns the clock of the state file, as if it had run on since, or a new one. What
// options say about it counts.
func restoreClock(j *journal.Journal, options Options) (*Clock, error) {
	c := new(Clock)
	if j.Keeps() {
		err := j.Each(journal.Settings, func(name, value []byte) error {
			if string(name) != clockKeptSetting {
				return nil
			}
			var kept clock.Setting
			if err := json.Unmarshal(value, &kept); err != nil {
				return fmt.Errorf("the clock in it cannot be read: %w", err)
			}
			c.clock.Restore(kept)
			return nil
		})
		if err != nil {
			return nil, err
		}
		c.clock.OnChange(func(s clock.Setting) {
			if err := keepClock(j, s); err != nil {
				options.Logger.LogAttrs(context.Background(), slog.LevelError,
					"the clock is not in the state file", slog.Any("error", err))
			}
		})
	}
	var move clock.Move
	if options.TimeScale != 0 {
		move.Scale = &options.TimeScale
	}
	if options.StartFrozen {
		move.Frozen = &options.StartFrozen
	}
	if move == (clock.Move{}) {
		return c, nil
	}
	_, err := c.clock.Move(move)
	return c, err
}

// keepClock brings the setting of the clock into the state file.
func keepClock(j *journal.Journal, s clock.Setting) error {
	value, err := json.Marshal(s)
	if err != nil {
		return err
	}
	return j.Wait(j.Note(journal.Settings, clockKeptSetting, value))
}
