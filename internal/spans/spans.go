// SPDX-License-Identifier: MIT

// Package spans adds to azcore's tracing what it lacks: work that goes on beside or after the call
// whose span it belongs to.
package spans

import (
	"context"
	"reflect"
	"strings"
)

// AttributePrefix begins the keys of the attributes that this module adds to spans. What azcore
// adds begins with "az." too.
const AttributePrefix = "az.remoterendering."

// Keys of attributes.
const (
	SessionID         = AttributePrefix + "session_id"
	CorrelationVector = AttributePrefix + "ms_cv"
)

// Detach returns a context for work that may run at the same time as other work of the span in ctx.
// The span stays the parent. azcore keeps the address of the latest request in the context, without
// a lock, to remove it from the errors of spans; the work gets a place of its own.
func Detach(ctx context.Context) context.Context { return detached{ctx} }

type detached struct{ context.Context }

func (c detached) Value(key any) any {
	if ofRequestURL(key) {
		return nil
	}
	return c.Context.Value(key)
}

// ofRequestURL reports whether a key is azcore's own, which cannot be imported.
func ofRequestURL(key any) bool {
	return strings.HasSuffix(reflect.TypeOf(key).PkgPath(), "/azcore/internal/sanitizer")
}

// Span is a span that work in other contexts can join later. The zero value is no span.
type Span struct {
	inside, outside context.Context
}

// New returns the span that was started between two contexts: inside is what the start made of
// outside.
func New(inside, outside context.Context) Span { return Span{inside, outside} }

// In returns ctx with this span in place of its own. All else in ctx stays as it is.
func (s Span) In(ctx context.Context) context.Context {
	if s.inside == nil {
		return ctx
	}
	return joined{ctx, s}
}

// Context returns a context that has the span, or nil for the zero value. It may have ended.
func (s Span) Context() context.Context { return s.inside }

type joined struct {
	context.Context
	span Span
}

// Value returns what the start of the span has added or changed, and otherwise what ctx has. No
// library that makes spans tells the keys that it uses.
func (c joined) Value(key any) any {
	if ofRequestURL(key) {
		return nil
	}
	if value := c.span.inside.Value(key); value != nil && !same(value, c.span.outside.Value(key)) {
		return value
	}
	return c.Context.Value(key)
}

// same reports whether two values are the same. Those that cannot be compared, such as the headers
// that azcore takes from a context, are no spans.
func same(a, b any) bool { return !reflect.TypeOf(a).Comparable() || a == b }
