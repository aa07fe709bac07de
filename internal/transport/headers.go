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
// Numbers may have a fraction. A date is compared with the Date of the answer if there is one, so
// that a wrong local clock does no harm.
func RetryAfter(header http.Header, now time.Time) time.Duration {
	for _, h := range []struct {
		name string
		unit time.Duration
	}{
		{"Retry-After-Ms", time.Millisecond},
		{"X-Ms-Retry-After-Ms", time.Millisecond},
		{"Retry-After", time.Second},
	} {
		first, _, _ := strings.Cut(header.Get(h.name), ",") // proxies join headers that are sent twice
		number, err := strconv.ParseFloat(strings.TrimSpace(first), 64)
		if err == nil && number > 0 && number < math.MaxInt64 { // which NaN is not
			return time.Duration(min(number*float64(h.unit), float64(maxRetryAfter)))
		}
	}
	if date, ok := parseDate(header.Get("Retry-After")); ok {
		if served, ok := parseDate(header.Get("Date")); ok {
			now = served
		}
		return min(max(date.Sub(now), 0), maxRetryAfter)
	}
	return 0
}

// parseDate reads the date of a header. HTTP has three forms, all of them in GMT. Some programs write
// UTC or an offset instead, or the form of JSON.
func parseDate(value string) (date time.Time, ok bool) {
	date, err := http.ParseTime(value)
	for _, layout := range []string{"Mon, 02 Jan 2006 15:04:05 UTC", time.RFC1123Z, time.RFC3339} {
		if err != nil {
			date, err = time.Parse(layout, value)
		}
	}
	return date, err == nil
}

// spellRetryAfter makes azcore's retry policy wait as [RetryAfter] says. That policy reads numbers
// without a fraction, and dates of one form by the local clock; it ignores others, and retries too
// early.
func spellRetryAfter(header http.Header, now time.Time) {
	for _, name := range retryAfterHeaders {
		value := header.Get(name)
		if value == "" {
			continue
		}
		number, err := strconv.Atoi(value)
		if err == nil && number <= 0 {
			continue
		}
		if err != nil || number > int(maxRetryAfter/time.Second) {
			wait := RetryAfter(header, now)
			if _, ok := parseDate(value); ok && wait == 0 {
				header.Del(name) // that time has passed
			} else if wait > 0 {
				milliseconds := (wait + time.Millisecond - 1) / time.Millisecond
				header.Set("Retry-After-Ms", strconv.FormatInt(int64(milliseconds), 10))
			}
		}
		return
	}
}

var retryAfterHeaders = []string{"Retry-After-Ms", "X-Ms-Retry-After-Ms", "Retry-After"}

// IsTransient reports whether the same request may succeed later after an answer with this status:
// 408, 429 or 5xx.
func IsTransient(status int) bool {
	return status == http.StatusRequestTimeout || status == http.StatusTooManyRequests || status >= 500
}
