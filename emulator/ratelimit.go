// SPDX-License-Identifier: MIT

package emulator

import (
	"net/http"
	"strconv"
	"time"
)

const defaultRateWindow = time.Minute

// RateLimit is how many requests an account may send. A request above it is answered with 429,
// without body, and Retry-After tells the whole seconds until the window is over. The service
// documents that throttling resets each minute, but not its threshold.
//
// The token service and the session service count for themselves; the session service counts the
// requests to all regions together. Requests that lack authorization do not count: nobody can use
// up the limit of a foreign account.
type RateLimit struct {
	// Requests is how many requests are served in one window. The default, 0, is no limit.
	Requests int

	// Per is the length of a window, which begins with the first request after the one before is
	// over. The default is one minute.
	Per time.Duration
}

// window counts the requests since its begin.
type window struct {
	begin time.Time
	count int
}

// admit counts a request, or returns after what time to come again.
func (w *window) admit(now time.Time, limit RateLimit) (wait time.Duration, ok bool) {
	if w.begin.IsZero() || now.Sub(w.begin) >= limit.Per {
		*w = window{begin: now}
	}
	if w.count >= limit.Requests {
		return limit.Per - now.Sub(w.begin), false
	}
	w.count++
	return 0, true
}

// throttle counts a request to one of the two services, or returns why it has to wait.
func (a *account) throttle(limit RateLimit, sessionService bool) *refusal {
	if limit.Requests == 0 {
		return nil
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	counted := &a.tokenRequests
	if sessionService {
		counted = &a.sessionRequests
	}
	wait, ok := counted.admit(time.Now(), limit)
	if ok {
		return nil
	}
	return tooManyRequests(wait)
}

// tooManyRequests returns a refusal that is the same for both services: for the token service the
// specification names WWW-Authenticate too, but its example has none, and no answer of that kind
// was recorded. It is a refusal that asks for a wait, rounded up to whole seconds so that whoever
// heeds it is not too early.
func tooManyRequests(wait time.Duration) *refusal {
	seconds := int((wait + time.Second - 1) / time.Second)
	return &refusal{
		status: http.StatusTooManyRequests,
		header: http.Header{"Retry-After": {strconv.Itoa(seconds)}},
	}
}
