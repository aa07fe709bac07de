// SPDX-License-Identifier: MIT

package telemetry

import (
	"context"
	"errors"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/lease"
)

// Metrics are the instruments of this package. It is safe for concurrent use. Programs need one.
type Metrics struct {
	meter metric.Meter

	created   metric.Int64Counter
	adopted   metric.Int64Counter
	startup   metric.Float64Histogram
	extended  metric.Int64Counter
	failures  metric.Int64Counter
	ended     metric.Int64Counter
	billed    metric.Float64Counter
	handOuts  metric.Float64Histogram
	requests  metric.Float64Histogram
	exchanges metric.Float64Histogram

	sessions  metric.Int64ObservableUpDownCounter
	waiting   metric.Int64ObservableUpDownCounter
	spent     metric.Float64ObservableCounter
	committed metric.Float64ObservableUpDownCounter
}

// The bounds of histograms, in seconds. Answers take milliseconds and are given up after 30 s; a
// warm session is handed out at once or in the time of an answer, others in that of a start; a
// start takes seconds to minutes.
var (
	answerBounds  = []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30}
	handOutBounds = []float64{.001, .01, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 120, 180, 300, 600}
	startupBounds = []float64{5, 10, 20, 30, 45, 60, 90, 120, 150, 180, 240, 300, 600}
)

// NewMetrics creates the instruments with the meter of a provider.
func NewMetrics(provider metric.MeterProvider) (*Metrics, error) {
	m := &Metrics{meter: provider.Meter("github.com/arr-go/azremoterendering/telemetry")}
	err := errors.Join(
		m.counter(&m.created, "arr.session.creations", "{session}",
			"Sessions whose creation the service has accepted."),
		m.counter(&m.adopted, "arr.session.adoptions", "{session}",
			"Sessions of an earlier run that were adopted or taken over."),
		m.histogram(&m.startup, "arr.session.startup.duration", startupBounds,
			"Time from the request that creates a session until it is Ready."),
		m.counter(&m.extended, "arr.session.extensions", "{extension}",
			"Extensions of leases."),
		m.counter(&m.failures, "arr.session.failures", "{failure}",
			"Creations and other requests about sessions that have failed, after retries."),
		m.counter(&m.ended, "arr.session.ends", "{session}",
			"Sessions that are no longer held: stopped, ended, detached or lost."),
		m.histogram(&m.handOuts, "arr.pool.handout.duration", handOutBounds,
			"Time that Pool.Acquire took."),
		m.histogram(&m.requests, "arr.client.request.duration", answerBounds,
			"Time from a request to the head of its answer, each try for itself."),
		m.histogram(&m.exchanges, "arr.client.token_exchange.duration", answerBounds,
			"Time that a token exchange took, with its retries."),
		m.createOthers(),
	)
	if err != nil {
		return nil, err
	}
	return m, nil
}

func (m *Metrics) counter(c *metric.Int64Counter, name, unit, description string) (err error) {
	*c, err = m.meter.Int64Counter(name,
		metric.WithUnit(unit), metric.WithDescription(description))
	return err
}

func (m *Metrics) histogram(
	h *metric.Float64Histogram,
	name string,
	bounds []float64,
	description string,
) (err error) {
	*h, err = m.meter.Float64Histogram(name, metric.WithUnit("s"),
		metric.WithDescription(description), metric.WithExplicitBucketBoundaries(bounds...))
	return err
}

// createOthers creates the instruments of which there is one of a kind.
func (m *Metrics) createOthers() error {
	var errs [5]error
	m.billed, errs[0] = m.meter.Float64Counter("arr.session.billed",
		metric.WithUnit("s"),
		metric.WithDescription("Time for which sessions that have ended were billed."))
	m.sessions, errs[1] = m.meter.Int64ObservableUpDownCounter("arr.pool.sessions",
		metric.WithUnit("{session}"),
		metric.WithDescription("Sessions of a pool, by region and by what they do."))
	m.waiting, errs[2] = m.meter.Int64ObservableUpDownCounter("arr.pool.waiting",
		metric.WithUnit("{call}"),
		metric.WithDescription("Calls of Pool.Acquire that wait for a session."))
	m.spent, errs[3] = m.meter.Float64ObservableCounter("arr.pool.spent",
		metric.WithUnit("s"),
		metric.WithDescription("The most that ended sessions count against the budget."))
	m.committed, errs[4] = m.meter.Float64ObservableUpDownCounter("arr.pool.committed",
		metric.WithUnit("s"),
		metric.WithDescription("What is spent, and the whole leases of sessions that run."))
	return errors.Join(errs[:]...)
}

