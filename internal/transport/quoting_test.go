// SPDX-License-Identifier: MIT

package transport

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/log"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// assertSecretGone fails if any way to print an error shows the credential of send.
func assertSecretGone(t *testing.T, err error) {
	t.Helper()
	for _, verb := range []string{"%s", "%q", "%+v", "%#v"} {
		assert.NotContains(t, fmt.Sprintf(verb, err), "the-secret")
	}
	for _, part := range cleanParts(err, strings.NewReplacer("no such text", "")) {
		assert.NotContains(t, fmt.Sprintf("%s %#v", part, part), "the-secret")
	}
}

// failWith sends a request that fails, and returns how many tries it took and the error.
func failWith(t *testing.T, failure error) (tries int, err error) {
	t.Helper()
	_, _, err = send(t, func(*http.Request) (*http.Response, error) {
		tries++
		return nil, failure
	}, 1)
	return tries, err
}

func TestErrorsThatQuoteACredentialKeepTheirKind(t *testing.T) {
	broken := fmt.Errorf("malformed MIME header: missing colon: %q", "Bearer account:the-secret")
	tries, err := failWith(t, broken)
	assert.EqualError(t, err, `malformed MIME header: missing colon: "Bearer account:REDACTED"`)
	assertSecretGone(t, err)
	assert.Equal(t, 2, tries, "azcore tries again")

	_, err = failWith(t, errors.Join(broken, &net.OpError{Op: "dial", Err: errors.New("refused")}))
	assertSecretGone(t, err)
	opErr, ok := errors.AsType[*net.OpError](err)
	require.True(t, ok, "what quotes no secret is kept")
	assert.Equal(t, "dial", opErr.Op)

	_, err = failWith(t, fmt.Errorf("%w: %w", broken, context.DeadlineExceeded))
	require.ErrorIs(t, err, context.DeadlineExceeded)
	netErr, ok := errors.AsType[net.Error](err)
	require.True(t, ok)
	assert.True(t, netErr.Timeout())

	tries, err = failWith(t, finalError{broken})
	assertSecretGone(t, err)
	assert.Equal(t, 1, tries, "azcore does not try again")
}

func TestErrorsThatQuoteNoCredentialStayAsTheyAre(t *testing.T) {
	failure := &net.OpError{Op: "dial", Err: errors.New("refused")}
	_, err := failWith(t, failure)
	assert.Same(t, failure, err)
}

// finalError is an error of a transport after which azcore does not try again.
type finalError struct{ error }

func (finalError) NonRetriable() {}

// net/http quotes the line of a header or a trailer that it cannot read.
func TestUnreadableAnswersThatEchoACredentialAreRedacted(t *testing.T) {
	const (
		echo    = "Bearer the-secret\r\n\r\n"
		chunked = "Transfer-Encoding: chunked\r\n\r\n0\r\n"
	)
	for what, answer := range map[string]string{
		"the first line":            "the-secret\r\n\r\n",
		"a header":                  "HTTP/1.1 200 OK\r\n" + echo,
		"a trailer after success":   "HTTP/1.1 200 OK\r\n" + chunked + echo,
		"a trailer after a refusal": "HTTP/1.1 403 No\r\n" + chunked + echo,
	} {
		t.Run(what, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				conn, _, err := http.NewResponseController(w).Hijack()
				if assert.NoError(t, err) {
					_, _ = io.WriteString(conn, answer)
					_ = conn.Close()
				}
			}))
			defer server.Close()
			logged := captureLog(t)
			options := Secure(azcore.ClientOptions{Retry: policy.RetryOptions{MaxRetries: -1}})
			pipeline := runtime.NewPipeline("test", "v0.1.0", runtime.PipelineOptions{}, &options)
			req, err := runtime.NewRequest(t.Context(), http.MethodGet, server.URL)
			require.NoError(t, err)
			req.Raw().Header.Set("Authorization", "Bearer account:the-secret")
			_, err = pipeline.Do(req)
			require.ErrorContains(t, err, "REDACTED")
			assertSecretGone(t, err)
			assert.NotContains(t, logged.String(), "the-secret")
			assert.Contains(t, logged.String(), "REDACTED")
		})
	}
}

// captureLog returns what azcore logs until the test ends.
func captureLog(t *testing.T) *strings.Builder {
	t.Helper()
	var logged strings.Builder
	log.SetListener(func(event log.Event, entry string) {
		fmt.Fprintln(&logged, event, entry)
	})
	t.Cleanup(func() { log.SetListener(nil) })
	return &logged
}
