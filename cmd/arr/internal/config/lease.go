// SPDX-License-Identifier: MIT

package config

import (
	"errors"
	"strconv"
	"strings"
	"time"
)

// longestLease keeps a lease within what the root package can send; what the service takes is a
// day.
const longestLease = 1000 * time.Hour

// ParseLease reads "90m" or "1h30m", and "hh:mm:ss" or "hh:mm" as RenderingSession.ps1 has it. The
// service counts whole minutes.
func ParseLease(text string) (time.Duration, error) {
	text = strings.TrimSpace(text)
	lease, err := time.ParseDuration(text)
	if strings.Contains(text, ":") {
		lease, err = parseClock(text)
	}
	switch {
	case err != nil:
		return 0, errors.New("a lease is a time such as 90m, 1h30m or 01:30:00 (hh:mm:ss)")
	case lease < 0:
		return 0, errors.New("a lease cannot be negative")
	case lease > longestLease:
		return 0, errors.New("the service takes leases of up to 24 hours")
	case lease%time.Minute != 0:
		return 0, errors.New("a lease is whole minutes")
	}
	return lease, nil
}

func parseClock(text string) (time.Duration, error) {
	parts := strings.Split(text, ":")
	if len(parts) == 2 {
		parts = append(parts, "0")
	}
	if len(parts) != 3 {
		return 0, errors.New("neither hh:mm nor hh:mm:ss")
	}
	var total time.Duration
	for i, unit := range []time.Duration{time.Hour, time.Minute, time.Second} {
		n, err := strconv.ParseUint(parts[i], 10, 16)
		if err != nil || len(parts[i]) > 4 || i > 0 && n > 59 {
			return 0, errors.New("not a number of hours, minutes or seconds")
		}
		total += time.Duration(n) * unit
	}
	return total, nil
}

// UsualLease is the lease of a session if nothing else is said.
const UsualLease = 30 * time.Minute

// MaxLease returns the configured lease, [UsualLease] if there is none.
func (s *Settings) MaxLease() (time.Duration, error) { return parse(s, Lease, UsualLease, ParseLease) }

// Format returns the configured format of results, or fallback. read tells which there are.
func Format[T any](s *Settings, fallback T, read func(string) (T, error)) (T, error) {
	return parse(s, Output, fallback, read)
}
