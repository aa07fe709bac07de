// SPDX-License-Identifier: MIT

package show

import (
	"fmt"
	"strings"
	"time"

	arr "github.com/arr-go/azremoterendering"
)

// Span writes a time as people do: 90 minutes are 1h30m.
func Span(d time.Duration) string {
	if d < time.Minute {
		return d.Truncate(time.Second).String()
	}
	text := d.Truncate(time.Second).String()
	text = strings.TrimSuffix(text, "0s")
	if !strings.HasSuffix(text, "m") {
		return d.Truncate(time.Second).String()
	}
	if short, ok := strings.CutSuffix(text, "h0m"); ok {
		return short + "h"
	}
	return text
}

// Remaining writes what was left of a lease when the service answered. It counts whole minutes, so
// of a Ready session only bounds are known.
func Remaining(s arr.Session) string { return remainingAfter(s, 0) }

// remainingAfter writes what is left of a lease some time after the answer.
func remainingAfter(s arr.Session, passed time.Duration) string {
	atLeast, atMost := s.RemainingLease()
	switch {
	case s.Status.Ended():
		return "-"
	case s.Status == arr.SessionStatusStarting:
		return Span(atMost) + " from Ready on"
	case atLeast == atMost:
		return Span(max(0, atMost-passed))
	default:
		return fmt.Sprintf("%s to %s", Span(max(0, atLeast-passed)), Span(max(0, atMost-passed)))
	}
}
