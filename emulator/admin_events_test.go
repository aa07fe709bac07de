// SPDX-License-Identifier: MIT

package emulator_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering/emulator"
)

// event is a server-sent event, or a comment.
type event struct {
	name, id, comment string
	data              map[string]any
}

var eventSchemas = map[string]string{
	"request": "Request", "session": "SessionEvent", "conversion": "ConversionEvent",
	"fault": "FaultEvent", "clock": "Clock", "lost": "LostEvent",
}

// events reads a stream. Every event must be as the description says.
type events struct {
	t    *testing.T
	body io.ReadCloser
	from *bufio.Reader
}

func (s *service) events(ctx context.Context, client doer, address, query string, header http.Header) *events {
	s.t.Helper()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address+"/_emulator/events"+query, nil)
	require.NoError(s.t, err)
	for name, values := range header {
		req.Header[name] = values
	}
	resp, err := client.Do(req)
	require.NoError(s.t, err)
	require.Equal(s.t, http.StatusOK, resp.StatusCode)
	assert.Equal(s.t, "text/event-stream", resp.Header.Get("Content-Type"))
	assert.Equal(s.t, "no-store", resp.Header.Get("Cache-Control"))
	return &events{s.t, resp.Body, bufio.NewReader(resp.Body)}
}

// next returns the next event, or the error at the end.
func (e *events) next() (read event, err error) {
	for {
		line, err := e.from.ReadString('\n')
		if err != nil {
			return read, err
		}
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ":")
		switch value = strings.TrimPrefix(value, " "); {
		case line == "\n":
			return read, nil
		case name == "":
			read.comment = "heartbeat" + value
		case name == "event":
			read.name = value
		case name == "id":
			read.id = value
		case name == "data":
			conform(e.t, "/components/schemas/"+eventSchemas[read.name], value)
			require.NoError(e.t, json.Unmarshal([]byte(value), &read.data))
		}
	}
}

// must returns the next event, which must have a name.
func (e *events) must(name string) event {
	e.t.Helper()
	read, err := e.next()
	require.NoError(e.t, err)
	require.Equal(e.t, name, read.name, read)
	return read
}

func TestAdminEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, emulator.Options{Admin: true})
		e := s.events(t.Context(), s.Transport(), "http://localhost", "", nil)
		first, err := e.next()
		require.NoError(t, err)
		assert.Equal(t, "heartbeatconnected", first.comment)

		s.create("a", standard5)
		request := e.must("request")
		assert.Equal(t, "2", request.id)
		assert.Equal(t, "CreateSession", request.data["operation"])
		session := e.must("session")
		assert.Equal(t, "a", session.data["id"])
		assert.Equal(t, "Ready", session.data["to"])
		assert.NotContains(t, session.data, "from")

		begin := time.Now()
		silence, err := e.next()
		require.NoError(t, err)
		assert.Equal(t, "heartbeat", silence.comment)
		assert.WithinDuration(t, begin.Add(15*time.Second), time.Now(), 1500*time.Millisecond)

		session = e.mustNamed("session") // time alone ends the lease
		assert.Equal(t, "Ready", session.data["from"])
		assert.Equal(t, "Expired", session.data["to"])
		assert.WithinDuration(t, begin.Add(5*time.Minute), time.Now(), 2*time.Second)

		remove := s.inject(emulator.Fault{Name: "tired", Operation: "get", Status: 503})
		assert.Equal(t, "injected", e.mustNamed("fault").data["change"])
		s.get("a")
		assert.Equal(t, "affected", e.must("fault").data["change"])
		assert.Equal(t, []any{"tired"}, e.must("request").data["faults"])
		remove()
		assert.Equal(t, "removed", e.must("fault").data["change"])

		require.NoError(t, s.Clock().Advance(time.Hour))
		assert.Equal(t, "1h0m0s", e.must("clock").data["offset"])
		s.putConversion("c")
		assert.Equal(t, "CreateConversion", e.must("request").data["operation"])
		assert.Equal(t, "Succeeded", e.must("conversion").data["to"])

		require.NoError(t, s.Reset(emulator.Scope{}))
		assert.Equal(t, "Expired", e.must("session").data["from"])
		gone := e.must("conversion")
		assert.Equal(t, "Succeeded", gone.data["from"])
		assert.NotContains(t, gone.data, "to")

		require.NoError(t, s.Close())
		_, err = e.next()
		assert.ErrorIs(t, err, io.EOF)
	})
}

// mustNamed skips heartbeats.
func (e *events) mustNamed(name string) event {
	e.t.Helper()
	for {
		read, err := e.next()
		require.NoError(e.t, err)
		if read.name != "" {
			require.Equal(e.t, name, read.name)
			return read
		}
	}
}

