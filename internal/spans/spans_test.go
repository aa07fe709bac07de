// SPDX-License-Identifier: MIT

package spans_test

import (
	"context"
	"net/http"
	"sync"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering/internal/spans"
	"github.com/arr-go/azremoterendering/internal/testkit"
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

// azcore keeps the address of the latest request in the context of a span, without a lock. Requests
// that are sent at the same time must not share it: only the race detector shows if they do.
func TestRequestsAtTheSameTimeShareNothing(t *testing.T) {
	var all testkit.Spans
	var arrived sync.WaitGroup
	arrived.Add(3)
	client, err := azcore.NewClient("test", "v1.0.0", runtime.PipelineOptions{}, &azcore.ClientOptions{
		TracingProvider: all.Provider(),
		Transport: &testkit.Wire{Meet: func(req *http.Request, _ testkit.Forward) (*http.Response, error) {
			arrived.Done()
			arrived.Wait()
			return testkit.Answer(req, http.StatusOK, ""), nil
		}},
	})
	require.NoError(t, err)
	inside, _ := client.Tracer().Start(t.Context(), "span", nil)
	var sent sync.WaitGroup
	for _, ctx := range []context.Context{
		inside,
		spans.Detach(inside),
		spans.New(inside, t.Context()).In(t.Context()),
	} {
		sent.Go(func() {
			ctx, end := runtime.StartSpan(ctx, "Client.Get", client.Tracer(), nil)
			defer end(nil)
			req, err := runtime.NewRequest(ctx, http.MethodGet, "https://service.example")
			assert.NoError(t, err)
			_, err = client.Pipeline().Do(req)
			assert.NoError(t, err)
		})
	}
	sent.Wait()
	paths := make(map[string]int)
	for _, span := range all.Ended() {
		paths[span.Path()]++
	}
	want := map[string]int{"span > Client.Get": 3, "span > Client.Get > HTTP GET": 3}
	assert.Equal(t, want, paths)
}
