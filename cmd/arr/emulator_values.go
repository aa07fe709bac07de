// SPDX-License-Identifier: MIT

package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator"
)

// startupTime and capacity are how the emulator wants them.
type (
	startupTime = func(arr.SessionSize) time.Duration
	capacity    = func(arr.Region, arr.SessionSize) int
)

// parseStartupTime reads "30s", "150s-180s" or "recorded".
func parseStartupTime(text string) (startupTime, error) {
	if text == "recorded" {
		return emulator.RecordedStartup(), nil
	}
	shortest, longest, isRange := strings.Cut(text, "-")
	from, err := time.ParseDuration(shortest)
	to := from
	if err == nil && isRange {
		to, err = time.ParseDuration(longest)
	}
	if err != nil || from < 0 || to < from {
		return nil, errors.New("give a time such as 30s, a range such as 150s-180s, or recorded")
	}
	return emulator.RangeStartup(from, to), nil
}

// parseCapacity reads "4", for each size, or "Standard=4,Premium=1"; a size that is not named has
// no limit.
func parseCapacity(text string) (capacity, error) {
	if n, ok := parseCount(text); ok {
		return emulator.FixedCapacity(n), nil
	}
	limits := make(map[arr.SessionSize]int)
	for part := range strings.SplitSeq(text, ",") {
		name, count, _ := strings.Cut(part, "=")
		n, ok := parseCount(count)
		if !ok {
			return nil, errors.New(
				"give a number for each size, such as 4, or name the sizes, such as Standard=4,Premium=1",
			)
		}
		size, err := parseSize(name)
		if err != nil {
			return nil, err
		}
		if _, twice := limits[size]; twice {
			return nil, fmt.Errorf("%s is there twice", size)
		}
		limits[size] = n
	}
	return func(_ arr.Region, size arr.SessionSize) int {
		if n, limited := limits[size]; limited {
			return n
		}
		return -1
	}, nil
}

func parseSize(name string) (arr.SessionSize, error) {
	sizes := arr.PossibleSessionSizeValues()
	for _, size := range sizes {
		if strings.EqualFold(string(size), strings.TrimSpace(name)) {
			return size, nil
		}
	}
	return "", fmt.Errorf("there is no size %q, only %v", name, sizes)
}

func parseCount(text string) (n int, ok bool) {
	n, err := strconv.Atoi(strings.TrimSpace(text))
	return n, err == nil && n >= 0
}

// parseRateLimit reads "60/1m" or "60", which is per minute.
func parseRateLimit(text string) (emulator.RateLimit, error) {
	requests, window, given := strings.Cut(text, "/")
	n, ok := parseCount(requests)
	per := time.Minute
	var err error
	if given {
		per, err = time.ParseDuration(window)
	}
	if !ok || n == 0 || err != nil || per <= 0 {
		return emulator.RateLimit{}, errors.New(
			"give requests and the length of a window, such as 60/1m",
		)
	}
	return emulator.RateLimit{Requests: n, Per: per}, nil
}

// parseTokenLifetime reads a time in whole seconds.
func parseTokenLifetime(text string) (time.Duration, error) {
	d, err := time.ParseDuration(text)
	if err != nil || d < time.Second || d%time.Second != 0 {
		return 0, errors.New(
			"give a time of one second or more, in whole seconds, such as 90s or 24h",
		)
	}
	return d, nil
}

func parsePageSize(text string) (int, error) {
	n, ok := parseCount(text)
	if !ok || n == 0 {
		return 0, errors.New("give the largest number of sessions on a page, 1 or more")
	}
	return n, nil
}
