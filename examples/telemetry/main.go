// SPDX-License-Identifier: MIT

// Telemetry shows what a pool does, with OpenTelemetry. It starts an emulator in this process and a
// pool, serves three devices, and ends after about ten seconds.
//
//	cd examples/telemetry && go run .
//
// It prints a line for each span that ends, and at the end the metrics as Prometheus reads them.
// With the address of an OpenTelemetry collector it sends traces and metrics there instead, by OTLP
// over HTTP:
//
//	OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:4318 go run .
//
// The client and the pool of a real program differ from those here in their endpoint and
// credential, and nothing else: see sessions.go. What sets OpenTelemetry up is in opentelemetry.go.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, restore := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer restore()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "telemetry:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) (err error) {
	otel, err := newOpenTelemetry(ctx, os.Stdout)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, otel.shutDown(context.WithoutCancel(ctx))) }()
	return serveDevices(ctx, otel.traces, otel.metrics)
}
