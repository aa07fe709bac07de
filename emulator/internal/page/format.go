// SPDX-License-Identifier: MIT

package page

import (
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// pageTime is a time for people and for programs.
type pageTime struct{ Text, Machine string }

// pageTimeOf formats a time in UTC, without the day if it is today. A zero time is empty.
func pageTimeOf(t, now time.Time, clock string) pageTime {
	if t.IsZero() {
		return pageTime{}
	}
	t, now = t.UTC(), now.UTC()
	text := t.Format(clock)
	if t.Format(time.DateOnly) != now.Format(time.DateOnly) {
		text = t.Format("2 Jan ") + text
	}
	return pageTime{text, t.Format(time.RFC3339Nano)}
}

// span formats a duration with its two largest units.
func span(d time.Duration) string {
	d = max(d, 0)
	days, hours, minutes, seconds := int(
		d/(24*time.Hour),
	), int(
		d.Hours(),
	)%24, int(
		d.Minutes(),
	)%60, int(
		d.Seconds(),
	)%60
	switch {
	case days > 0:
		return units(days, "d", hours, "h")
	case hours > 0:
		return units(hours, "h", minutes, "min")
	case minutes > 0:
		return units(minutes, "min", seconds, "s")
	}
	return fmt.Sprintf("%d s", seconds)
}

func units(large int, largeUnit string, small int, smallUnit string) string {
	text := fmt.Sprintf("%d %s", large, largeUnit)
	if small == 0 {
		return text
	}
	return fmt.Sprintf("%s %d %s", text, small, smallUnit)
}

// latency formats the duration of a request.
func latency(d time.Duration) string {
	switch d = max(d, 0); {
	case d < time.Millisecond:
		return fmt.Sprintf("%.2f ms", d.Seconds()*1000)
	case d < time.Second:
		return fmt.Sprintf("%.0f ms", d.Seconds()*1000)
	}
	return fmt.Sprintf("%.2f s", d.Seconds())
}

// plural formats a number of things.
func plural(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return strconv.Itoa(n) + " " + thing + "s"
}

// statusClass is the class of a status code. A request without an answer counts as failed.
func statusClass(status int) string {
	if status < 100 || status > 499 {
		return "http-5"
	}
	return fmt.Sprintf("http-%d", status/100)
}

func statusText(status int) string {
	if status == 0 {
		return "no answer"
	}
	return http.StatusText(status)
}

// fineSpan formats a duration as span, but short ones with fractions of a second.
func fineSpan(d time.Duration) string {
	if d < time.Minute {
		return latency(d)
	}
	return span(d)
}