// Many sessions that change at once do not become one large step, and none is left out.
func TestEventsOfManySessions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const sessions = 2500
		s := start(t, emulator.Options{Admin: true, StartupTime: emulator.FixedStartup(time.Minute)})
		for i := range sessions {
			s.create(fmt.Sprintf("s%d", i), standard5)
		}
		e := s.events(t.Context(), s.Transport(), "http://localhost", "", nil)
		begin := time.Now()
		for _, step := range []struct {
			advance  time.Duration
			from, to string
		}{{time.Minute, "Starting", "Ready"}, {time.Hour, "Ready", "Expired"}} {
			require.NoError(t, s.Clock().Advance(step.advance))
			e.mustNamed("clock")
			seen := make(map[any]bool)
			for range sessions {
				change := e.must("session").data
				require.Equal(t, step.from, change["from"])
				require.Equal(t, step.to, change["to"])
				seen[change["id"]] = true
			}
			assert.Len(t, seen, sessions)
		}
		assert.Less(t, time.Since(begin), time.Second, "what is left is sent at once")
		require.NoError(t, e.body.Close())
	})
}

// A reader that was cut off goes on where it was, and is told what it has missed.
func TestEventsGoOn(t *testing.T) {
	s := start(t, emulator.Options{Admin: true})
	s.create("a", standard5)
	s.get("a")
	e := s.events(t.Context(), s.Transport(), "http://localhost", "", http.Header{"Last-Event-Id": {"2"}})
	assert.Equal(t, "3", e.mustNamed("request").id)
	require.NoError(t, e.body.Close())
	for range 2000 {
		s.call("GET", "/nothing", "")
	}
	e = s.events(t.Context(), s.Transport(), "http://localhost", "?since=1", nil)
	assert.InDelta(t, 2, e.mustNamed("lost").data["requests"], 0)
	for i := range 2000 {
		require.Equal(t, float64(i+4), e.must("request").data["sequence"])
	}
	require.NoError(t, e.body.Close())
	e = s.events(t.Context(), s.Transport(), "http://localhost", "?since=99999", nil)
	s.get("a")
	assert.Equal(t, "2004", e.mustNamed("request").id, "that number was of another run")
	require.NoError(t, e.body.Close())
	assert.Equal(t, 400, s.admin("GET", "/events?since=x", "").status)
	assert.Equal(t, 400, s.admin("GET", "/events?session=a", "").status)
}

// Events arrive on a socket while they happen, and readers end with the server or with themselves.
func TestEventsOnSockets(t *testing.T) {
	onEachTransport(t, emulator.Options{Admin: true}, func(t *testing.T, s *service, client doer) {
		address := "http://localhost"
		if !strings.HasSuffix(s.host, ".example") {
			address = s.host
		}
		ctx, leave := context.WithCancel(t.Context())
		for range 16 {
			s.events(ctx, client, address, "", nil)
		}
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, address+"/_emulator/events", nil)
		require.NoError(t, err)
		resp, err := client.Do(req)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		assert.Equal(t, http.StatusTooManyRequests, resp.StatusCode)
		leave()
		var e *events
		require.Eventually(t, func() bool {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address+"/_emulator/events", nil)
			require.NoError(t, err)
			resp, err := client.Do(req)
			require.NoError(t, err)
			e = &events{t, resp.Body, bufio.NewReader(resp.Body)}
			return resp.StatusCode == http.StatusOK || resp.Body.Close() != nil
		}, 10*time.Second, 10*time.Millisecond, "their places are free again")
		s.in("").get("a")
		e.mustNamed("request")
		require.NoError(t, s.Close())
		_, err = e.next()
		assert.ErrorIs(t, err, io.EOF)
	})
}

// A reader that takes nothing is cut off after ten seconds, and its place is free.
func TestSlowReadersAreDropped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, emulator.Options{Admin: true})
		ctx := context.WithValue(t.Context(), http.ServerContextKey, &http.Server{ReadHeaderTimeout: time.Second})
		for range 17 { // one more than there are places
			req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://localhost/_emulator/events", nil)
			require.NoError(t, err)
			begin := time.Now()
			w := &stuckWriter{header: make(http.Header)}
			s.ServeHTTP(w, req)
			assert.Equal(t, http.StatusOK, w.status)
			assert.Equal(t, 10*time.Second, time.Since(begin))
		}
	})
}

// stuckWriter is a connection whose client reads nothing.
type stuckWriter struct {
	header   http.Header
	status   int
	deadline time.Time
}

func (w *stuckWriter) Header() http.Header                       { return w.header }
func (w *stuckWriter) WriteHeader(status int)                    { w.status = status }
func (w *stuckWriter) SetReadDeadline(time.Time) error           { return nil }
func (w *stuckWriter) SetWriteDeadline(deadline time.Time) error { w.deadline = deadline; return nil }
func (w *stuckWriter) Write([]byte) (int, error) {
	time.Sleep(time.Until(w.deadline))
	return 0, os.ErrDeadlineExceeded
}
