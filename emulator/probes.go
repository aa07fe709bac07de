// SPDX-License-Identifier: MIT

package emulator

import (
	"cmp"
	"maps"
	"net/http"
	"slices"
	"strconv"

	"github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator/internal/memory"
	"github.com/arr-go/azremoterendering/internal/exposition"
	"github.com/arr-go/azremoterendering/service"
)

// metricsPath is where Prometheus reads metrics. Like those for health, it is answered for every
// host, no matter who asks: it tells numbers, and neither accounts nor ids.
const metricsPath = "/metrics"

func forMetrics(r *http.Request) bool { return r.URL.EscapedPath() == metricsPath }

// showMetrics answers with the metrics of all accounts together.
func (e *Emulator) showMetrics(r *http.Request) service.Answer {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return e.service.Refuse(service.MethodNotAllowed(http.MethodGet, http.MethodHead))
	}
	body := e.metrics()
	a := service.EmptyAnswer(http.StatusOK)
	a.Header.Set("Content-Length", strconv.Itoa(len(body)))
	a.Header.Set("Content-Type", exposition.ContentType)
	a.Header.Set("Cache-Control", "no-store")
	a.Header.Set("Cross-Origin-Resource-Policy", "same-origin")
	a.Header.Set("X-Content-Type-Options", "nosniff")
	if r.Method == http.MethodGet {
		a.Body = body
	}
	return a
}

// requestKind is what requests are counted by.
type requestKind struct {
	operation string
	status    int // 0 if a fault kept the answer back
}

func (e *Emulator) metrics() []byte {
	counts := e.store.Count()
	conversions := make(map[azremoterendering.ConversionStatus]int)
	for _, c := range e.conversions.All(nil) {
		conversions[c.Conversion.Status]++
	}

	var text exposition.Text
	text.Metric("arr_emulator_sessions", exposition.Gauge,
		"Sessions that the emulator has, ended ones included.")
	for _, k := range sortedKeys(counts.Sessions, func(a, b memory.Kind) int {
		return cmp.Or(cmp.Compare(a.Region, b.Region), cmp.Compare(a.Size, b.Size),
			cmp.Compare(a.Status, b.Status))
	}) {
		text.Value(float64(counts.Sessions[k]), "region", string(k.Region),
			"size", string(k.Size), "status", string(k.Status))
	}
	text.Metric("arr_emulator_billed_seconds_total", exposition.Counter,
		"Time in Ready of all sessions that the emulator has and had, by its clock.")
	text.Value(counts.Billed.Seconds())
	text.Metric("arr_emulator_conversions", exposition.Gauge,
		"Conversions that the emulator has, ended ones included.")
	for _, status := range sortedKeys(conversions, cmp.Compare) {
		text.Value(float64(conversions[status]), "status", string(status))
	}
	text.Metric("arr_emulator_requests_total", exposition.Counter,
		"Requests by operation and status, token exchanges included; status 0 without an answer.")
	requests := e.requests.counts()
	for _, k := range sortedKeys(requests, func(a, b requestKind) int {
		return cmp.Or(cmp.Compare(a.operation, b.operation), cmp.Compare(a.status, b.status))
	}) {
		text.Value(float64(requests[k]), "operation", k.operation, "status", strconv.Itoa(k.status))
	}
	return text.Bytes()
}

func sortedKeys[K comparable, V any](m map[K]V, compare func(a, b K) int) []K {
	return slices.SortedFunc(maps.Keys(m), compare)
}

// The paths that tell whether the emulator is alive and whether it is ready. They tell nothing
// else, so they are answered for every host, no matter who asks: probes of containers use addresses
// that the emulator does not know.
const (
	healthPath = "/healthz"
	readyPath  = "/readyz"
)

func forHealth(r *http.Request) bool {
	path := r.URL.EscapedPath()
	return path == healthPath || path == readyPath
}

// showHealth answers 200 as long as the process can answer, and for readiness 503 once the emulator
// is closed.
func (e *Emulator) showHealth(r *http.Request) service.Answer {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return e.service.Refuse(service.MethodNotAllowed(http.MethodGet, http.MethodHead))
	}
	status, body := http.StatusOK, "ok\n"
	if r.URL.Path == readyPath && e.isClosed() {
		status, body = http.StatusServiceUnavailable, "closed\n"
	}
	a := service.EmptyAnswer(status)
	a.Header.Set("Content-Length", strconv.Itoa(len(body)))
	a.Header.Set("Content-Type", "text/plain; charset=utf-8")
	a.Header.Set("Cache-Control", "no-store")
	a.Header.Set("Cross-Origin-Resource-Policy", "same-origin")
	a.Header.Set("X-Content-Type-Options", "nosniff")
	if r.Method == http.MethodGet {
		a.Body = []byte(body)
	}
	return a
}

// isClosed reports whether [Emulator.Close] was called.
func (e *Emulator) isClosed() bool {
	select {
	case <-e.closing:
		return true
	default:
		return false
	}
}
