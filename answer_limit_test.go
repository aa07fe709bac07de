// SPDX-License-Identifier: MIT

package azremoterendering_test

import (
	"io"
	"net/http"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/stretchr/testify/require"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/internal/testkit"
)

// endless is a body without end.
type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

// Whoever answers decides how long the answer is, and must not decide how much memory the program
// takes.
func TestAnswersWithoutEndAreGivenUp(t *testing.T) {
	for _, status := range []int{http.StatusOK, http.StatusBadRequest} {
		client, _ := fakeClient(t, func(req *http.Request) (*http.Response, error) {
			resp := testkit.Answer(req, status, "")
			resp.Body, resp.ContentLength = io.NopCloser(endless{}), -1
			return resp, nil
		}, func(o *arr.SessionsClientOptions) { o.Retry = policy.RetryOptions{MaxRetries: -1} })
		_, err := client.Get(t.Context(), "demo", nil)
		require.Error(t, err)
		if status == http.StatusOK {
			require.ErrorContains(t, err, "the answer is larger than 67108864 bytes")
		}
	}
}
