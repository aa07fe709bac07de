// SPDX-License-Identifier: MIT

package lease

import (
	"context"
	"fmt"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/tracing"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/internal/spans"
)

// Names of spans. Those of the client's methods are their children.
const (
	spanAcquire     = "lease.Acquire"
	spanStop        = "lease.Stop"
	spanPoolCreate  = "lease.Pool.Create"
	spanPoolAcquire = "lease.Pool.Acquire"
)

// span is a span of this package. azcore suppresses the spans of methods inside the span of a
// method; inside a span of this package they are kept. Without a tracing provider it is the zero
// value, which costs nothing.
type span struct {
	tracing.Span
	enabled bool
	joined  spans.Span
}

// startSpan starts a span with the tracer of a client.
func startSpan(
	ctx context.Context,
	client *arr.SessionsClient,
	name string,
) (context.Context, span) {
	tracer := client.Tracer()
	if !tracer.Enabled() {
		return ctx, span{}
	}
	inside, started := tracer.Start(ctx, name, &tracing.SpanOptions{Kind: tracing.SpanKindInternal})
	return inside, span{Span: started, enabled: true, joined: spans.New(inside, ctx)}
}

// setSession says which session the span is about.
func (s span) setSession(id string) {
	if s.enabled {
		s.SetAttributes(tracing.Attribute{Key: spans.SessionID, Value: id})
	}
}

// link says which session the span is about, and links to the span in which it was created.
func (s span) link(r *renewer) {
	if !s.enabled {
		return
	}
	s.setSession(r.id)
	if created := r.span.Context(); created != nil {
		s.SetAttributes(tracing.Attribute{
			Key:   spans.AttributePrefix + "creation",
			Value: creation{created, r.id},
		})
	}
}

// end ends the span.
func (s span) end(err error) {
	if !s.enabled {
		return
	}
	if err != nil {
		s.SetStatus(tracing.SpanStatusError, fmt.Sprintf("%T:\n%v", err, err))
	}
	s.End()
}

// creation is the value of the attribute that links to the creation of a session. The tracing of
// azcore has no links, and does not tell the id of a span. A provider that knows this value, such
// as that of module telemetry, makes a link of it; others write its text.
type creation struct {
	ctx       context.Context
	sessionID string
}

// LinkedContext returns a context with the span to link to.
func (c creation) LinkedContext() context.Context { return c.ctx }

func (c creation) String() string { return c.sessionID }
