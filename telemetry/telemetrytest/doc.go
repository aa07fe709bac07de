// SPDX-License-Identifier: MIT

// Package telemetrytest tests module telemetry. It is a module of its own, because the tests need
// the SDK of OpenTelemetry, its exporters and the parser of Prometheus, which the users of module
// telemetry may not want.
package telemetrytest
