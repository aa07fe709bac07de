// SPDX-License-Identifier: MIT

package telemetrytest_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	exporter "go.opentelemetry.io/otel/exporters/prometheus"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator"
	"github.com/arr-go/azremoterendering/internal/testkit"
	"github.com/arr-go/azremoterendering/telemetry"
)

// fixture is an emulator, and a client whose traces and metrics the test collects.
type fixture struct {
	t        *testing.T
	emulator *emulator.Emulator
	wire     *testkit.Wire
	client   *arr.SessionsClient
	metrics  *telemetry.Metrics
	registry *prometheus.Registry
	tracer   *sdktrace.TracerProvider
	spans    *tracetest.SpanRecorder
}

func newFixture(t *testing.T, options emulator.Options) *fixture {
	t.Helper()
	options.SigningKey = testkit.SigningKey()
	options.Admin = true
	e, err := emulator.New(options)
	require.NoError(t, err)
	f := &fixture{t: t, emulator: e, registry: prometheus.NewRegistry()}
	f.wire = &testkit.Wire{Next: e.Transport()}
	reader, err := exporter.New(exporter.WithRegisterer(f.registry))
	require.NoError(t, err)
	f.metrics, err = telemetry.NewMetrics(sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader)))
	require.NoError(t, err)
	f.spans = tracetest.NewSpanRecorder()
	f.tracer = sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(f.spans))

	clientOptions := &arr.SessionsClientOptions{ClientOptions: azcore.ClientOptions{
		Transport:       f.wire,
		TracingProvider: telemetry.TracingProvider(f.tracer),
	}}
	f.metrics.Instrument(&clientOptions.ClientOptions)
	f.client, err = arr.NewSessionsClientWithKeyCredential(
		arr.RegionWestEurope.Endpoint(),
		e.Account(),
		azcore.NewKeyCredential(e.Key()),
		clientOptions,
	)
	require.NoError(t, err)
	return f
}

// awaitList waits until the sessions are listed, as watchers do.
func (f *fixture) awaitList() {
	for before := len(f.wire.Sent()); ; time.Sleep(100 * time.Millisecond) {
		sent := f.wire.Sent()
		if slices.Contains(sent[before:], "LIST") {
			return
		}
	}
}

// life is a session as the emulator knows it.
type life struct {
	ID      string
	ReadyAt time.Time // zero if it never was
	EndedAt time.Time // zero if it runs
}

// lives returns all sessions that there are and were.
func (f *fixture) lives() (lives []life) {
	f.t.Helper()
	recorder := httptest.NewRecorder()
	f.emulator.ServeHTTP(recorder,
		httptest.NewRequest(http.MethodGet, "http://localhost/_emulator/state", nil))
	require.Equal(f.t, http.StatusOK, recorder.Code)
	var state struct {
		Sessions []struct {
			Session          arr.Session
			ReadyAt, EndedAt time.Time
		}
	}
	require.NoError(f.t, json.Unmarshal(recorder.Body.Bytes(), &state))
	for _, s := range state.Sessions {
		lives = append(lives, life{s.Session.ID, s.ReadyAt, s.EndedAt})
	}
	return lives
}

// life returns one session.
func (f *fixture) life(id string) life {
	for _, l := range f.lives() {
		if l.ID == id {
			return l
		}
	}
	return life{}
}

// golden compares a text with a file in testdata, which ARR_GOLDEN=1 writes.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if os.Getenv("ARR_GOLDEN") != "" {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(path, []byte(got), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), got, "ARR_GOLDEN=1 writes %s", path)
}
