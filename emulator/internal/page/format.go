// SPDX-License-Identifier: MIT

package page

import (
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// pageTime is a time as the page shows it: for a person, and for a program.
type pageTime struct{ Text, Machine string }

// pageTimeOf writes a time in UTC, without the day if that is the present one. A zero time is an
// empty text.
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

// span writes a duration with its two largest units.
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

// latency writes how long an answer took.
func latency(d time.Duration) string {
	switch d = max(d, 0); {
	case d < time.Millisecond:
		return fmt.Sprintf("%.2f ms", d.Seconds()*1000)
	case d < time.Second:
		return fmt.Sprintf("%.0f ms", d.Seconds()*1000)
	}
	return fmt.Sprintf("%.2f s", d.Seconds())
}

// plural writes a number of things.
func plural(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return strconv.Itoa(n) + " " + thing + "s"
}

// statusClass is the class of a status code; a request without an answer is as bad as one that
// failed.
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
