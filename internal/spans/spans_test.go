// SPDX-License-Identifier: MIT

package spans_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/arr-go/azremoterendering/internal/spans"
)

type key string

// A span takes nothing along but itself: what the caller of its call had in the context belongs to
// that call.
func TestASpanJoinedLaterLeavesTheContextAsItIs(t *testing.T) {
	with := func(ctx context.Context, k key, value any) context.Context {
		return context.WithValue(ctx, k, value)
	}
	outside := with(t.Context(), "header", http.Header{"Of": {"the creation"}})
	outside = with(outside, "parent", "the caller's span")
	inside := with(with(outside, "span", "the creation"), "parent", "replaced")

	later, cancel := context.WithCancel(with(with(t.Context(), "span", "another"), "user", "me"))
	ctx := spans.New(inside, outside).In(later)
	assert.Equal(t, "the creation", ctx.Value(key("span")))
	assert.Equal(t, "replaced", ctx.Value(key("parent")))
	assert.Equal(t, "me", ctx.Value(key("user")))
	assert.Nil(t, ctx.Value(key("header")))

	derived, cancelDerived := context.WithCancel(ctx)
	defer cancelDerived()
	assert.NoError(t, derived.Err())
	cancel()
	assert.ErrorIs(t, derived.Err(), context.Canceled, "it ends with the later context")
}

func TestNoSpanChangesNothing(t *testing.T) {
	ctx := t.Context()
	assert.Equal(t, ctx, spans.Span{}.In(ctx))
	assert.Nil(t, spans.Span{}.Context())
}
