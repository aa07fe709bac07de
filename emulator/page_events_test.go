// SPDX-License-Identifier: MIT

package emulator

import (
	"bufio"
	"context"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering/service"
)

// openPage opens the stream of a page in memory, and returns its events. They end with the context.
func openPage(ctx context.Context, t *testing.T, e *Emulator) (status int, events <-chan string) {
	t.Helper()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://localhost/_page/events", nil)
	require.NoError(t, err)
	resp, err := e.Transport().Do(r)
	require.NoError(t, err)
	if resp.StatusCode != http.StatusOK {
		require.NoError(t, resp.Body.Close())
		return resp.StatusCode, nil
	}
	assert.Equal(t, "text/event-stream", resp.Header.Get("Content-Type"))
	lines := make(chan string, 100)
	go func() {
		defer close(lines)
		defer resp.Body.Close()
		for scanner := bufio.NewScanner(resp.Body); scanner.Scan(); {
			if name, found := strings.CutPrefix(scanner.Text(), "event: "); found {
				lines <- name
			}
		}
	}()
	return http.StatusOK, lines
}

// The stream says once, and soon, that something has changed: without Admin, too.
func TestPageEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEmulator(t, Options{})
		ctx, cancel := context.WithCancel(t.Context())
		_, events := openPage(ctx, t, e)
		count := func() (n int) {
			time.Sleep(3 * time.Second)
			synctest.Wait()
			for {
				select {
				case name := <-events:
					assert.Equal(t, "change", name)
					n++
				default:
					return n
				}
			}
		}
		assert.Zero(t, count(), "nothing happens")
		for range 500 {
			ask(t, e, "GET", "http://localhost/nothing", "")
		}
		assert.Equal(t, 1, count(), "500 requests at one time")
		_, _, err := e.store.Create(t.Context(), e.home, service.NewSession{
			ID: "a", Size: "Standard", Lease: time.Minute,
		})
		require.NoError(t, err)
		assert.Positive(t, count(), "a session is new")
		time.Sleep(time.Minute)
		assert.Positive(t, count(), "it has expired")
		require.NoError(t, e.Clock().Advance(time.Hour))
		assert.Positive(t, count(), "the clock has moved")
		remove, err := e.Inject(Fault{Status: 500, For: 10 * time.Second})
		require.NoError(t, err)
		defer remove()
		assert.Equal(t, 1, count(), "a fault is new")
		time.Sleep(10 * time.Second)
		assert.Equal(t, 1, count(), "it is gone by itself")
		cancel()
		synctest.Wait()
		assert.Zero(t, e.pageStreams.Load())
	})
}

// There is a limit, it frees itself, and the readers of /_emulator/events have places of their own.
func TestPageEventsAreLimited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEmulator(t, Options{})
		ctx, cancel := context.WithCancel(t.Context())
		for range maxPageStreams {
			status, _ := openPage(ctx, t, e)
			require.Equal(t, http.StatusOK, status)
		}
		status, _ := openPage(ctx, t, e)
		assert.Equal(t, http.StatusTooManyRequests, status)
		assert.Zero(t, e.streams.Load())
		cancel()
		synctest.Wait()
		status, events := openPage(t.Context(), t, e)
		assert.Equal(t, http.StatusOK, status)
		require.NoError(t, e.Close())
		_, open := <-events
		assert.False(t, open, "the stream ends with the emulator")
	})
}

// Files and events answer to reads only.
func TestPageFolderMethods(t *testing.T) {
	e := newEmulator(t, Options{})
	body := ask(t, e, "GET", "http://localhost/", "").Body.String()
	_, rest, _ := strings.Cut(body, `<link rel="stylesheet" href="`)
	style, _, _ := strings.Cut(rest, `"`)
	for path, methods := range map[string]string{style: "GET, HEAD", "/_page/events": "GET"} {
		for _, method := range []string{"POST", "PUT", "DELETE"} {
			r := ask(t, e, method, "http://localhost"+path, "")
			assert.Equal(t, http.StatusMethodNotAllowed, r.Code, path)
		}
		r := ask(t, e, "PATCH", "http://localhost"+path, "")
		assert.Contains(t, r.Header().Get("Allow"), methods)
	}
	assert.Equal(t, http.StatusMethodNotAllowed, ask(t, e, "HEAD", "http://localhost/_page/events", "").Code)
	r := ask(t, e, "HEAD", "http://localhost"+style, "")
	assert.Equal(t, http.StatusOK, r.Code)
	assert.Zero(t, r.Body.Len())
	r = ask(t, e, "GET", "http://localhost"+style, "")
	assert.Equal(t, "text/css; charset=utf-8", r.Header().Get("Content-Type"))
	for _, path := range []string{"/_page", "/_page/", "/_page/page.css", "/_page/../", "/_page/%2e%2e/"} {
		assert.Equal(t, http.StatusNotFound, ask(t, e, "GET", "http://localhost"+path, "").Code, path)
	}
	assert.Empty(t, e.Requests("CreateSession"))
}
