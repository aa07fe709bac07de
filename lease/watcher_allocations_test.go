// SPDX-License-Identifier: MIT

package lease

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator"
	"github.com/arr-go/azremoterendering/internal/testkit"
)

// roundAllocations is the gate: what a round allocates beside reading a page of the list. Sessions
// that it shows as they were must add nothing.
const roundAllocations = 8

// listAllocations is the gate for a page of the list, by the number of its sessions.
const listAllocations = 8.0

func TestWatcherRoundAllocations(t *testing.T) {
	if testkit.RaceDetector {
		t.Skip("the race detector adds allocations of its own")
	}
	const sessions = 50
	r := newWatchRig(t, emulator.Options{StartupTime: emulator.FixedStartup(time.Hour)}, WatcherOptions{})
	body := `{"sessions":[`
	for i := range sessions {
		if i > 0 {
			body += ","
		}
		body += testkit.SessionJSON(fmt.Sprint("session-", i), arr.SessionStatusStarting)
	}
	body += `]}`
	r.wire.handle(func(kind string, req *http.Request) (*http.Response, error) {
		if kind != "list" {
			return nil, nil
		}
		return testkit.Answer(req, http.StatusOK, body), nil
	})
	// A watcher that is closed begins no rounds of its own beside those of the test.
	r.watcher.Close()
	w := r.region
	w.closed = false
	for i := range sessions {
		s := w.subscribe(fmt.Sprint("session-", i), true, newStatus())
		defer s.close()
	}
	var err error
	round := testing.AllocsPerRun(200, func() {
		if e := w.list(t.Context(), w.begin(time.Now())); e != nil {
			err = e
		}
	})
	list := testing.AllocsPerRun(200, func() {
		if _, e := r.client.NewListPager(nil).NextPage(t.Context()); e != nil {
			err = e
		}
	})
	require.NoError(t, err)
	t.Logf("a page of %d: a round %v allocations, the list %v", sessions, round, list)
	require.LessOrEqual(t, round-list, float64(roundAllocations))
	require.LessOrEqual(t, list/sessions, listAllocations)
}
