// SPDX-License-Identifier: MIT

// Package telemetry shows what clients and pools do, with OpenTelemetry. It is a module of its own,
// so that programs without OpenTelemetry do not get it as a dependency.
//
//   - [TracingProvider] makes traces of requests, leases and pools
//   - [Metrics] counts sessions, creations, failures, billed time, requests and token exchanges
//
// A program sets up OpenTelemetry with its SDK and exporters, and then
//
//	metrics, err := telemetry.NewMetrics(otel.GetMeterProvider())
//	…
//	options := &arr.SessionsClientOptions{}
//	options.TracingProvider = telemetry.TracingProvider(otel.GetTracerProvider())
//	metrics.Instrument(&options.ClientOptions)
//	client, err := arr.NewSessionsClient(endpoint, account, credential, options)
//	…
//	pool, err := lease.NewPool(client, lease.PoolOptions{
//		IDPrefix: "show-", Max: 10, Observe: metrics.Observe,
//	})
//	…
//	unregister, err := metrics.Pool("show-", pool)
//
// No span, no metric and no attribute contains a key, a token or a signature. Session ids are in
// spans and not in metrics.
package telemetry
