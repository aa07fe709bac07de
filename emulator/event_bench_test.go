// SPDX-License-Identifier: MIT

package emulator

import (
	"fmt"
	"testing"
	"time"

	"github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/service"
)

// BenchmarkEvents measures what ten readers of events cost while one of many sessions changes
// between their looks. Each of them looks ten times a second: a hundred looks.
func BenchmarkEvents(b *testing.B) {
	const readers = 10
	for _, sessions := range []int{10_000, 100_000} {
		b.Run(fmt.Sprintf("sessions=%d", sessions), func(b *testing.B) {
			e, err := New(Options{})
			if err != nil {
				b.Fatal(err)
			}
			create := func(i int) {
				_, _, err := e.store.Create(b.Context(), e.home, service.NewSession{
					ID: fmt.Sprintf("s%d", i), Size: azremoterendering.SessionSizeStandard, Lease: time.Hour,
				})
				if err != nil {
					b.Fatal(err)
				}
			}
			for i := range sessions {
				create(i)
			}
			var seen [readers]eventsSeen
			for i := range seen {
				seen[i] = e.eventsNow()
			}
			told := 0
			b.ResetTimer()
			for i := 0; b.Loop(); i++ {
				create(sessions + i)
				for r := range seen {
					if _, err := e.changes(&seen[r], func(string, uint64, any) { told++ }); err != nil {
						b.Fatal(err)
					}
				}
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*readers), "µs/look")
			if told < readers*b.N {
				b.Fatalf("%d changes were told", told)
			}
		})
	}
}
