// SPDX-License-Identifier: MIT

package azremoterendering_test

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator"
	"github.com/arr-go/azremoterendering/internal/testkit"
)

// Every answer has a correlation vector, which the team of the service asks for. It is on the span
// of the request, because a call may send several.
func TestCorrelationVectorsAreOnTheSpansOfRequests(t *testing.T) {
	var all testkit.Spans
	client, _ := newClient(t, newEmulator(t, emulator.Options{}), func(o *arr.SessionsClientOptions) {
		o.TracingProvider = all.Provider()
	})
	result, err := client.NewListPager(nil).NextPage(t.Context())
	require.NoError(t, err)
	require.Equal(t, []string{
		"Pager[ListSessionsResponse].NextPage > HTTP GET", // the token exchange
		"Pager[ListSessionsResponse].NextPage > HTTP GET",
		"Pager[ListSessionsResponse].NextPage",
	}, all.Names())
	const key = "az.remoterendering.ms_cv"
	assert.NotEmpty(t, all.Ended()[0].Attributes[key])
	assert.Equal(t, result.CorrelationVector, all.Ended()[1].Attributes[key])
	assert.NotContains(t, all.Ended()[2].Attributes, key)
}

func TestTheTokenExchangeNamesItselfToPolicies(t *testing.T) {
	names := make(map[string]any)
	client, w := newClient(t, newEmulator(t, emulator.Options{}))
	w.Meet = func(req *http.Request, forward testkit.Forward) (*http.Response, error) {
		names[testkit.Name(req)] = req.Context().Value(runtime.CtxAPINameKey{})
		return forward()
	}
	_, err := client.Get(t.Context(), "demo", nil)
	require.ErrorIs(t, err, arr.ErrNotFound)
	assert.Equal(t, map[string]any{
		"STS":      "TokenClient.GetToken",
		"GET demo": "SessionsClient.Get",
	}, names)
}

// A renewal in the background runs at the same time as the call that has started it. azcore keeps
// the address of the latest request in the context of a span, without a lock, so they must not
// share it. Only the race detector shows if they do.
func TestARenewalInTheBackgroundSharesNoSpanWithItsCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var all testkit.Spans
		e := newEmulator(t, emulator.Options{TokenLifetime: 10 * time.Minute})
		client, w := newClient(t, e, func(o *arr.SessionsClientOptions) {
			o.TracingProvider = all.Provider()
		})
		_, err := client.Get(t.Context(), "demo", nil)
		require.ErrorIs(t, err, arr.ErrNotFound)
		time.Sleep(9*time.Minute + 30*time.Second)
		_, err = client.Get(t.Context(), "demo", nil)
		require.ErrorIs(t, err, arr.ErrNotFound)
		synctest.Wait()
		assert.Equal(t, []string{"STS", "GET demo"}, w.Sent()[:2])
		assert.ElementsMatch(t, []string{"STS", "GET demo"}, w.Sent()[2:])
	})
}
