// SPDX-License-Identifier: MIT

package emulator_test

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/arr-go/azremoterendering/emulator"
)

func TestTimersOfTheClockAreCalledInOrder(t *testing.T) {
	var unmoved *emulator.Clock
	called := make(chan struct{})
	unmoved.AfterFunc(0, func() { close(called) })
	<-called // a back end may be used without an emulator

	s := start(t, emulator.Options{StartFrozen: true})
	clock, begin := s.Clock(), s.Clock().Now()
	var order []string
	note := func(name string) func() {
		return func() { order = append(order, name+" "+clock.Now().Sub(begin).String()) }
	}
	clock.AfterFunc(3*time.Minute, note("third"))
	clock.AfterFunc(time.Minute, func() {
		note("first")()
		clock.AfterFunc(time.Minute, note("second, set by the first"))
	})
	stopped := clock.AfterFunc(time.Minute, note("stopped"))
	assert.True(t, stopped.Stop())
	assert.False(t, stopped.Stop())
	clock.AfterFunc(3*time.Minute, note("fourth, set after the third"))
	late := clock.AfterFunc(time.Hour, note("late"))
	s.advance(10 * time.Minute)
	assert.Equal(t, []string{
		"first 1m0s", "second, set by the first 2m0s", "third 3m0s", "fourth, set after the third 3m0s",
	}, order)
	assert.Equal(t, 10*time.Minute, clock.Now().Sub(begin))
	assert.True(t, late.Stop())
}

// Anyone who moves the clock, and however many do, each function is called once, not before it is
// due, and not with another.
func TestMovingTheClockConcurrently(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, emulator.Options{})
		clock, begin := s.Clock(), s.Clock().Now()
		const timers, movers = 300, 8
		var calls, running int // guarded by the clock
		for i := range timers {
			due := time.Duration(i*7919%timers) * time.Minute
			clock.AfterFunc(due, func() {
				running++
				assert.Equal(t, 1, running)
				assert.False(t, clock.Now().Before(begin.Add(due)))
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
						assert.NoError(t, clock.SetScale(float64(1+i)))
					case 1:
						clock.Freeze()
						clock.Unfreeze()
					default:
						assert.NoError(t, clock.Advance(2*time.Minute))
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
