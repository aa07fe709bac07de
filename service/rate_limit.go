// SPDX-License-Identifier: MIT

package service

import (
	"net/http"
	"strconv"
	"time"
)

const defaultRateWindow = time.Minute

// RateLimit limits the requests of one account. A request above it is answered with 429, without
// body, and Retry-After says the whole seconds until the window is over. The service documents that
// throttling resets each minute, but not its threshold.
//
// The token service and the session service count separately; the session service counts the
// requests to all regions together. Requests that lack authorization do not count, so that nobody
// can use up the limit of another account. Every [Service] counts for itself.
type RateLimit struct {
	// Requests is the number of requests served in one window. The default, 0, is no limit.
	Requests int

	// Per is the length of a window. A window begins with the first request after the end of the
	// one before. The default is one minute.
	Per time.Duration
}

// window counts the requests since its beginning.
type window struct {
	begin time.Time
	count int
}

// admit counts a request, or returns how long to wait before a retry.
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

// throttle counts a request to one of the two services, or refuses it.
func (s *Service) throttle(a *account, sessionService bool) *Refusal {
	limit := s.rateLimit
	if limit.Requests == 0 {
		return nil
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	counted := &a.tokenRequests
	if sessionService {
		counted = &a.sessionRequests
	}
	wait, ok := counted.admit(s.now(), limit)
	if ok {
		return nil
	}
	return tooManyRequests(s.retryAfter(wait))
}

// tooManyRequests returns a refusal that asks for a wait, rounded up to whole seconds so that a
// client that follows it is not too early. It is the same for both services: for the token service
// the specification names WWW-Authenticate too, but its example has none, and no such answer was
// recorded.
func tooManyRequests(wait time.Duration) *Refusal {
	seconds := int((wait + time.Second - 1) / time.Second)
	return &Refusal{
		Status: http.StatusTooManyRequests,
		Header: http.Header{"Retry-After": {strconv.Itoa(seconds)}},
	}
}
