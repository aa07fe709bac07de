// SPDX-License-Identifier: MIT

package emulator_test

import (
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator"
)

// metrics returns the lines of the metrics with that prefix.
func (s *service) metrics(prefix string) (lines []string) {
	s.t.Helper()
	recorder := httptest.NewRecorder()
	s.ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, "http://localhost/metrics", nil))
	require.Equal(s.t, http.StatusOK, recorder.Code)
	require.Equal(s.t, "text/plain; version=0.0.4; charset=utf-8",
		recorder.Header().Get("Content-Type"))
	for line := range strings.Lines(recorder.Body.String()) {
		if strings.HasPrefix(line, prefix) {
			lines = append(lines, strings.TrimSuffix(line, "\n"))
		}
	}
	return lines
}

func TestMetricsCountSessionsAndRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, emulator.Options{
			StartupTime: emulator.FixedStartup(time.Minute),
			Faults:      []emulator.Fault{{Operation: "get", Drop: emulator.DropBefore, Count: 1}},
		})
		client, err := s.SessionsClient(nil)
		require.NoError(t, err)
		create := func(id string, size arr.SessionSize, lease time.Duration) {
			settings := arr.CreateSessionSettings{Size: size, MaxLeaseTime: lease}
			_, err := client.BeginCreate(t.Context(), id, settings, nil)
			require.NoError(t, err)
		}
		create("stopped", arr.SessionSizeStandard, time.Hour)
		create("expired", arr.SessionSizeStandard, 10*time.Minute)
		create("runs", arr.SessionSizePremium, time.Hour)
		time.Sleep(6*time.Minute + 30*time.Second)
		_, err = client.Stop(t.Context(), "stopped", nil)
		require.NoError(t, err)
		time.Sleep(14*time.Minute + 30*time.Second)
		_, err = client.Get(t.Context(), "unknown", nil) // the first try gets no answer
		require.ErrorIs(t, err, arr.ErrNotFound)
		create("starts", arr.SessionSizeStandard, time.Hour)
		assert.Equal(t, []string{
			`arr_emulator_sessions{region="westeurope",size="Premium",status="Ready"} 1`,
			`arr_emulator_sessions{region="westeurope",size="Standard",status="Expired"} 1`,
			`arr_emulator_sessions{region="westeurope",size="Standard",status="Starting"} 1`,
			`arr_emulator_sessions{region="westeurope",size="Standard",status="Stopped"} 1`,
		}, s.metrics("arr_emulator_sessions{"))
		billed := s.billed()
		assert.InDelta(t, (35*time.Minute + 30*time.Second).Seconds(), billed, 2,
			"5.5, 10 and 20 minutes, and a second")
		assert.Equal(t, []string{
			`arr_emulator_requests_total{operation="CreateSession",status="201"} 4`,
			`arr_emulator_requests_total{operation="GetSession",status="0"} 1`,
			`arr_emulator_requests_total{operation="GetSession",status="404"} 1`,
			`arr_emulator_requests_total{operation="GetToken",status="200"} 2`,
			`arr_emulator_requests_total{operation="StopSession",status="204"} 1`,
		}, s.metrics("arr_emulator_requests_total{"))
	})
}

// billed returns the time that the metrics say was billed, in seconds.
func (s *service) billed() float64 {
	s.t.Helper()
	line := s.metrics("arr_emulator_billed_seconds_total")[0]
	seconds, err := strconv.ParseFloat(line[strings.LastIndex(line, " ")+1:], 64)
	require.NoError(s.t, err)
	return seconds
}

// A counter that falls by a little looks to Prometheus as if it had started again from 0, and all
// of it as new. So what was billed stays when the emulator forgets sessions.
func TestBilledTimeNeverFalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, emulator.Options{
			StartupTime: emulator.FixedStartup(time.Second),
			KeepEnded:   1,
			Retention:   time.Hour,
		})
		s.put("stays", `{"maxLeaseTimeMinutes":600,"size":"Standard"}`)
		for _, id := range []string{"first", "second", "third"} {
			s.put(id, `{"maxLeaseTimeMinutes":10,"size":"Standard"}`)
			time.Sleep(20 * time.Minute)
		}
		before := s.billed()
		assert.InDelta(t, (60+3*10)*60, before, 5, "all four are counted")
		time.Sleep(time.Hour)
		assert.InDelta(t, before+3600, s.billed(), 1, "the retention of those that ended is over")
		require.NoError(t, s.Reset(emulator.Scope{Prefix: "stays"}))
		assert.InDelta(t, before+3600, s.billed(), 1, "after a reset")
	})
}

// Prometheus uses addresses that the emulator does not know, and keys of no account. So what it
// gets has numbers and nothing else: neither accounts nor ids.
func TestMetricsAreForEveryHostAndTellNoSecrets(t *testing.T) {
	s := start(t, emulator.Options{})
	server, err := s.Listen("")
	require.NoError(t, err)
	defer func() { require.NoError(t, server.Close()) }()
	s.put("secret-id", `{"maxLeaseTimeMinutes":5,"size":"Standard"}`)
	for _, header := range []http.Header{
		{},
		{"Host": {"10.244.0.7:20210"}},
		{"Host": {"attacker.example"}, "Origin": {"https://attacker.example"}},
	} {
		status, body := probe(t, http.MethodGet, server.URL+"/metrics", header)
		assert.Equal(t, http.StatusOK, status)
		assert.Contains(t, body, `arr_emulator_requests_total{operation="CreateSession",status="201"} 1`)
		assert.NotContains(t, body, "secret-id")
		assert.NotContains(t, body, s.Account().ID)
	}
	status, body := probe(t, http.MethodHead, server.URL+"/metrics", http.Header{})
	assert.Equal(t, http.StatusOK, status)
	assert.Empty(t, body)
	status, _ = probe(t, http.MethodPost, server.URL+"/metrics", http.Header{})
	assert.Equal(t, http.StatusMethodNotAllowed, status)
}
