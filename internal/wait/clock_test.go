// SPDX-License-Identifier: MIT

package wait

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
)

// fakeClock returns a clock whose wall clock is ahead of the system's by so many nanoseconds.
func fakeClock(ahead *atomic.Int64) Clock {
	return Clock{Wall: func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }}
}

func TestSinceCountsTheTimeOfASuspendedMachine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var ahead atomic.Int64
		clock := fakeClock(&ahead)
		before := clock.Now()
		time.Sleep(time.Minute)
		assert.Equal(t, time.Minute, clock.Since(before))
		assert.False(t, clock.Leapt(before))

		ahead.Store(int64(88 * time.Second))
		assert.Equal(t, 148*time.Second, clock.Since(before))
		assert.True(t, clock.Leapt(before))
		assert.False(t, clock.Leapt(clock.Now()), "known from now on")

		ahead.Store(int64(-time.Hour))
		assert.Equal(t, time.Minute, clock.Since(before), "set back: nothing is undone")
		assert.False(t, clock.Leapt(before))

		ahead.Store(int64(time.Second))
		assert.False(t, clock.Leapt(before), "clocks are adjusted all the time")
	})
}

func TestSleepEndsAfterALeap(t *testing.T) {
	for name, c := range map[string]struct {
		leap time.Duration
		want time.Duration
	}{
		"none":        {0, time.Minute},
		"suspended":   {20 * time.Second, 40 * time.Second},
		"set forward": {24 * time.Hour, 40 * time.Second},
		"set back":    {-24 * time.Hour, time.Minute},
		"adjusted":    {time.Second, time.Minute},
	} {
		synctest.Test(t, func(t *testing.T) {
			var ahead atomic.Int64
			clock := fakeClock(&ahead)
			time.AfterFunc(35*time.Second, func() { ahead.Store(int64(c.leap)) })
			began := time.Now()
			assert.NoError(t, clock.Sleep(t.Context(), time.Minute))
			assert.Equal(t, c.want, time.Since(began), name)
		})
	}
}

func TestASleepNoticesALeapAfterTheClockWasSetBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var ahead atomic.Int64
		clock := fakeClock(&ahead)
		time.AfterFunc(5*time.Second, func() { ahead.Store(int64(-time.Hour)) })
		time.AfterFunc(25*time.Second, func() { ahead.Add(int64(88 * time.Second)) })
		began := time.Now()
		assert.NoError(t, clock.Sleep(t.Context(), time.Minute))
		assert.Equal(t, 30*time.Second, time.Since(began))
	})
}

func TestLoopLooksAtOnceAfterALeap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var ahead atomic.Int64
		began := time.Now()
		var looks []time.Duration
		loop := Loop{
			Clock:      fakeClock(&ahead),
			Look:       func(context.Context) error { looks = append(looks, time.Since(began)); return nil },
			Done:       func() bool { return len(looks) == 3 },
			Seen:       func() {},
			Interval:   func() time.Duration { return 4 * time.Minute },
			RetryAfter: func(error) time.Duration { return 0 },
			Transient:  func(error) bool { return true },
		}
		time.AfterFunc(65*time.Second, func() { ahead.Store(int64(time.Hour)) })
		assert.NoError(t, loop.Run(t.Context()))
		assert.Equal(t, []time.Duration{0, 70 * time.Second, 310 * time.Second}, looks)
	})
}
