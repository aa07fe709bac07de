// SPDX-License-Identifier: MIT

package wait

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestSleepLastsExactly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		assert.NoError(t, Sleep(t.Context(), time.Minute))
		assert.Equal(t, time.Minute, time.Since(began))
	})
}

func TestSleepEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began := time.Now()
		assert.ErrorIs(t, Sleep(ctx, time.Hour), context.DeadlineExceeded)
		assert.Equal(t, time.Second, time.Since(began))
		assert.ErrorIs(t, Sleep(ctx, 0), context.DeadlineExceeded, "it had ended before")
	})
}

func TestBackoffGrowsToItsLimit(t *testing.T) {
	b := NewBackoff(time.Second, 8*time.Second)
	for _, bound := range []time.Duration{1, 2, 4, 8, 8, 8} {
		pause := b.Next(0)
		assert.LessOrEqual(t, pause, bound*time.Second)
		assert.GreaterOrEqual(t, pause, bound*time.Second/2)
	}
	b.Reset()
	assert.LessOrEqual(t, b.Next(0), time.Second)
}

func TestBackoffHeedsRetryAfterWithinReason(t *testing.T) {
	b := NewBackoff(time.Second, 8*time.Second)
	assert.Equal(t, time.Minute, b.Next(time.Minute))
	assert.Equal(t, Patience, b.Next(24*time.Hour))
}
