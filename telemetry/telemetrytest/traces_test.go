// SPDX-License-Identifier: MIT

package telemetrytest_test

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	trace "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/arr-go/azremoterendering/emulator"
	"github.com/arr-go/azremoterendering/lease"
)

// testCollector receives spans as an OpenTelemetry collector does: OTLP over HTTP, as protobuf.
type testCollector struct {
	t *testing.T

	mu    sync.Mutex
	spans []*trace.Span
	bytes []byte // of all requests
}

func (c *testCollector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body := io.Reader(r.Body)
	if r.Header.Get("Content-Encoding") == "gzip" {
		unpacked, err := gzip.NewReader(body)
		if !assert.NoError(c.t, err) {
			return
		}
		body = unpacked
	}
	data, err := io.ReadAll(body)
	assert.NoError(c.t, err)
	assert.Equal(c.t, "/v1/traces", r.URL.Path)
	var request collector.ExportTraceServiceRequest
	assert.NoError(c.t, proto.Unmarshal(data, &request))
	c.mu.Lock()
	defer c.mu.Unlock()
	c.bytes = append(c.bytes, data...)
	for _, resource := range request.GetResourceSpans() {
		for _, scope := range resource.GetScopeSpans() {
			c.spans = append(c.spans, scope.GetSpans()...)
		}
	}
	w.Header().Set("Content-Type", "application/x-protobuf")
	answer, err := proto.Marshal(&collector.ExportTraceServiceResponse{})
	assert.NoError(c.t, err)
	_, _ = w.Write(answer)
}

// export sends the spans of the fixture to a collector over a socket, with the OTLP exporter. That
// needs real time, so it comes after the bubble of the fixture.
func (f *fixture) export(t *testing.T) *testCollector {
	t.Helper()
	c := &testCollector{t: t}
	server := httptest.NewServer(c)
	defer server.Close()
	exporter, err := otlptracehttp.New(t.Context(),
		otlptracehttp.WithEndpointURL(server.URL+"/v1/traces"),
		otlptracehttp.WithCompression(otlptracehttp.GzipCompression))
	require.NoError(t, err)
	require.NoError(t, exporter.ExportSpans(t.Context(), f.spans.Ended()))
	require.NoError(t, exporter.Shutdown(context.WithoutCancel(t.Context())))
	return c
}

// tree draws the traces that begin with a span of one of these names. Spans of the same name and
// attributes that follow each other are one line, with their number.
func (c *testCollector) tree(roots ...string) string {
	children := make(map[string][]*trace.Span)
	names := make(map[string]string) // of spans, by id
	for _, span := range c.spans {
		names[string(span.GetSpanId())] = span.GetName()
		children[string(span.GetParentSpanId())] = append(children[string(span.GetParentSpanId())], span)
	}
	var text strings.Builder
	var draw func(parent, indent string)
	draw = func(parent, indent string) {
		found := children[parent]
		slices.SortStableFunc(found, func(a, b *trace.Span) int {
			return cmp.Compare(a.GetStartTimeUnixNano(), b.GetStartTimeUnixNano())
		})
		for i := 0; i < len(found); {
			span, n := found[i], 0
			line := indent + span.GetName() + describe(span, names)
			below := shape(span, children)
			for i < len(found) && shape(found[i], children) == below {
				i, n = i+1, n+1
			}
			if parent == "" && !slices.Contains(roots, span.GetName()) {
				continue
			}
			if n > 1 {
				line += " (several times)"
			}
			text.WriteString(line + "\n")
			draw(string(span.GetSpanId()), indent+"  ")
		}
	}
	draw("", "")
	return text.String()
}

// shape is what is compared of a span and all below it.
func shape(span *trace.Span, children map[string][]*trace.Span) string {
	text := span.GetName() + describe(span, nil) + "("
	for _, child := range children[string(span.GetSpanId())] {
		text += shape(child, children)
	}
	return text + ")"
}

var (
	uuid   = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)
	vector = regexp.MustCompile(`[A-Za-z0-9+/]{22}\.0`)
	host   = regexp.MustCompile(`^https://[^/]*`)

	// constant are attributes that are the same on all spans, or on all of requests.
	constant = []string{"az.namespace", "http.user_agent", "net.peer.name", "http.method"}
)

// describe returns the attributes, links and status of a span, without what differs each time.
func describe(span *trace.Span, names map[string]string) string {
	var lines []string
	for _, a := range span.GetAttributes() {
		if slices.Contains(constant, a.GetKey()) {
			continue
		}
		value := a.GetValue().GetStringValue()
		if value == "" {
			value = fmt.Sprint(a.GetValue().GetIntValue())
		}
		value = uuid.ReplaceAllString(value, "UUID")
		value = vector.ReplaceAllString(value, "CV")
		value = host.ReplaceAllString(value, "")
		lines = append(lines, fmt.Sprintf("%s=%s", a.GetKey(), value))
	}
	slices.Sort(lines)
	for _, link := range span.GetLinks() {
		lines = append(lines, "-> "+names[string(link.GetSpanId())])
	}
	if span.GetStatus().GetCode() != trace.Status_STATUS_CODE_UNSET {
		lines = append(lines, "status: "+strings.SplitN(span.GetStatus().GetMessage(), "\n", 2)[0])
	}
	if len(lines) == 0 {
		return ""
	}
	return " {" + strings.Join(lines, ", ") + "}"
}

// The life of a pool, as a collector receives it: the creation of a session with its token exchange
// and a try that failed, its extensions and its stop are one trace; each hand-out is in the trace of
// the request that it is for, and linked to the creation.
func TestTheTraceOfAPool(t *testing.T) {
	var f *fixture
	secrets := make(map[string]string)
	synctest.Test(t, func(t *testing.T) {
		f = newFixture(t, emulator.Options{
			StartupTime: emulator.FixedStartup(time.Minute),
			Faults:      []emulator.Fault{{Operation: "create", Status: 503, Count: 1}},
		})
		pool, err := lease.NewPool(f.client, lease.PoolOptions{
			IDPrefix: "show-", Warm: 1, Max: 1,
		})
		require.NoError(t, err)
		for _, device := range []string{"first device", "second device"} {
			ctx, span := f.tracer.Tracer("program").Start(t.Context(), "POST /sessions")
			l, err := pool.Acquire(ctx)
			require.NoError(t, err, device)
			span.End()
			time.Sleep(25 * time.Minute)
			f.awaitList()
			time.Sleep(2 * time.Second) // a session seen within a second is not looked up
			require.NoError(t, pool.Return(l))
		}
		token, err := f.client.AccessToken(t.Context(), nil)
		require.NoError(t, err)
		secrets["token"], secrets["key"] = token.Token, f.emulator.Key()
		require.NoError(t, pool.Close(t.Context()))
	})
	received := f.export(t)
	golden(t, "trace.golden", received.tree("lease.Pool.Create", "POST /sessions"))
	for name, secret := range secrets {
		require.NotEmpty(t, secret)
		assert.False(t, bytes.Contains(received.bytes, []byte(secret)), name)
	}
}
