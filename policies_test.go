// SPDX-License-Identifier: MIT

package azremoterendering_test

import (
	"net/http"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/stretchr/testify/require"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/internal/testkit"
	"github.com/arr-go/azremoterendering/internal/transport"
)

// A policy may answer in place of the service, as a cache or a circuit breaker does, and need not
// say which request it answers, or have a body.
func TestAnswersOfPoliciesThatNameNoRequest(t *testing.T) {
	for _, status := range []int{http.StatusAccepted, http.StatusForbidden, http.StatusBadGateway} {
		for _, place := range []string{"per call", "per retry"} {
			policies := []policy.Policy{transport.PolicyFunc(
				func(*policy.Request) (*http.Response, error) {
					return &http.Response{StatusCode: status, Header: http.Header{}}, nil
				})}
			options := &arr.SessionsClientOptions{}
			options.Retry.MaxRetries = -1
			if place == "per call" {
				options.PerCallPolicies = policies
			} else {
				options.PerRetryPolicies = policies
			}
			token, err := arr.NewStaticAccessToken(testkit.Token)
			require.NoError(t, err)
			client, err := arr.NewSessionsClientWithAccessToken(
				arr.RegionWestUS2.Endpoint(), testkit.AccountID, token, options)
			require.NoError(t, err)
			_, err = client.Get(t.Context(), "demo", nil)
			refusal := new(arr.ServiceError)
			require.ErrorAs(t, err, &refusal, "%d %s", status, place)
			require.Equal(t, status, refusal.StatusCode)
			require.NotEmpty(t, err.Error())
		}
	}
}
