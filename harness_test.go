// SPDX-License-Identifier: MIT

package azremoterendering_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/stretchr/testify/require"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator"
	"github.com/arr-go/azremoterendering/internal/testkit"
)

// endpoint is where the clients of these tests send their requests.
const endpoint = "https://rendering.example"

var (
	halfHour = arr.CreateSessionSettings{
		Size:         arr.SessionSizeStandard,
		MaxLeaseTime: 30 * time.Minute,
	}
	testAccount = arr.Account{
		ID:     testkit.AccountID,
		Domain: "westeurope.mixedreality.azure.com",
	}
	keyCredential = azcore.NewKeyCredential(testkit.Key)
)

func newEmulator(t testing.TB, options emulator.Options) *emulator.Emulator {
	t.Helper()
	options.SigningKey = testkit.SigningKey()
	e, err := emulator.New(options)
	require.NoError(t, err)
	return e
}

// newClient returns a client of e that signs in with the account key, and the wire between them.
func newClient(
	t testing.TB,
	e *emulator.Emulator,
	configure ...func(*arr.SessionsClientOptions),
) (*arr.SessionsClient, *testkit.Wire) {
	t.Helper()
	w := &testkit.Wire{Next: e.Transport()}
	options := &arr.SessionsClientOptions{ClientOptions: azcore.ClientOptions{Transport: w}}
	for _, c := range configure {
		c(options)
	}
	client, err := arr.NewSessionsClientWithKeyCredential(
		endpoint,
		e.Account(),
		azcore.NewKeyCredential(e.Key()),
		options,
	)
	require.NoError(t, err)
	return client, w
}

// fakeClient returns a client whose every request, exchanges included, is answered by handle.
func fakeClient(
	t testing.TB,
	handle func(*http.Request) (*http.Response, error),
	configure ...func(*arr.SessionsClientOptions),
) (*arr.SessionsClient, *testkit.Wire) {
	t.Helper()
	w := &testkit.Wire{
		Meet: func(req *http.Request, _ testkit.Forward) (*http.Response, error) {
			if testkit.IsExchange(req) {
				return testkit.IssueToken(req), nil
			}
			return handle(req)
		},
	}
	options := &arr.SessionsClientOptions{ClientOptions: azcore.ClientOptions{Transport: w}}
	for _, c := range configure {
		c(options)
	}
	client, err := arr.NewSessionsClientWithKeyCredential(
		endpoint,
		testAccount,
		azcore.NewKeyCredential(testkit.Key),
		options,
	)
	require.NoError(t, err)
	return client, w
}

func noRetries(o *arr.SessionsClientOptions) { o.Retry.MaxRetries = -1 }
