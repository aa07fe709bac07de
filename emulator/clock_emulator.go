// SPDX-License-Identifier: MIT

package emulator

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"time"
)

// Clock returns the time of the emulator. Everything follows it: leases, start-up, retention,
// access tokens, rate limits, faults, conversions, the times of requests, the Date of answers, and
// the leases of the processes of a [Backend]. Only tokens of Microsoft Entra are held against the
// time of the system, by which they are issued, and a process takes as long as it takes to start
// and to end.
//
// Inside [testing/synctest] there is no need to move it: there the time of the system is virtual.
func (e *Emulator) Clock() *Clock { return e.clock }

// settle brings everything up to the time of the clock.
func (e *Emulator) settle() {
	m := e.store
	m.ask(func(*record) bool { return true })
	m.lock()   // ends sessions
	m.unlock() // stops their servers
	if backend, ok := m.backend.(interface{ Settle() }); ok {
		backend.Settle()
	}
}

// clockKeptSetting is the key of the clock among the settings of the state file.
const clockKeptSetting = "clock"

// keptClock is a clockSetting in the state file.
type keptClock struct {
	Base   time.Time `json:"base"`
	Anchor time.Time `json:"anchor"`
	Scale  float64   `json:"scale"`
	Frozen bool      `json:"frozen"`
}

// restoreClock returns the clock of the state file, as if it had run on since, or a new one. What
// options say about it counts.
func restoreClock(j *journal, options Options) (*Clock, error) {
	c := new(Clock)
	if j.keeps() {
		err := j.file.Each(settingsBucket, func(name, value []byte) error {
			if string(name) != clockKeptSetting {
				return nil
			}
			var kept keptClock
			if err := json.Unmarshal(value, &kept); err != nil {
				return fmt.Errorf("the clock in it cannot be read: %w", err)
			}
			setting := clockSetting{kept.Base.Local(), kept.Anchor, kept.Scale, kept.Frozen}
			c.setting.Store(&setting)
			return nil
		})
		if err != nil {
			return nil, err
		}
		c.changed = func(s clockSetting) {
			if err := j.keepClock(s); err != nil {
				options.Logger.LogAttrs(context.Background(), slog.LevelError,
					"the clock is not in the state file", slog.Any("error", err))
			}
		}
	}
	var move clockMove
	if options.TimeScale != 0 {
		move.scale = &options.TimeScale
	}
	if options.StartFrozen {
		move.frozen = &options.StartFrozen
	}
	if move == (clockMove{}) {
		return c, nil
	}
	_, err := c.move(move)
	return c, err
}

// keepClock brings the setting of the clock into the state file.
func (j *journal) keepClock(s clockSetting) error {
	value, err := json.Marshal(keptClock{s.base, s.anchor, s.scale, s.frozen})
	if err != nil {
		return err
	}
	return j.wait(j.note(settingsBucket, clockKeptSetting, value))
}
