// SPDX-License-Identifier: MIT

package text

import (
	"strconv"
	"time"
)

// Quote quotes a value for an error text, unless it is a number or a duration.
func Quote(value string) string {
	_, notNumber := strconv.ParseFloat(value, 64)
	_, notDuration := time.ParseDuration(value)
	if notNumber == nil || notDuration == nil {
		return value
	}
	return strconv.Quote(value)
}
