// SPDX-License-Identifier: MIT

package transport

import (
	"crypto/rand"
	"encoding/base64"
	"net/http"
	"strconv"
	"time"
)

// CorrelationVectorHeader is the request header by which the service correlates requests.
const CorrelationVectorHeader = "X-MRC-CV"

// maxRetryAfter keeps a nonsensical answer from overflowing a duration.
const maxRetryAfter = 24 * time.Hour

// NewCorrelationVector returns a new random value of [CorrelationVectorHeader]: 22 characters of the
// Base64 alphabet.
func NewCorrelationVector() string {
	var random [16]byte
	rand.Read(random[:]) // never fails
	return base64.RawStdEncoding.EncodeToString(random[:])
}

// CorrelationVector returns the MS-CV header of an answer. The service echoes no other request id.
func CorrelationVector(resp *http.Response) string { return resp.Header.Get("Ms-Cv") }

// RetryAfter returns how long an answer that arrived now asks to wait, at most 24 hours. It is 0 if
// the answer does not ask.
func RetryAfter(header http.Header, now time.Time) time.Duration {
	value := header.Get("Retry-After")
	if seconds, err := strconv.Atoi(value); err == nil {
		const most = int(maxRetryAfter / time.Second)
		return time.Duration(min(max(seconds, 0), most)) * time.Second
	}
	if date, err := http.ParseTime(value); err == nil {
		return min(max(date.Sub(now), 0), maxRetryAfter)
	}
	return 0
}

// IsTransient reports whether the same request may succeed later after an answer with this status:
// 408, 429 or 5xx.
func IsTransient(status int) bool {
	return status == http.StatusRequestTimeout || status == http.StatusTooManyRequests || status >= 500
}
