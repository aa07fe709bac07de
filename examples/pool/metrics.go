// SPDX-License-Identifier: MIT

package main

import (
	"cmp"
	"net/http"
	"strings"
	"sync"

	"github.com/arr-go/azremoterendering/internal/exposition"
	"github.com/arr-go/azremoterendering/lease"
)

// metrics counts the events of a pool. A program that has OpenTelemetry uses module telemetry
// instead, which has the same names and more: see examples/telemetry.
type metrics struct {
	handOuts, startups *exposition.Histogram

	mu     sync.Mutex
	events map[lease.EventKind]float64
	billed float64 // in seconds
}

func newMetrics() *metrics {
	return &metrics{
		handOuts: exposition.NewHistogram(.001, .01, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 180, 600),
		startups: exposition.NewHistogram(5, 10, 20, 30, 45, 60, 90, 120, 150, 180, 240, 300, 600),
		events:   make(map[lease.EventKind]float64),
	}
}

// observe counts an event.
func (m *metrics) observe(e lease.Event) {
	switch e.Kind {
	case lease.EventHandedOut, lease.EventNotHandedOut:
		m.handOuts.Observe(e.Duration.Seconds())
	case lease.EventReady:
		m.startups.Observe(e.Duration.Seconds())
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.events[e.Kind]++
	if e.Kind == lease.EventEnded {
		m.billed += e.Duration.Seconds()
	}
}

// metricsOf answers with the metrics of the pool. They have numbers only. Prometheus reads them as a
// device does: give it a line of its own in POOL_DEVICES_FILE.
func (s *service) metricsOf(w http.ResponseWriter, _ *http.Request, _ string) {
	var text exposition.Text
	s.writeStats(&text, s.pool.Stats())
	s.metrics.write(&text, s.settings.prefix)
	w.Header().Set("Content-Type", exposition.ContentType)
	w.Header().Set("X-Content-Type-Options", "nosniff")
	_, _ = w.Write(text.Bytes())
}

// writeStats writes what is true at this moment.
func (s *service) writeStats(text *exposition.Text, stats lease.PoolStats) {
	text.Metric("arr_pool_sessions", exposition.Gauge,
		"Sessions of a pool, by region and by what they do.")
	for _, r := range stats.Regions {
		_, address, _ := strings.Cut(r.Endpoint, "://")
		value := func(state string, n int) {
			text.Value(float64(n), "arr_pool", s.settings.prefix,
				"arr_region", cmp.Or(string(r.Region), address), "arr_session_state", state)
		}
		value("starting", r.Starting)
		value("idle", r.Idle)
		value("handed_out", r.HandedOut)
		value("unclaimed", r.Unclaimed)
		value("stopping", r.Stopping)
	}
	metric := func(name string, kind exposition.Kind, help string, n float64) {
		text.Metric(name, kind, help)
		text.Value(n, "arr_pool", s.settings.prefix)
	}
	metric("arr_pool_waiting", exposition.Gauge,
		"Devices that wait for a session.", float64(stats.Waiting))
	metric("arr_pool_spent_seconds_total", exposition.Counter,
		"The most that ended sessions count against the budget.", stats.Spent.Seconds())
	metric("arr_pool_committed_seconds", exposition.Gauge,
		"What is spent, and the whole leases of sessions that run.", stats.Committed.Seconds())
}

// write writes what was counted.
func (m *metrics) write(text *exposition.Text, pool string) {
	m.handOuts.Write(text, "arr_pool_handout_duration_seconds",
		"Time that Pool.Acquire took.", "arr_pool", pool)
	m.startups.Write(text, "arr_session_startup_duration_seconds",
		"Time from the request that creates a session until it is Ready.", "arr_pool", pool)
	m.mu.Lock()
	defer m.mu.Unlock()
	counter := func(name, help string, n float64) {
		text.Metric(name, exposition.Counter, help)
		text.Value(n, "arr_pool", pool)
	}
	counter("arr_session_creations_total", "Sessions whose creation the service has accepted.",
		m.events[lease.EventCreated])
	counter("arr_session_adoptions_total", "Sessions of an earlier run that were taken over.",
		m.events[lease.EventAdopted])
	counter("arr_session_extensions_total", "Extensions of leases.", m.events[lease.EventExtended])
	counter("arr_session_failures_total",
		"Creations and other requests about sessions that have failed, after retries.",
		m.events[lease.EventCreateFailed]+m.events[lease.EventFailed])
	counter("arr_session_ends_total", "Sessions that are no longer held.", m.events[lease.EventEnded])
	counter("arr_session_billed_seconds_total",
		"Time for which sessions that have ended were billed.", m.billed)
}
