// SPDX-License-Identifier: MIT

package lease

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

const (
	// firstWaitingRecord is how long a call waits before it logs what it waits for.
	firstWaitingRecord = 30 * time.Second
	// nextWaitingRecord is the time from one such record to the next.
	nextWaitingRecord = 10 * time.Minute
)

// logWaiting logs at level Warn what a call waits for: after half a minute, and then every ten
// minutes, until stop is called. After stop there are no more records. what returns attributes for
// one record. stop must not be called with a lock that what, or the logger, takes.
func logWaiting(
	ctx context.Context,
	log *slog.Logger,
	message string,
	what func() []any,
) (stop func()) {
	w := &waitingLog{}
	began := time.Now()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.timer = time.AfterFunc(firstWaitingRecord, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		if w.stopped {
			return
		}
		waiting := time.Since(began).Round(time.Second)
		log.WarnContext(ctx, message, append(what(), "waiting", waiting)...)
		w.timer.Reset(nextWaitingRecord)
	})
	return w.stop
}

// waitingLog is the timer of one waiting call.
type waitingLog struct {
	mu      sync.Mutex
	timer   *time.Timer
	stopped bool
}

func (w *waitingLog) stop() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.stopped = true
	w.timer.Stop()
}
