// SPDX-License-Identifier: MIT

package emulator

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator/internal/page"
	"github.com/arr-go/azremoterendering/service"
)

// withSessions returns an emulator with sessions, of which every second one has ended.
func withSessions(t testing.TB, n int) *Emulator {
	t.Helper()
	e, err := New(Options{Admin: true})
	require.NoError(t, err)
	for i := range n {
		id := fmt.Sprintf("session-%05d", i)
		_, _, err := e.store.Create(t.Context(), e.home, service.NewSession{
			ID: id, Size: "Standard", Lease: time.Hour,
		})
		require.NoError(t, err)
		if i%2 == 1 {
			require.NoError(t, e.SetStatus(id, azremoterendering.SessionStatusStopped))
		}
	}
	return e
}

func pageAt(t testing.TB, e *Emulator, target string) string {
	t.Helper()
	recorder := httptest.NewRecorder()
	e.ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, "http://localhost"+target, nil))
	require.Equal(t, http.StatusOK, recorder.Code)
	return recorder.Body.String()
}

// With 10,000 sessions a page is as long as with 100: it shows 50, and tells how many there are.
func TestPageOfManySessions(t *testing.T) {
	var sizes []int
	for _, n := range []int{100, 10_000} {
		e := withSessions(t, n)
		begin := time.Now()
		body := pageAt(t, e, "/")
		t.Logf("%5d sessions: %v, %d bytes", n, time.Since(begin).Round(10*time.Microsecond), len(body))
		sizes = append(sizes, len(body))
		assert.Equal(t, page.SessionsPerPage, strings.Count(body, " data-session="))
		assert.Contains(t, body, fmt.Sprintf(`<b data-count="living">%d</b>`, n/2))
		assert.Contains(t, body, fmt.Sprintf("1–50 of %d<", n))
	}
	assert.InDelta(t, sizes[0], sizes[1], 1000)
	assert.Less(t, sizes[1], 200_000)
}

// The pages show each session once: the living ones first, the newest first.
func TestPagesOfSessions(t *testing.T) {
	e := withSessions(t, 120)
	var ids []string
	next := "/"
	for next != "" {
		body := pageAt(t, e, next)
		for _, part := range strings.Split(body, ` data-session="`)[1:] {
			id, _, _ := strings.Cut(part, `"`)
			ids = append(ids, id)
		}
		before, _, found := strings.Cut(body, `" data-page="older"`)
		if next = ""; found {
			next = strings.ReplaceAll(before[strings.LastIndex(before, `"`)+1:], "&amp;", "&")
		}
	}
	require.Len(t, ids, 120)
	for i := range 60 {
		assert.Equal(t, fmt.Sprintf("session-%05d", 118-2*i), ids[i])
		assert.Equal(t, fmt.Sprintf("session-%05d", 119-2*i), ids[60+i])
	}

	body := pageAt(t, e, "/?q=SESSION-0011&show=ended")
	assert.Equal(t, 5, strings.Count(body, " data-session="), "of 110 to 119")
	assert.Contains(t, body, "data-session=\"session-00111\"")
	assert.NotContains(t, body, "data-page=")
	body = pageAt(t, e, "/?q=stopped&page=2")
	assert.Equal(t, 10, strings.Count(body, " data-session="))
	assert.Contains(t, body, "51–60 of 60<")
	assert.Contains(t, pageAt(t, e, "/?page=9"), "120 on other pages")
	assert.Contains(t, pageAt(t, e, "/?q=nothing"), "No session matches.")
}

func BenchmarkPage(b *testing.B) {
	for _, n := range []int{100, 10_000} {
		for name, target := range map[string]string{
			"all": "/", "search": "/?q=00042", "story": "/?session=session-00042",
		} {
			b.Run(fmt.Sprintf("sessions=%d/%s", n, name), func(b *testing.B) {
				e := withSessions(b, n)
				size := 0
				for b.Loop() {
					size = len(pageAt(b, e, target))
				}
				b.ReportMetric(float64(size), "bytes/page")
			})
		}
	}
}
