// SPDX-License-Identifier: MIT

package wait

import (
	"context"
	"fmt"
	"time"
)

const (
	// lastLookMargin separates the last look from the deadline of the context.
	lastLookMargin = time.Second
	// lookTime is how long the look after a good answer may take at least, however long the pause
	// between the two. A call of the client takes about two minutes if nothing answers.
	lookTime = 2 * time.Minute
)

// Loop looks at something repeatedly until it is done. It tolerates transient failures until there
// has been no good answer for [Patience], or the service asks to wait longer than that.
type Loop struct {
	// Clock is the clock that the loop sleeps by. After a leap, the next look comes at once.
	Clock Clock
	// Answered is the time of the last good answer. The first look follows one interval later. If
	// it is zero, the first look comes at once.
	Answered time.Time
	// Look looks once. It returns nil if there was a good answer.
	Look func(context.Context) error
	// Done reports whether the last good answer ends the wait.
	Done func() bool
	// Seen is called after every good answer.
	Seen func()
	// Interval returns the time until the next look.
	Interval func() time.Duration
	// RetryAfter returns the time until the next look that the service asked for with its last good
	// answer (failure is nil) or with a failure, or 0. It replaces the interval.
	RetryAfter func(failure error) time.Duration
	// Transient reports whether to look again after a failure.
	Transient func(failure error) bool
}

// InterruptedError means that the context of a wait ended.
type InterruptedError struct {
	// Cause is the error of the context.
	Cause error
	// LastFailure is that of the last look. It is nil if that brought a good answer.
	LastFailure error
}

// Error returns the text of the cause.
func (e *InterruptedError) Error() string { return e.Cause.Error() }

// Unwrap returns the cause.
func (e *InterruptedError) Unwrap() error { return e.Cause }

// Run returns nil when Done holds. Otherwise it returns the failure that ended the wait, or an
// [*InterruptedError]. If ctx has a deadline, the last look comes a second before it.
func (l *Loop) Run(ctx context.Context) error {
	pause, asked := l.first()
	lastGood, patience := time.Now(), patienceAfter(pause)
	var failure error
	for !l.Done() {
		if err := l.sleep(ctx, pause, asked); err != nil {
			return &InterruptedError{Cause: err, LastFailure: failure}
		}
		if failure = l.look(ctx, lastGood, patience); failure == nil {
			lastGood = time.Now()
			l.Seen()
			pause, asked = l.next(nil)
			patience = patienceAfter(pause)
			continue
		}
		if ctx.Err() != nil {
			return &InterruptedError{Cause: ctx.Err(), LastFailure: failure}
		}
		pause, asked = l.next(failure)
		if !l.Transient(failure) || time.Since(lastGood)+pause > patience {
			return failure
		}
	}
	return nil
}

// first returns the pause before the first look, and whether the service asked for it.
func (l *Loop) first() (pause time.Duration, asked bool) {
	if l.Answered.IsZero() {
		return 0, false
	}
	pause, asked = l.next(nil)
	return max(0, pause-time.Since(l.Answered)), asked
}

// next returns the pause before the next look, and whether the service asked for it.
func (l *Loop) next(failure error) (pause time.Duration, asked bool) {
	if pause := l.RetryAfter(failure); pause > 0 {
		return pause, true
	}
	return l.Interval(), false
}

// patienceAfter returns how long after a good answer failures are tolerated. It is more than
// [Patience] if the first look comes later than that, or shortly before.
func patienceAfter(pause time.Duration) time.Duration { return max(Patience, pause+lookTime) }

// look bounds a look in time: one that hangs must not hang the wait.
func (l *Loop) look(ctx context.Context, lastGood time.Time, patience time.Duration) error {
	bounded, cancel := context.WithDeadline(ctx, lastGood.Add(patience))
	defer cancel()
	err := l.Look(bounded)
	if err != nil && bounded.Err() != nil && ctx.Err() == nil {
		return fmt.Errorf("no good answer for %v: %w", patience, err)
	}
	return err
}

// sleep waits for d, or less if there must be a last look before the deadline of ctx. A pause
// that the service asked for is never shortened.
func (l *Loop) sleep(ctx context.Context, d time.Duration, asked bool) error {
	if deadline, ok := ctx.Deadline(); ok && !asked {
		if last := time.Until(deadline) - lastLookMargin; last > 0 && last < d {
			d = last
		}
	}
	return l.Clock.Sleep(ctx, d)
}
