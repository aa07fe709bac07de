// SPDX-License-Identifier: MIT

package exposition_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/arr-go/azremoterendering/internal/exposition"
)

// Prometheus' own parser reads the text of the emulator in module telemetry/telemetrytest.
func TestText(t *testing.T) {
	var text exposition.Text
	text.Metric("sessions", exposition.Gauge, "Sessions.")
	text.Value(3)
	text.Value(0.5, "region", `west"\`+"\n", "size", "Standard")
	h := exposition.NewHistogram(1, 2.5)
	for _, value := range []float64{0.5, 1, 2, 7} {
		h.Observe(value)
	}
	h.Write(&text, "wait_seconds", "Time.", "pool", "a")
	assert.Equal(t, `# HELP sessions Sessions.
# TYPE sessions gauge
sessions 3
sessions{region="west\"\\\n",size="Standard"} 0.5
# HELP wait_seconds Time.
# TYPE wait_seconds histogram
wait_seconds_bucket{pool="a",le="1"} 2
wait_seconds_bucket{pool="a",le="2.5"} 3
wait_seconds_bucket{pool="a",le="+Inf"} 4
wait_seconds_sum{pool="a"} 10.5
wait_seconds_count{pool="a"} 4
`, string(text.Bytes()))
}
