// SPDX-License-Identifier: MIT

// Package wait holds what waiting has in common: sleeping until a context ends, backoff, the loop
// that waits for a state, and a clock that also counts the time in which a machine is suspended.
package wait

import (
	"context"
	"math/rand/v2"
	"time"
)

// Patience is how long a wait tolerates failures without a good answer, and the longest Retry-After
// that it respects. Sessions are billed, and leases run out, in the meantime.
const Patience = 5 * time.Minute

// ReadLag is how long after its own create a session may be unknown to a read: a part of the
// service may lag behind.
const ReadLag = 30 * time.Second

// Sleep returns nil after d, or the error of ctx as soon as that ends.
func Sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return ctx.Err()
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Backoff is a sequence of growing pauses between retries. Each is random, between half and all of
// a bound that doubles with every pause, so that callers that failed together do not retry
// together. Create one with [NewBackoff]. It is not safe for concurrent use.
type Backoff struct {
	first, limit, bound time.Duration
}

// NewBackoff returns a Backoff whose bound begins at first and grows up to limit.
func NewBackoff(first, limit time.Duration) *Backoff {
	return &Backoff{first: first, limit: limit, bound: first}
}

// Next returns the next pause. It is at least retryAfter, up to [Patience].
func (b *Backoff) Next(retryAfter time.Duration) time.Duration {
	pause := b.bound/2 + rand.N(b.bound/2+1)
	b.bound = min(2*b.bound, b.limit)
	return max(pause, min(retryAfter, Patience))
}

// Reset makes the next pause a short one again.
func (b *Backoff) Reset() { b.bound = b.first }
