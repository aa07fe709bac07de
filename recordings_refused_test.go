// SPDX-License-Identifier: MIT

package azremoterendering_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	arr "github.com/arr-go/azremoterendering"
)

// refused is what the error of a refused request must say.
type refused struct {
	operation, session, host string
	status                   int
	vector                   string
	retryAfter               time.Duration
	detail                   *arr.ErrorDetail
	challenge                string
	is                       error // the one error of the package that it stands for, if any
}

func checkRefused(t *testing.T, err error, want refused) {
	t.Helper()
	var got *arr.ServiceError
	require.ErrorAs(t, err, &got)
	assert.Equal(t, want, refused{
		challenge: checkAnswer(t, err, want.status).Header.Get("WWW-Authenticate"),
		operation: got.Operation, session: got.SessionID, host: got.Host, status: got.StatusCode,
		vector: got.CorrelationVector, retryAfter: got.RetryAfter, detail: got.Detail, is: want.is,
	})
	if want.detail != nil {
		assert.Equal(t, want.detail.Code, got.Code)
		assert.Equal(t, want.detail.Message, got.Message)
	} else {
		assert.Empty(t, got.Code)
		assert.Empty(t, got.Message)
	}
	checkStandsFor(t, err, want.is)
}

// checkStandsFor checks that an error is the wanted one of the package's, and none of the others.
func checkStandsFor(t *testing.T, err, want error) {
	t.Helper()
	for _, candidate := range []error{
		arr.ErrInvalidArgument, arr.ErrUnauthorized, arr.ErrForbidden, arr.ErrNotFound,
		arr.ErrConflict, arr.ErrLeaseNotExtended, arr.ErrThrottled, arr.ErrOutcomeUnknown,
	} {
		if candidate == want {
			assert.ErrorIs(t, err, candidate)
		} else {
			assert.NotErrorIs(t, err, candidate)
		}
	}
}

// checkAnswer checks that the answer itself can be had, without the credential of its request, and
// returns it.
func checkAnswer(t *testing.T, err error, status int) *http.Response {
	t.Helper()
	var response *azcore.ResponseError
	require.ErrorAs(t, err, &response)
	assert.Equal(t, status, response.StatusCode)
	require.NotNil(t, response.RawResponse)
	assert.Equal(t, status, response.RawResponse.StatusCode)
	if response.RawResponse.Request != nil {
		assert.Empty(t, response.RawResponse.Request.Header.Get("Authorization"))
	}
	return response.RawResponse
}

// call is one call of a client about the session "demo".
type call struct {
	operation, session string
	do                 func(context.Context, *arr.SessionsClient) error
}

var (
	callCreate = call{"create", "demo", func(ctx context.Context, c *arr.SessionsClient) error {
		_, err := c.BeginCreate(ctx, "demo", halfHour, nil)
		return err
	}}
	callGet = call{"get", "demo", func(ctx context.Context, c *arr.SessionsClient) error {
		_, err := c.Get(ctx, "demo", nil)
		return err
	}}
	callUpdate = call{"update", "demo", func(ctx context.Context, c *arr.SessionsClient) error {
		_, err := c.Update(ctx, "demo", arr.UpdateSessionSettings{MaxLeaseTime: time.Hour}, nil)
		return err
	}}
	callStop = call{"stop", "demo", func(ctx context.Context, c *arr.SessionsClient) error {
		_, err := c.Stop(ctx, "demo", nil)
		return err
	}}
	callList = call{"list", "", func(ctx context.Context, c *arr.SessionsClient) error {
		_, err := c.NewListPager(nil).NextPage(ctx)
		return err
	}}
)

// refuses plays a cassette in which each of the calls, one request each, is refused in the same
// way.
func refuses(want refused, calls ...call) func(*testing.T, *stage) {
	return func(t *testing.T, s *stage) {
		client := s.tokenClient(noRetries)
		for i, call := range calls {
			want := want
			want.operation, want.session, want.host, want.vector = call.operation, call.session, "rendering.example", recordedVector(
				i,
			)
			if changes := call.operation != "get" &&
				call.operation != "list"; changes &&
				want.status >= 500 {
				want.is = arr.ErrOutcomeUnknown // a fault may come after the effect
			}
			checkRefused(t, call.do(t.Context(), client), want)
		}
	}
}

// exchangeRefused plays a cassette in which the token service refuses twice: to a client of its
// own, and to one of sessions, which then sends nothing to the rendering service.
func exchangeRefused(
	status int,
	challenge string,
	retryAfter time.Duration,
	is error,
) func(*testing.T, *stage) {
	return func(t *testing.T, s *stage) {
		check := func(err error, n int) {
			var got *arr.AuthenticationError
			require.ErrorAs(t, err, &got)
			assert.Equal(t, arr.StageTokenExchange, got.Stage)
			assert.Equal(t, emulatorAccountID, got.AccountID)
			assert.Equal(t, "sts.example", got.Host)
			assert.Equal(t, status, got.StatusCode)
			assert.Equal(t, recordedVector(n), got.CorrelationVector)
			assert.Equal(t, retryAfter, got.RetryAfter)
			checkStandsFor(t, err, is)
			assert.Equal(t, challenge, checkAnswer(t, err, status).Header.Get("WWW-Authenticate"))
		}
		_, err := s.exchange(t.Context())
		check(err, 0)
		err = callCreate.do(t.Context(), s.keyClient(noRetries))
		check(err, 1)
		assert.NotErrorAs(t, err, new(*arr.ServiceError))
	}
}