// Observe counts an event. Pass it as Observe in the options of package lease.
func (m *Metrics) Observe(e lease.Event) {
	ctx := context.Background()
	attributes := attributesOf(e)
	count := func(c metric.Int64Counter) { c.Add(ctx, 1, metric.WithAttributes(attributes...)) }
	because := func(key attribute.Key) { attributes = append(attributes, key.String(Cause(e.Err))) }
	switch e.Kind {
	case lease.EventCreated:
		count(m.created)
	case lease.EventAdopted:
		count(m.adopted)
	case lease.EventReady:
		m.startup.Record(ctx, e.Duration.Seconds(), metric.WithAttributes(attributes...))
	case lease.EventExtended:
		count(m.extended)
	case lease.EventCreateFailed:
		attributes = append(attributes, attribute.String("arr.operation", "create"))
		because("error.type")
		count(m.failures)
	case lease.EventFailed:
		attributes = append(attributes, attribute.String("arr.operation", operationOf(e.Err)))
		because("error.type")
		count(m.failures)
	case lease.EventEnded:
		m.billed.Add(ctx, e.Duration.Seconds(), metric.WithAttributes(attributes...))
		attributes = append(attributes, attribute.String("arr.session.end", endOf(e)))
		count(m.ended)
	case lease.EventHandedOut, lease.EventNotHandedOut:
		if e.Err != nil {
			because("error.type")
		}
		m.handOuts.Record(ctx, e.Duration.Seconds(), metric.WithAttributes(attributes...))
	}
}

// endOf returns why a session has ended. One that was Ready did not lack a server.
func endOf(e lease.Event) string {
	cause := Cause(e.Err)
	if cause == noCapacity && e.Duration > 0 {
		return "session_error"
	}
	return cause
}

// attributesOf returns the attributes that all metrics of sessions have.
func attributesOf(e lease.Event) []attribute.KeyValue {
	attributes := make([]attribute.KeyValue, 0, 5)
	if e.Pool != "" {
		attributes = append(attributes, attribute.String("arr.pool", e.Pool))
	}
	if e.Client != nil {
		region := regionName(e.Client.Region(), e.Client.Endpoint())
		attributes = append(attributes, attribute.String("arr.region", region))
	}
	if e.Size != "" {
		attributes = append(attributes, attribute.String("arr.session.size", string(e.Size)))
	}
	return attributes
}

// regionName returns a region or, for an emulator on an address of its own, that address.
func regionName(region arr.Region, endpoint string) string {
	if region != "" {
		return string(region)
	}
	_, address, _ := strings.Cut(endpoint, "://")
	return address
}

// operationOf returns the operation of the service that has failed, such as "update", or "other".
func operationOf(err error) string {
	if refused, ok := errors.AsType[*arr.ServiceError](err); ok {
		return refused.Operation
	}
	return "other"
}

// Pool shows the sessions, the waiting calls and the budget of a pool. The name is the attribute
// arr.pool: use [lease.PoolOptions].IDPrefix, as events have it. After the returned function was
// called, they are no longer shown; call it when the pool is closed.
func (m *Metrics) Pool(name string, pool *lease.Pool) (unregister func() error, err error) {
	ofPool := attribute.String("arr.pool", name)
	show := func(_ context.Context, o metric.Observer) error {
		stats := pool.Stats()
		all := metric.WithAttributes(ofPool)
		o.ObserveInt64(m.waiting, int64(stats.Waiting), all)
		o.ObserveFloat64(m.spent, stats.Spent.Seconds(), all)
		o.ObserveFloat64(m.committed, stats.Committed.Seconds(), all)
		for _, r := range stats.Regions {
			region := attribute.String("arr.region", regionName(r.Region, r.Endpoint))
			for state, n := range map[string]int{
				"starting":   r.Starting,
				"idle":       r.Idle,
				"handed_out": r.HandedOut,
				"unclaimed":  r.Unclaimed,
				"stopping":   r.Stopping,
			} {
				o.ObserveInt64(m.sessions, int64(n), metric.WithAttributes(
					ofPool, region, attribute.String("arr.session.state", state)))
			}
		}
		return nil
	}
	registration, err := m.meter.RegisterCallback(show, m.sessions, m.waiting, m.spent, m.committed)
	if err != nil {
		return nil, err
	}
	return registration.Unregister, nil
}
