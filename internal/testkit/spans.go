// SPDX-License-Identifier: MIT

package testkit

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/tracing"
)

// Spans records the spans that have ended.
type Spans struct {
	mu    sync.Mutex
	ended []*Span
}

// Span is a span that has ended. Parent is nil for the first span of a trace.
type Span struct {
	Name, Status string
	Parent       *Span
	Attributes   map[string]any

	handle tracing.Span
}

type spanKey struct{}

// SpanOf returns the span in a context, or nil.
func SpanOf(ctx context.Context) *Span {
	span, _ := ctx.Value(spanKey{}).(*Span)
	return span
}

// Provider returns a provider for a client.
func (s *Spans) Provider() tracing.Provider {
	lookUp := &tracing.TracerOptions{SpanFromContext: func(ctx context.Context) tracing.Span {
		return SpanOf(ctx).handle
	}}
	return tracing.NewProvider(func(string, string) tracing.Tracer {
		return tracing.NewTracer(s.start, lookUp)
	}, nil)
}

func (s *Spans) start(
	ctx context.Context,
	name string,
	options *tracing.SpanOptions,
) (context.Context, tracing.Span) {
	started := &Span{Name: name, Parent: SpanOf(ctx), Attributes: make(map[string]any)}
	set := func(attributes ...tracing.Attribute) {
		s.mu.Lock()
		defer s.mu.Unlock()
		for _, a := range attributes {
			started.Attributes[a.Key] = a.Value
		}
	}
	set(options.Attributes...)
	started.handle = tracing.NewSpan(tracing.SpanImpl{
		SetAttributes: set,
		SetStatus: func(status tracing.SpanStatus, text string) {
			s.mu.Lock()
			defer s.mu.Unlock()
			started.Status = fmt.Sprint(status, " ", text)
		},
		End: func() {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.ended = append(s.ended, started)
		},
	})
	return context.WithValue(ctx, spanKey{}, started), started.handle
}

// Ended returns the spans so far, in the order in which they ended.
func (s *Spans) Ended() []*Span {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.ended)
}

// Last returns the span that ended last.
func (s *Spans) Last() *Span {
	ended := s.Ended()
	return ended[len(ended)-1]
}

// Forget forgets the spans so far.
func (s *Spans) Forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended = nil
}

// Names returns the names of the spans, each after that of its parent: "Client.Get > HTTP GET".
func (s *Spans) Names() (names []string) {
	for _, span := range s.Ended() {
		name := span.Name
		if span.Parent != nil {
			name = span.Parent.Name + " > " + name
		}
		names = append(names, name)
	}
	return names
}

// Path returns the names from the first span of the trace to this one.
func (s *Span) Path() string {
	var names []string
	for ; s != nil; s = s.Parent {
		names = append(names, s.Name)
	}
	slices.Reverse(names)
	return strings.Join(names, " > ")
}
