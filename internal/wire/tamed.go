// SPDX-License-Identifier: MIT

package wire

import (
	"bytes"
	"encoding/json"
	"strings"
)

// tamed returns JSON without the mistakes that some programs make when they write it: controls and
// backslashes in strings that are not escaped, and NaN and Infinity for numbers, which become null.
// It returns false if data is JSON already, or would still not be.
func tamed(data []byte) ([]byte, bool) {
	if json.Valid(data) {
		return nil, false
	}
	fixed := make([]byte, 0, len(data)+64)
	quoted := false
	for i := 0; i < len(data); i++ {
		c := data[i]
		switch {
		case c == '"':
			quoted = !quoted
		case quoted && c < ' ':
			c = ' '
		case quoted && c == '\\' && i+1 < len(data) && strings.IndexByte(`"\/bfnrtu`, data[i+1]) >= 0:
			fixed = append(fixed, c)
			i++
			c = data[i]
		case quoted && c == '\\':
			fixed = append(fixed, c)
		case !quoted:
			if word := notANumber(data[i:]); word > 0 {
				fixed = append(fixed, "null"...)
				i += word - 1
				continue
			}
		}
		fixed = append(fixed, c)
	}
	return fixed, json.Valid(fixed)
}

// notANumber returns the length of the word for a number that JSON does not have, or 0.
func notANumber(data []byte) int {
	for _, word := range []string{"NaN", "Infinity", "-Infinity"} {
		if bytes.HasPrefix(data, []byte(word)) {
			return len(word)
		}
	}
	return 0
}
