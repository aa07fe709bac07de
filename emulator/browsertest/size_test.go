// SPDX-License-Identifier: MIT

//go:build browser

package browsertest

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/arr-go/azremoterendering/emulator"
)

// Bounds of a page, with however many sessions. The time is for a machine that is busy.
const (
	maxElements = 4000
	maxLoad     = 5 * time.Second
)

// With 10,000 sessions the page is as large as with 100, and follows the emulator.
func TestPageWithManySessions(t *testing.T) {
	s := newService(t, emulator.Options{Admin: true})
	made := 0
	for _, sessions := range []int{100, 10_000} {
		for ; made < sessions; made++ {
			s.create(fmt.Sprint("session-", made), time.Hour)
		}
		t.Run(fmt.Sprint(sessions), func(t *testing.T) {
			b := newTab(t)
			b.open(s.url("/"))
			b.live()
			b.says(`[data-count="living"]`, fmt.Sprint(sessions))
			load := time.Duration(evaluate[float64](b,
				`performance.getEntriesByType("navigation")[0].loadEventEnd`) * float64(time.Millisecond))
			elements := evaluate[int](b, `document.querySelectorAll("*").length`)
			began := time.Now()
			s.create(fmt.Sprint("new-", sessions), time.Hour)
			b.shown(fmt.Sprintf(`li[data-session="new-%d"]`, sessions))
			t.Logf("%d sessions: %d elements, loaded in %v, a new session is shown after %v",
				sessions, elements, load.Round(time.Millisecond), time.Since(began).Round(time.Millisecond))
			assert.Less(t, elements, maxElements)
			assert.Less(t, load, maxLoad)
			made++
		})
	}
}
