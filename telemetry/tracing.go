// SPDX-License-Identifier: MIT

package telemetry

import (
	"context"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/tracing"
	"github.com/Azure/azure-sdk-for-go/sdk/tracing/azotel"
	"go.opentelemetry.io/otel/trace"
)

// TracingProvider returns a provider for ClientOptions.TracingProvider. It is that of azotel, and
// links the spans of hand-outs to those in which their sessions were created: azcore's tracing has
// no links, so package lease sets an attribute, in place of which there is a link.
func TracingProvider(provider trace.TracerProvider) tracing.Provider {
	plain := azotel.NewTracingProvider(provider, nil)
	return tracing.NewProvider(func(name, version string) tracing.Tracer {
		return withLinks(plain.NewTracer(name, version))
	}, nil)
}

func withLinks(plain tracing.Tracer) tracing.Tracer {
	start := func(
		ctx context.Context,
		name string,
		options *tracing.SpanOptions,
	) (context.Context, tracing.Span) {
		ctx, span := plain.Start(ctx, name, options)
		return ctx, linking(ctx, span)
	}
	return tracing.NewTracer(start, &tracing.TracerOptions{
		SpanFromContext: func(ctx context.Context) tracing.Span {
			return linking(ctx, plain.SpanFromContext(ctx))
		},
	})
}

// linking returns the span in ctx with a link for each attribute that leads to another span.
func linking(ctx context.Context, span tracing.Span) tracing.Span {
	return tracing.NewSpan(tracing.SpanImpl{
		End:       span.End,
		AddEvent:  span.AddEvent,
		SetStatus: span.SetStatus,
		SetAttributes: func(attributes ...tracing.Attribute) {
			for _, a := range attributes {
				target, isLink := a.Value.(interface{ LinkedContext() context.Context })
				if !isLink {
					span.SetAttributes(a)
					continue
				}
				//nolint:contextcheck // it is the context of another span
				link := trace.LinkFromContext(target.LinkedContext())
				trace.SpanFromContext(ctx).AddLink(link)
			}
		},
	})
}
