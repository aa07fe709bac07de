// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator"
	"github.com/arr-go/azremoterendering/lease"
	"github.com/arr-go/azremoterendering/telemetry"
)

const prefix = "show-"

// serveDevices runs a pool for three devices, with traces and metrics.
func serveDevices(
	ctx context.Context,
	traces trace.TracerProvider,
	meters metric.MeterProvider,
) (err error) {
	// A real program needs no emulator, and calls arr.NewSessionsClient with these options.
	service, err := emulator.New(emulator.Options{
		StartupTime: emulator.FixedStartup(2 * time.Second),
		Faults:      []emulator.Fault{{Operation: "create", Status: 503, Count: 1}},
	})
	if err != nil {
		return err
	}
	metrics, err := telemetry.NewMetrics(meters)
	if err != nil {
		return err
	}
	options := &arr.SessionsClientOptions{}
	options.TracingProvider = telemetry.TracingProvider(traces)
	metrics.Instrument(&options.ClientOptions)
	client, err := service.SessionsClient(options)
	if err != nil {
		return err
	}
	pool, err := lease.NewPool(client, lease.PoolOptions{
		IDPrefix: prefix,
		Warm:     1,
		Max:      2,
		Watch:    lease.WatcherOptions{Interval: 500 * time.Millisecond},
		Observe:  metrics.Observe,
	})
	if err != nil {
		return err
	}
	if _, err := metrics.Pool(prefix, pool); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, pool.Close(context.WithoutCancel(ctx))) }()
	for device := range 3 {
		if err := serve(ctx, traces, pool, fmt.Sprintf("device %d", device+1)); err != nil {
			return err
		}
	}
	return nil
}

// serve gives a session to one device for a second. In a web service, the span is that of the
// request of the device, as otelhttp makes it.
func serve(
	ctx context.Context,
	traces trace.TracerProvider,
	pool *lease.Pool,
	device string,
) error {
	request, span := traces.Tracer("examples/telemetry").Start(ctx, "POST /sessions of "+device)
	l, err := pool.Acquire(request)
	span.End()
	if err != nil {
		return err
	}
	select {
	case <-time.After(1500 * time.Millisecond):
	case <-ctx.Done():
	}
	return pool.Return(l)
}
