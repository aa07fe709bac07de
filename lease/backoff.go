// SPDX-License-Identifier: MIT

package lease

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"time"

	arr "github.com/arr-go/azremoterendering"
)

// backoff is the pauses between tries: each up to twice as long as the one before, with jitter, so
// that many who failed together do not try again together.
type backoff struct {
	least, most, now time.Duration
}

func newBackoff(least, most time.Duration) *backoff {
	return &backoff{least: least, most: most, now: least}
}

// longestPause is for how long a service is left alone at the most, whatever it asks for: sessions
// are billed meanwhile, and run out.
const longestPause = 5 * time.Minute

// next returns the next pause. It is not shorter than what the service asked for, within reason.
func (b *backoff) next(asked time.Duration) time.Duration {
	pause := b.now/2 + rand.N(b.now/2+1)
	b.now = min(2*b.now, b.most)
	return max(pause, min(asked, longestPause))
}

// reset makes the next pause a short one again.
func (b *backoff) reset() { b.now = b.least }

// sleep returns nil after d, and the error of ctx if that ends before.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return ctx.Err()
	case <-ctx.Done():
		return ctx.Err()
	}
}

// passing reports whether a failure that was met after the service had answered before is worth
// another try. An unknown host is, then: what is gone is this machine's network.
func passing(err error) bool {
	_, unknownHost := errors.AsType[*net.DNSError](err)
	return unknownHost || arr.IsTransient(err) && !errors.Is(err, ErrBudget)
}
