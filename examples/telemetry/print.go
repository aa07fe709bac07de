// SPDX-License-Identifier: MIT

package main

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/expfmt"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// printer prints spans.
type printer struct{ out io.Writer }

// ExportSpans prints a line for each span: the beginning of the ids of its trace, its own and that
// of its parent, then how long it took, its name and what it is about.
func (p printer) ExportSpans(_ context.Context, spans []sdktrace.ReadOnlySpan) error {
	spans = slices.SortedFunc(slices.Values(spans), func(a, b sdktrace.ReadOnlySpan) int {
		return cmp.Compare(a.StartTime().UnixNano(), b.StartTime().UnixNano())
	})
	for _, span := range spans {
		parent := "------"
		if span.Parent().SpanID().IsValid() {
			parent = span.Parent().SpanID().String()[:6]
		}
		line := fmt.Sprintf("%s %s < %s %7.3f s  %s",
			span.SpanContext().TraceID().String()[:6], span.SpanContext().SpanID().String()[:6],
			parent, span.EndTime().Sub(span.StartTime()).Seconds(), span.Name())
		for _, a := range span.Attributes() {
			switch a.Key {
			case "az.remoterendering.session_id", "az.remoterendering.ms_cv", "http.status_code":
				line += fmt.Sprintf(" %s=%s", a.Key[strings.LastIndex(string(a.Key), ".")+1:], a.Value.String())
			}
		}
		for _, link := range span.Links() {
			line += " link=" + link.SpanContext.SpanID().String()[:6]
		}
		if _, err := fmt.Fprintln(p.out, line); err != nil {
			return err
		}
	}
	return nil
}

// Shutdown does nothing.
func (printer) Shutdown(context.Context) error { return nil }

// printMetrics prints the metrics as Prometheus reads them, except the buckets of histograms.
func printMetrics(out io.Writer, registry *prometheus.Registry) error {
	families, err := registry.Gather()
	if err != nil {
		return err
	}
	var text bytes.Buffer
	for _, family := range families {
		if _, err := expfmt.MetricFamilyToText(&text, family); err != nil {
			return err
		}
	}
	for line := range strings.Lines(text.String()) {
		if strings.HasPrefix(line, "arr_") && !strings.Contains(line, "_bucket{") {
			if _, err := io.WriteString(out, line); err != nil {
				return err
			}
		}
	}
	return nil
}
