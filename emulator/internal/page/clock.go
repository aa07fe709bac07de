// SPDX-License-Identifier: MIT

package page

import (
	"strconv"
	"strings"
	"time"
)

// Clock says how the time of the emulator differs from that of the system. The zero value says that
// it does not.
type Clock struct {
	Scale  float64       // 0 and 1 mean that it runs as fast
	Frozen bool          // whether it stands still
	Offset time.Duration // how far it is ahead
}

// note says what is special about the clock; it is empty if nothing is.
func (c Clock) note() string {
	var parts []string
	switch {
	case c.Frozen:
		parts = append(parts, "frozen")
	case c.Scale != 0 && c.Scale != 1:
		parts = append(parts, strconv.FormatFloat(c.Scale, 'g', -1, 64)+" times as fast")
	}
	switch {
	case c.Offset >= time.Second:
		parts = append(parts, span(c.Offset)+" ahead")
	case c.Offset <= -time.Second:
		parts = append(parts, span(-c.Offset)+" behind")
	}
	return strings.Join(parts, ", ")
}
