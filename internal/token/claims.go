// SPDX-License-Identifier: MIT

package token

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"time"

	"github.com/arr-go/azremoterendering/internal/wait"
)

const (
	// unknownLifetime applies to tokens that do not say when they expire.
	unknownLifetime = time.Hour
	// longestLifetime keeps a nonsensical token from overflowing a duration.
	longestLifetime = 10 * 365 * 24 * time.Hour
	// earliestRenewal is how long before its end a long-lived token is renewed.
	earliestRenewal = 5 * time.Minute
)

// claims are the times in an access token, in seconds since 1970.
type claims struct {
	Expires   *float64 `json:"exp"`
	IssuedAt  *float64 `json:"iat"`
	NotBefore *float64 `json:"nbf"`
}

// Lifetime returns how long a token that was issued just now can be used. It comes from the token's
// own times if possible, so that a wrong local clock does no harm. It is an hour if the token
// cannot be read or does not say when it expires, and ten years at most.
func Lifetime(token string, now time.Time) time.Duration {
	c, ok := readClaims(token)
	if !ok {
		return unknownLifetime
	}
	seconds := *c.Expires - float64(now.Unix())
	if c.IssuedAt != nil {
		seconds = *c.Expires - *c.IssuedAt
	} else if c.NotBefore != nil {
		seconds = *c.Expires - *c.NotBefore
	}
	switch {
	case seconds <= 0:
		return unknownLifetime
	case seconds >= longestLifetime.Seconds():
		return longestLifetime
	default:
		return time.Duration(seconds * float64(time.Second))
	}
}

// Times returns when a token expires and when to renew it, on the local clock. asked and received are
// when the exchange began and ended. If the machine was suspended in between, the token may be older
// than its receipt by so much.
func Times(token string, asked, received wait.Instant) (expires, renew time.Time) {
	now := received.Time()
	if received.Leapt(asked) {
		now = now.Add(-received.Ahead(asked))
	}
	expires = now.Add(Lifetime(token, now))
	return expires, RefreshTime(now, expires)
}

// expiry returns when a token expires, ten years from now at most. It is the zero time if the token
// cannot be read or does not say so.
func expiry(token string, now time.Time) time.Time {
	c, ok := readClaims(token)
	if !ok {
		return time.Time{}
	}
	latest := now.Add(longestLifetime)
	if *c.Expires >= float64(latest.Unix()) {
		return latest
	}
	return time.Unix(max(1, int64(*c.Expires)), 0)
}

// RefreshTime returns when to renew a token received now: 5 minutes before it expires, or a tenth
// of its lifetime if that is less.
func RefreshTime(now, expires time.Time) time.Time {
	return expires.Add(-max(0, min(earliestRenewal, expires.Sub(now)/10)))
}

// Sendable reports whether a token or key can be sent in an Authorization header as it is.
func Sendable(token string) bool {
	for i := range len(token) {
		if token[i] <= ' ' || token[i] >= 0x7f {
			return false
		}
	}
	return token != ""
}

// readClaims reads the claims of a token without verifying it: only the service can. It returns
// false if the token cannot be read or does not say when it expires.
func readClaims(token string) (claims, bool) {
	var c claims
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return claims{}, false
	}
	data, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil || json.Unmarshal(data, &c) != nil || c.Expires == nil {
		return claims{}, false
	}
	return c, true
}
