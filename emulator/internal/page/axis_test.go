// SPDX-License-Identifier: MIT

package page

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// The axis tells short and long leases apart, and has room for the longest.
func TestAxis(t *testing.T) {
	assert.InDelta(t, axisNow, place(0), 0.001)
	assert.InDelta(t, 100, place(24*time.Hour), 0.001)
	assert.InDelta(t, 0, place(-24*time.Hour), 0.001)
	assert.InDelta(t, 100, place(30*24*time.Hour), 0.001)
	assert.InDelta(t, 0, place(-30*24*time.Hour), 0.001)
	before := axisNow
	for _, d := range []time.Duration{time.Minute, 5 * time.Minute, 28 * time.Minute, 8 * time.Hour, 24 * time.Hour} {
		assert.Greater(t, place(d)-before, 5.0, "%v is told from the next shorter one", d)
		before = place(d)
	}
	assert.Greater(t, place(8*time.Hour)-place(28*time.Minute), 20.0)
}
