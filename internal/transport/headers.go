// SPDX-License-Identifier: MIT

package transport

import (
	"crypto/rand"
	"encoding/base64"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// CorrelationVectorHeader is the request header by which the service correlates requests.
const CorrelationVectorHeader = "X-MRC-CV"

// maxRetryAfter keeps a nonsensical answer from overflowing a duration.
const maxRetryAfter = 24 * time.Hour

// NewCorrelationVector returns a new random value of [CorrelationVectorHeader]: 22 characters of
// the Base64 alphabet.
func NewCorrelationVector() string {
	var random [16]byte
	rand.Read(random[:]) // never fails
	return base64.RawStdEncoding.EncodeToString(random[:])
}

// CorrelationVector returns the MS-CV header of an answer. The service echoes no other request id.
func CorrelationVector(resp *http.Response) string { return resp.Header.Get("Ms-Cv") }

// RetryAfter returns how long an answer that arrived now asks to wait, at most 24 hours. It is 0 if
// the answer does not ask. It reads the headers that azcore reads, in the same order:
// retry-after-ms and x-ms-retry-after-ms in milliseconds, then Retry-After in seconds or as a date.
// Numbers may have a fraction.
func RetryAfter(header http.Header, now time.Time) time.Duration {
	for _, h := range []struct {
		name string
		unit time.Duration
	}{
		{"Retry-After-Ms", time.Millisecond},
		{"X-Ms-Retry-After-Ms", time.Millisecond},
		{"Retry-After", time.Second},
	} {
		number, err := strconv.ParseFloat(strings.TrimSpace(header.Get(h.name)), 64)
		if err == nil && number > 0 && number < math.MaxInt64 { // which NaN is not
			return time.Duration(min(number*float64(h.unit), float64(maxRetryAfter)))
		}
	}
	if date, err := http.ParseTime(header.Get("Retry-After")); err == nil {
		return min(max(date.Sub(now), 0), maxRetryAfter)
	}
	return 0
}

// IsTransient reports whether the same request may succeed later after an answer with this status:
// 408, 429 or 5xx.
func IsTransient(status int) bool {
	return status == http.StatusRequestTimeout || status == http.StatusTooManyRequests || status >= 500
}
