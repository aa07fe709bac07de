// SPDX-License-Identifier: MIT

package main

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestItPrintsSpansAndMetrics(t *testing.T) {
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "")
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		otel, err := newOpenTelemetry(t.Context(), &out)
		require.NoError(t, err)
		require.NoError(t, serveDevices(t.Context(), otel.traces, otel.metrics))
		require.NoError(t, otel.shutDown(t.Context()))
		for _, line := range []string{
			`POST /sessions of device 3`,
			`lease\.Pool\.Acquire session_id=show-[0-9a-f-]+ link=[0-9a-f]{6}`,
			`lease\.Pool\.Create session_id=show-`,
			`HTTP PUT ms_cv=\S+ status_code=503`,
			`SessionsClient\.Stop session_id=show-`,
			// The pause before the retry of the 503 is random. The longer it is, the sooner a third
			// session is needed.
			`arr_session_creations_total\{.*\} [23]$`,
			`arr_pool_handout_duration_seconds_count\{.*\} 3`,
			`arr_client_token_exchange_duration_seconds_count\{http_response_status_code="200"\} 1`,
		} {
			assert.Regexp(t, `(?m)`+line, out.String())
		}
		assert.NotContains(t, out.String(), "Pager[")
	})
}

// OpenTelemetry's exporters run over sockets, so this test takes real time, of one span.
func TestItSendsToACollector(t *testing.T) {
	var mu sync.Mutex
	received := make(map[string]bool)
	collector := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		received[r.URL.Path] = true
	}))
	defer collector.Close()
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.URL)
	otel, err := newOpenTelemetry(t.Context(), new(bytes.Buffer))
	require.NoError(t, err)
	_, span := otel.traces.Tracer("test").Start(t.Context(), "span")
	span.End()
	counter, err := otel.metrics.Meter("test").Int64Counter("counter")
	require.NoError(t, err)
	counter.Add(t.Context(), 1)
	require.NoError(t, otel.shutDown(context.WithoutCancel(t.Context())))
	assert.Equal(t, map[string]bool{"/v1/traces": true, "/v1/metrics": true}, received)
}
