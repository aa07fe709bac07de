// SPDX-License-Identifier: MIT

package lease

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
)

// timed returns a timer of two minutes, and a function that returns when it elapsed, or 0.
func timed(t *testing.T) (c *idleTimer, elapsed func() time.Duration) {
	began := time.Now()
	var after atomic.Int64
	c = newIdleTimer(2*time.Minute, func() { after.Store(int64(time.Since(began))) })
	t.Cleanup(c.stop)
	return c, func() time.Duration {
		synctest.Wait()
		return time.Duration(after.Load())
	}
}

// The timeout counts exactly from the last touch, whenever that was.
func TestIdleTimerElapsesAfterTheLastTouch(t *testing.T) {
	for _, touch := range []time.Duration{0, time.Millisecond, 33 * time.Second, 119 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			c, elapsed := timed(t)
			time.Sleep(touch)
			assert.True(t, c.touch())
			time.Sleep(2*time.Minute - time.Nanosecond)
			assert.Zero(t, elapsed())
			time.Sleep(time.Nanosecond)
			assert.Equal(t, touch+2*time.Minute, elapsed())
			assert.False(t, c.touch(), "too late")
		})
	}
}

// A timer that fires late tells of a program that stood still. That time does not count, even if
// only a moment was left, and the program gets some time to call touch.
func TestIdleTimerDoesNotCountTimeInWhichTheProgramStoodStill(t *testing.T) {
	for _, lived := range []time.Duration{time.Second, time.Minute, 119 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			c, elapsed := timed(t)
			time.Sleep(3 * time.Second)
			c.touch() // so that slices do not end with the timeout
			time.Sleep(lived)
			assert.False(t, c.expire(time.Now().Add(130*time.Second)), "suspended for 130 s")
			time.Sleep(9 * time.Second)
			assert.Zero(t, elapsed(), "there is time to call touch")
			assert.True(t, c.touch())
			time.Sleep(119 * time.Second)
			assert.Zero(t, elapsed())
			time.Sleep(21 * time.Second)
			assert.NotZero(t, elapsed(), "it still ends without touch")
		})
	}
}

// A program that is never on time still ends its idle leases.
func TestIdleTimerElapsesThoughEverySliceIsLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _ := timed(t)
		now, slices := time.Now(), 1
		for ; !c.expire(now) && slices < 100; slices++ {
			now = now.Add(time.Minute)
		}
		assert.Less(t, slices, 20)
	})
}

// A timer that is a little late, as on a busy machine, loses no more than that.
func TestIdleTimerToleratesABusyMachine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _ := timed(t)
		began := time.Now()
		now := began.Add(c.slice)
		for !c.expire(now) {
			now = now.Add(c.slice + 200*time.Millisecond)
		}
		assert.Less(t, now.Sub(began), 2*time.Minute+3*time.Second)
	})
}
