// SPDX-License-Identifier: MIT

package wait

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var (
	errPassing = errors.New("passing")
	errFinal   = errors.New("final")
)

// watched is something that a loop looks at.
type watched struct {
	begun time.Time
	looks []time.Duration // when, since begun
	seen  int

	doneAfter int // looks; 0 means never
	asked     func(look int) time.Duration
	look      func(ctx context.Context, look int) error
}

// loop returns a loop with an interval of 10 seconds, whose last answer arrived just now.
func (w *watched) loop() *Loop {
	w.begun = time.Now()
	return &Loop{
		Answered: w.begun,
		Look: func(ctx context.Context) error {
			w.looks = append(w.looks, time.Since(w.begun))
			if w.look == nil {
				return nil
			}
			return w.look(ctx, len(w.looks))
		},
		Done:     func() bool { return w.doneAfter > 0 && len(w.looks) >= w.doneAfter },
		Seen:     func() { w.seen++ },
		Interval: func() time.Duration { return 10 * time.Second },
		RetryAfter: func(error) time.Duration {
			if w.asked == nil {
				return 0
			}
			return w.asked(len(w.looks))
		},
		Transient: func(failure error) bool { return !errors.Is(failure, errFinal) },
	}
}

func seconds(values ...float64) (durations []time.Duration) {
	for _, value := range values {
		durations = append(durations, time.Duration(value*float64(time.Second)))
	}
	return durations
}

func TestLoopLooksEveryInterval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &watched{doneAfter: 3}
		require.NoError(t, w.loop().Run(t.Context()))
		assert.Equal(t, seconds(10, 20, 30), w.looks)
		assert.Equal(t, 3, w.seen)

		w = &watched{doneAfter: 2}
		loop := w.loop()
		loop.Answered = time.Time{}
		require.NoError(t, loop.Run(t.Context()))
		assert.Equal(t, seconds(0, 10), w.looks, "the first comes at once if there was no answer")
	})
}

func TestLoopHeedsRetryAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &watched{doneAfter: 3, asked: func(look int) time.Duration {
			return []time.Duration{0, time.Minute, time.Second, 0}[look]
		}}
		require.NoError(t, w.loop().Run(t.Context()))
		assert.Equal(t, seconds(10, 70, 71), w.looks)
	})
}

// A pause may be longer than the patience with failures. The look after it is no failure yet.
func TestLoopLooksAfterPausesLongerThanItsPatience(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &watched{
			doneAfter: 3,
			asked:     func(int) time.Duration { return Patience + time.Minute },
			look:      func(ctx context.Context, _ int) error { return ctx.Err() },
		}
		require.NoError(t, w.loop().Run(t.Context()))
		assert.Equal(t, seconds(360, 720, 1080), w.looks)

		w.looks, w.look = nil, func(context.Context, int) error { return errPassing }
		require.ErrorIs(t, w.loop().Run(t.Context()), errPassing)
		assert.Len(t, w.looks, 1, "a second one would come too late")
	})
}

func TestLoopToleratesFailuresForFiveMinutes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &watched{look: func(_ context.Context, look int) error {
			if look == 3 {
				return nil
			}
			return errPassing
		}}
		require.ErrorIs(t, w.loop().Run(t.Context()), errPassing)
		assert.Equal(t, 1, w.seen)
		assert.Equal(t, 30*time.Second+Patience, time.Since(w.begun), "from the good answer on")
	})
}

func TestLoopReturnsOtherFailuresAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &watched{look: func(context.Context, int) error { return errFinal }}
		require.ErrorIs(t, w.loop().Run(t.Context()), errFinal)
		assert.Len(t, w.looks, 1)

		w = &watched{
			look:  func(context.Context, int) error { return errPassing },
			asked: func(look int) time.Duration { return time.Duration(look) * 6 * time.Minute },
		}
		require.ErrorIs(t, w.loop().Run(t.Context()), errPassing)
		assert.Len(t, w.looks, 1, "the service asks to wait for too long")
	})
}

func TestLoopBoundsALookThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &watched{look: func(ctx context.Context, _ int) error {
			<-ctx.Done()
			return ctx.Err()
		}}
		err := w.loop().Run(t.Context())
		require.ErrorContains(t, err, "no good answer for 5m0s")
		assert.Equal(t, Patience, time.Since(w.begun))
		assert.NotErrorAs(t, err, new(*InterruptedError))
	})
}

func TestLoopLooksASecondBeforeTheDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 15*time.Second)
		defer cancel()
		w := &watched{look: func(context.Context, int) error { return errPassing }}
		err := w.loop().Run(ctx)
		var interrupted *InterruptedError
		require.ErrorAs(t, err, &interrupted)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Equal(t, errPassing, interrupted.LastFailure)
		assert.Equal(t, seconds(10, 14), w.looks)
		assert.Equal(t, 15*time.Second, time.Since(w.begun))
	})
}

func TestLoopDoesNotShortenARetryAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 15*time.Second)
		defer cancel()
		w := &watched{asked: func(int) time.Duration { return 20 * time.Second }}
		require.ErrorIs(t, w.loop().Run(ctx), context.DeadlineExceeded)
		assert.Empty(t, w.looks)
	})
}
