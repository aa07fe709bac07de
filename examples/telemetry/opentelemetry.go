// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"errors"
	"io"
	"os"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	exporter "go.opentelemetry.io/otel/exporters/prometheus"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
)

// openTelemetry is the SDK of OpenTelemetry, set up.
type openTelemetry struct {
	traces  *sdktrace.TracerProvider
	metrics *metric.MeterProvider
	print   func() error // at the end
}

// newOpenTelemetry sends to the collector that OTEL_EXPORTER_OTLP_ENDPOINT names. Without one it
// prints to out.
func newOpenTelemetry(ctx context.Context, out io.Writer) (*openTelemetry, error) {
	name := resource.NewSchemaless(semconv.ServiceName("examples/telemetry"))
	o := &openTelemetry{print: func() error { return nil }}
	var spans sdktrace.SpanExporter
	var reader metric.Reader
	if os.Getenv("OTEL_EXPORTER_OTLP_ENDPOINT") != "" {
		toCollector, err := otlptracehttp.New(ctx) // the address is that in the environment
		if err != nil {
			return nil, err
		}
		metrics, err := otlpmetrichttp.New(ctx)
		if err != nil {
			return nil, err
		}
		spans, reader = toCollector, metric.NewPeriodicReader(metrics)
	} else {
		registry := prometheus.NewRegistry()
		toPrometheus, err := exporter.New(exporter.WithRegisterer(registry), exporter.WithoutScopeInfo())
		if err != nil {
			return nil, err
		}
		spans, reader = printer{out}, toPrometheus
		o.print = func() error { return printMetrics(out, registry) }
	}
	o.traces = sdktrace.NewTracerProvider(
		sdktrace.WithBatcher(spans),
		sdktrace.WithSampler(sdktrace.ParentBased(withoutLists{})),
		sdktrace.WithResource(name))
	o.metrics = metric.NewMeterProvider(metric.WithReader(reader), metric.WithResource(name))
	return o, nil
}

// shutDown sends what was not sent yet.
func (o *openTelemetry) shutDown(ctx context.Context) error {
	return errors.Join(o.traces.Shutdown(ctx), o.print(), o.metrics.Shutdown(ctx))
}

// withoutLists samples each trace except those of the lists by which a pool watches its sessions.
// They belong to no call, and come every few seconds.
type withoutLists struct{}

// ShouldSample decides about the first span of a trace.
func (withoutLists) ShouldSample(p sdktrace.SamplingParameters) sdktrace.SamplingResult {
	if p.Name == "Pager[ListSessionsResponse].NextPage" {
		return sdktrace.NeverSample().ShouldSample(p)
	}
	return sdktrace.AlwaysSample().ShouldSample(p)
}

// Description names the sampler.
func (withoutLists) Description() string { return "withoutLists" }
