// SPDX-License-Identifier: MIT

package clock_test

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/arr-go/azremoterendering/emulator/internal/clock"
)

// move changes a clock, which accepts the change.
func move(t *testing.T, c *clock.Clock, m clock.Move) {
	t.Helper()
	_, err := c.Move(m)
	assert.NoError(t, err)
}

func freeze(frozen bool) clock.Move { return clock.Move{Frozen: &frozen} }

func TestTimersAreCalledInOrder(t *testing.T) {
	c := new(clock.Clock)
	move(t, c, freeze(true))
	begin := c.Now()
	after := func(d time.Duration, f func()) *clock.Timer { return c.At(c.Now().Add(d), f) }
	var order []string
	note := func(name string) func() {
		return func() { order = append(order, name+" "+c.Now().Sub(begin).String()) }
	}
	after(3*time.Minute, note("third"))
	after(time.Minute, func() {
		note("first")()
		after(time.Minute, note("second, set by the first"))
	})
	stopped := after(time.Minute, note("stopped"))
	assert.True(t, stopped.Stop())
	assert.False(t, stopped.Stop())
	after(3*time.Minute, note("fourth, set after the third"))
	late := after(time.Hour, note("late"))
	move(t, c, clock.Move{Advance: 10 * time.Minute})
	assert.Equal(t, []string{
		"first 1m0s", "second, set by the first 2m0s", "third 3m0s", "fourth, set after the third 3m0s",
	}, order)
	assert.Equal(t, 10*time.Minute, c.Now().Sub(begin))
	assert.True(t, late.Stop())
}

// Anyone who moves the clock, and however many do, each function is called once, not before it is
// due, and not with another.
func TestMovingTheClockConcurrently(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := new(clock.Clock)
		begin := c.Now()
		const timers, movers = 300, 8
		var calls, running int // guarded by the clock
		for i := range timers {
			due := time.Duration(i*7919%timers) * time.Minute
			c.At(begin.Add(due), func() {
				running++
				assert.Equal(t, 1, running)
				assert.False(t, c.Now().Before(begin.Add(due)))
				calls++
				running--
			})
		}
		var all sync.WaitGroup
		for i := range movers {
			all.Go(func() {
				for range timers / movers {
					switch i % 4 {
					case 0:
						scale := float64(1 + i)
						move(t, c, clock.Move{Scale: &scale})
					case 1:
						move(t, c, freeze(true))
						move(t, c, freeze(false))
					default:
						move(t, c, clock.Move{Advance: 2 * time.Minute})
					}
					time.Sleep(time.Second)
				}
			})
		}
		all.Wait()
		time.Sleep(timers * time.Minute) // at a scale of 1 or more
		synctest.Wait()
		assert.Equal(t, timers, calls)
	})
}
