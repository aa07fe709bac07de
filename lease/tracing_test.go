// SPDX-License-Identifier: MIT

package lease_test

import (
	"context"
	"maps"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator"
	"github.com/arr-go/azremoterendering/internal/testkit"
	"github.com/arr-go/azremoterendering/lease"
)

// traced makes the service's client record its spans.
func (s *service) traced() *testkit.Spans {
	s.t.Helper()
	var all testkit.Spans
	client, err := arr.NewSessionsClientWithKeyCredential(
		s.client.Endpoint(),
		s.emulator.Account(),
		azcore.NewKeyCredential(s.emulator.Key()),
		&arr.SessionsClientOptions{ClientOptions: azcore.ClientOptions{
			Transport:       s,
			TracingProvider: all.Provider(),
		}},
	)
	require.NoError(s.t, err)
	s.client = client
	return &all
}

// paths returns the paths of spans, each once.
func paths(all *testkit.Spans) []string {
	unique := make(map[string]bool)
	for _, span := range all.Ended() {
		unique[span.Path()] = true
	}
	return slices.Sorted(maps.Keys(unique))
}

// The life of a session is one trace, hours after Acquire has returned and whatever context stops
// the session.
func TestALeaseIsOneTrace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t, emulator.Options{StartupTime: emulator.FixedStartup(time.Minute)})
		all := s.traced()
		l, err := lease.Acquire(t.Context(), s.client, lease.AcquireOptions{})
		require.NoError(t, err)
		time.Sleep(time.Hour)
		require.NoError(t, l.Release(context.Background()))
		assert.Equal(t, []string{
			"lease.Acquire",
			"lease.Acquire > SessionPoller.PollUntilDone",
			"lease.Acquire > SessionPoller.PollUntilDone > HTTP GET",
			"lease.Acquire > SessionsClient.BeginCreate",
			"lease.Acquire > SessionsClient.BeginCreate > HTTP GET", // the token exchange
			"lease.Acquire > SessionsClient.BeginCreate > HTTP PUT",
			"lease.Acquire > SessionsClient.Get",
			"lease.Acquire > SessionsClient.Get > HTTP GET",
			"lease.Acquire > SessionsClient.Update",
			"lease.Acquire > SessionsClient.Update > HTTP PATCH",
			"lease.Acquire > lease.Stop",
			"lease.Acquire > lease.Stop > SessionsClient.Stop",
			"lease.Acquire > lease.Stop > SessionsClient.Stop > HTTP POST",
		}, paths(all))
		for _, span := range all.Ended() {
			if span.Path() == "lease.Acquire" || span.Name == "lease.Stop" {
				assert.Equal(t, l.Session().ID, span.Attributes["az.remoterendering.session_id"])
			}
			assert.Empty(t, span.Status)
		}
	})
}

// A hand-out is in the trace of its caller, and leads to that of the session.
func TestAHandOutLinksToTheCreation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t, emulator.Options{StartupTime: emulator.FixedStartup(time.Minute)})
		all := s.traced()
		p := s.newPool(lease.PoolOptions{IDPrefix: "pool-", Warm: 1, Max: 1})
		ctx, caller := s.client.Tracer().Start(t.Context(), "POST /sessions", nil)
		l, err := p.Acquire(ctx)
		require.NoError(t, err)
		handOut := all.Last()
		require.NoError(t, p.Return(l))
		caller.End()
		time.Sleep(time.Hour)
		require.NoError(t, p.Close(t.Context()))

		assert.Equal(t, "POST /sessions > lease.Pool.Acquire", handOut.Path())
		assert.Equal(t, l.Session().ID, handOut.Attributes["az.remoterendering.session_id"])
		creation, ok := handOut.Attributes["az.remoterendering.creation"].(interface {
			LinkedContext() context.Context
		})
		require.True(t, ok)
		assert.Equal(t, "lease.Pool.Create", testkit.SpanOf(creation.LinkedContext()).Path())
		assert.Equal(t, []string{
			"POST /sessions",
			"POST /sessions > lease.Pool.Acquire",
			// the watcher, which is in no call's trace
			"Pager[ListSessionsResponse].NextPage",
			"Pager[ListSessionsResponse].NextPage > HTTP GET",
			"lease.Pool.Create",
			"lease.Pool.Create > SessionsClient.BeginCreate",
			"lease.Pool.Create > SessionsClient.BeginCreate > HTTP PUT",
			"lease.Pool.Create > SessionsClient.Update",
			"lease.Pool.Create > SessionsClient.Update > HTTP PATCH",
			"lease.Pool.Create > lease.Stop",
			"lease.Pool.Create > lease.Stop > SessionsClient.Stop",
			"lease.Pool.Create > lease.Stop > SessionsClient.Stop > HTTP POST",
		}, paths(all))
	})
}

func TestASpanSaysWhyItsCallFailed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t, emulator.Options{Capacity: emulator.FixedCapacity(0)})
		all := s.traced()
		_, err := lease.Acquire(t.Context(), s.client, lease.AcquireOptions{})
		require.Error(t, err)
		assert.Equal(t, "lease.Acquire", all.Last().Name)
		assert.Contains(t, all.Last().Status, "CapacityExceeded")
	})
}
