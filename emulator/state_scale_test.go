// SPDX-License-Identifier: MIT

package emulator

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering/service"
)

// scaled returns how many sessions a test takes: few, unless a variable says how many. exact
// reports whether it does, so that the figures are those of a machine that does nothing else.
func scaled(t *testing.T, variable string, few int) (sessions int, exact bool) {
	text := os.Getenv(variable)
	if text == "" {
		return few, false
	}
	sessions, err := strconv.Atoi(text)
	require.NoError(t, err)
	return sessions, true
}

// crowdOf calls do for each number below n, from 64 goroutines.
func crowdOf(n int, do func(i int)) {
	var next atomic.Int64
	var clients sync.WaitGroup
	for range 64 {
		clients.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				do(i)
			}
		})
	}
	clients.Wait()
}

// TestStartWithManySessions measures a start with 5,000 sessions, or ARR_START_SESSIONS; those take
// less than a second if they are 100,000.
func TestStartWithManySessions(t *testing.T) {
	sessions, exact := scaled(t, "ARR_START_SESSIONS", 5_000)
	options := Options{StateFile: filepath.Join(t.TempDir(), "state")}
	e := newEmulator(t, options)
	ctx, in := t.Context(), e.home
	crowdOf(sessions, func(i int) {
		id := fmt.Sprintf("session-%08d", i)
		_, _, err := e.store.Create(ctx, in, service.NewSession{
			ID: id, Size: "Standard", Lease: time.Hour,
		})
		assert.NoError(t, err)
		if i%2 == 0 {
			_, err = e.store.Stop(ctx, in, id)
			assert.NoError(t, err)
		}
	})
	require.NoError(t, e.Close())
	begin := time.Now()
	e = newEmulator(t, options)
	took := time.Since(begin)
	assert.Len(t, e.Sessions(), sessions)
	require.NoError(t, e.Close())
	info, err := os.Stat(options.StateFile)
	require.NoError(t, err)
	t.Logf("start with %d sessions, half of them ended: %v; file %d MB",
		sessions, took.Round(time.Millisecond), info.Size()>>20)
	if exact && sessions <= 100_000 {
		assert.Less(t, took, time.Second)
	}
}

// TestMemoryIsBounded creates and stops 5,000 sessions, or ARR_MEMORY_SESSIONS, over HTTP. Once as
// many have ended as are kept, memory does not grow any more, whatever the log and the retention.
func TestMemoryIsBounded(t *testing.T) {
	sessions, exact := scaled(t, "ARR_MEMORY_SESSIONS", 5_000)
	keep := sessions / 20
	if exact {
		keep = defaultKeepEnded
	}
	for name, path := range map[string]string{
		"memory": "", "state file": filepath.Join(t.TempDir(), "state"),
	} {
		t.Run(name, func(t *testing.T) {
			e := newEmulator(t, Options{StateFile: path, KeepEnded: keep})
			token := tokenFor(t, e, DevelopmentAccountID)
			live := func(from, to int) uint64 {
				crowdOf(to-from, func(i int) { createAndStop(t, e, token, from+i) })
				runtime.GC()
				var m runtime.MemStats
				runtime.ReadMemStats(&m)
				return m.HeapAlloc
			}
			empty := live(0, 0)
			full := live(0, 2*keep)
			after := live(2*keep, sessions)
			t.Logf("%s: %d sessions created and stopped, %d kept: heap %.1f MB, after %d %.1f MB; %.0f B each",
				name, sessions, keep, megabytes(after-empty), 2*keep, megabytes(full-empty),
				float64(full-empty)/float64(keep))
			assert.Less(t, after, full+full/4+(2<<20))
			require.NoError(t, e.Close())
			if path != "" {
				info, err := os.Stat(path)
				require.NoError(t, err)
				t.Logf("%s: %.1f MB on the disk", name, megabytes(uint64(info.Size())))
			}
		})
	}
}

func megabytes(bytes uint64) float64 { return float64(bytes) / (1 << 20) }

func createAndStop(t *testing.T, e *Emulator, token string, n int) {
	path := fmt.Sprintf("/accounts/%s/sessions/s%d", DevelopmentAccountID, n)
	do := func(method, path, body string, want int) {
		req := httptest.NewRequest(method, path+"?api-version=2021-01-01", strings.NewReader(body))
		req.Header.Set("Authorization", "Bearer "+token)
		recorder := httptest.NewRecorder()
		e.ServeHTTP(recorder, req)
		assert.Equal(t, want, recorder.Code)
	}
	do("PUT", path, `{"maxLeaseTimeMinutes":30,"size":"Standard"}`, http.StatusCreated)
	do("POST", path+"/:stop", "", http.StatusNoContent)
}
