// SPDX-License-Identifier: MIT

package transport

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering/internal/testkit"
)

// send sends a request with a credential through a secured pipeline, and returns the record of its
// tries.
func send(
	t *testing.T,
	answer func(*http.Request) (*http.Response, error),
	retries int32,
) (*Tries, *http.Response, error) {
	t.Helper()
	options := Secure(azcore.ClientOptions{
		Transport: &testkit.Wire{
			Meet: func(req *http.Request, _ testkit.Forward) (*http.Response, error) { return answer(req) },
		},
		Retry:            policy.RetryOptions{MaxRetries: retries, RetryDelay: time.Microsecond},
		PerRetryPolicies: []policy.Policy{PolicyFunc(FailOnUnknownHost), RecordTries(false)},
	})
	pipeline := runtime.NewPipeline("test", "v0.1.0", runtime.PipelineOptions{}, &options)
	req, err := runtime.NewRequest(t.Context(), http.MethodPut, "https://host.example/x")
	require.NoError(t, err)
	req.Raw().Header.Set("Authorization", "Bearer account:the-secret")
	tries := NewTries(true)
	tries.Attach(req)
	resp, err := pipeline.Do(req)
	return tries, resp, err
}

func TestAnswersThatEchoACredentialAreRedacted(t *testing.T) {
	_, resp, err := send(t, func(req *http.Request) (*http.Response, error) {
		return testkit.Answer(req, 400, "you sent the-secret", "X-Echo", "Bearer account:the-secret"), nil
	}, -1)
	require.NoError(t, err)
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	assert.Equal(t, "you sent REDACTED", string(body))
	assert.Equal(t, "Bearer account:REDACTED", resp.Header.Get("X-Echo"))

	failure := ResponseError(resp)
	assert.Empty(t, failure.RawResponse.Request.Header.Get("Authorization"))
	assert.NotEmpty(t, resp.Request.Header.Get("Authorization"), "the answer itself is unchanged")
}

// The words of the status line are in the log, on spans and in errors, whatever the status.
func TestStatusLinesThatEchoACredentialAreRedacted(t *testing.T) {
	for _, status := range []int{200, 202, 403, 500} {
		_, resp, err := send(t, func(req *http.Request) (*http.Response, error) {
			resp := testkit.Answer(req, status, `{"error":{"code":"Refused"}}`)
			resp.Status = fmt.Sprintf("%d no Bearer account:the-secret", status)
			return resp, nil
		}, -1)
		require.NoError(t, err)
		assert.Equal(t, fmt.Sprintf("%d no Bearer account:REDACTED", status), resp.Status)
		assert.NotContains(t, ResponseError(resp).Error(), "the-secret")
	}
}

// The headers of a successful answer are in the log and on spans. Its body is in neither, unless
// the caller expected another status: then it is not shown in the error.
func TestSuccessfulAnswersThatEchoACredentialAreRedacted(t *testing.T) {
	_, resp, err := send(t, func(req *http.Request) (*http.Response, error) {
		resp := testkit.Answer(req, 202, `{"error":{"message":"the-secret"}}`)
		resp.Header.Set("MS-CV", "Bearer account:the-secret")
		return resp, nil
	}, -1)
	require.NoError(t, err)
	assert.Equal(t, "Bearer account:REDACTED", CorrelationVector(resp))
	assert.NotContains(t, ResponseError(resp).Error(), "the-secret")
}

// endless is a body without end.
type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

// The server decides how long an answer is. It must not decide how much memory the program takes.
func TestAnswersAreLimited(t *testing.T) {
	answer := func(status int) (*http.Response, error) {
		tries := 0
		_, resp, err := send(t, func(req *http.Request) (*http.Response, error) {
			tries++
			resp := testkit.Answer(req, status, "")
			resp.Body, resp.ContentLength = io.NopCloser(endless{}), -1
			return resp, nil
		}, 3)
		assert.Equal(t, 1, tries, "it is not downloaded again")
		return resp, err
	}
	_, err := answer(http.StatusOK)
	require.ErrorContains(t, err, "the answer is larger than 1048576 bytes")
	resp, err := answer(http.StatusBadRequest)
	require.NoError(t, err, "the beginning of a refusal is enough")
	body, err := runtime.Payload(resp)
	require.NoError(t, err)
	assert.Len(t, body, 64<<10)
	assert.Contains(t, ResponseError(resp).Error(), "(65536 bytes, not shown)")
}

// azcore's error formats a body at a cost that grows with the square of its depth.
func TestDeepRefusalsCostNothing(t *testing.T) {
	const depth = 9000
	deep := strings.Repeat("[", depth) + strings.Repeat("0,", 20000) + "0" + strings.Repeat("]", depth)
	for body, says := range map[string]string{
		deep: "bytes, not shown)",
		`{"error":{"code":"Odd","message":"see below","details":` + deep + `}}`:  `"message": "see below"`,
		`{"error":{"code":"Odd","message":"` + strings.Repeat("x", 5000) + `"}}`: "xxx…",
	} {
		resp := testkit.Answer(httptest.NewRequest(http.MethodGet, "/", nil), 400, body)
		text := ResponseError(resp).Error()
		assert.Contains(t, text, says)
		assert.Less(t, len(text), 2000)
	}
}

func TestAuthorizationCannotBeAllowedInTheLog(t *testing.T) {
	given := azcore.ClientOptions{}
	given.Logging.AllowedHeaders = []string{"authorization", "X-Other"}
	assert.Equal(t, []string{"X-Other"}, Secure(given).Logging.AllowedHeaders)
	assert.Len(t, given.Logging.AllowedHeaders, 2, "the caller's options are unchanged")
}

func TestOutcomeOfFailedCalls(t *testing.T) {
	dial := &net.OpError{Op: "dial", Err: errors.New("refused")}
	read := &net.OpError{Op: "read", Err: errors.New("reset")}
	for name, test := range map[string]struct {
		tries  []any // errors, and statuses of answers
		status int   // of the refusal; 0 if there was none
		want   bool
	}{
		"refused":                            {[]any{400}, 400, false},
		"never connected":                    {[]any{dial}, 0, false},
		"unknown host":                       {[]any{&net.DNSError{IsNotFound: true}}, 0, false},
		"untrusted":                          {[]any{&tls.CertificateVerificationError{}}, 0, false},
		"connection lost":                    {[]any{read}, 0, true},
		"lost, then refused":                 {[]any{read, 409}, 409, false},
		"lost, then the token is refused":    {[]any{read, 401}, 401, true},
		"lost, then forbidden":               {[]any{read, 403}, 403, true},
		"lost, then throttled":               {[]any{read, 429}, 429, true},
		"lost, then not connected":           {[]any{read, dial}, 0, true},
		"faulted":                            {[]any{504}, 504, true},
		"timed out at the gateway":           {[]any{408}, 408, true},
		"faulted, then refused":              {[]any{503, 404}, 404, false},
		"throttled":                          {[]any{429}, 429, false},
		"never connected, then the fault":    {[]any{dial, 500}, 500, true},
		"throttled, then the token is wrong": {[]any{429, 401}, 401, false},
	} {
		t.Run(name, func(t *testing.T) {
			tries := NewTries(true)
			reader := NewTries(false)
			for _, try := range test.tries {
				switch try := try.(type) {
				case error:
					tries.record(nil, try)
					reader.record(nil, try)
				case int:
					tries.record(&http.Response{StatusCode: try}, nil)
					reader.record(&http.Response{StatusCode: try}, nil)
				}
			}
			assert.Equal(t, test.want, tries.OutcomeUnknown(test.status))
			assert.False(t, reader.OutcomeUnknown(test.status), "a call that changes nothing")
		})
	}
}

func TestUnreadableAnswersLeaveTheOutcomeUnknown(t *testing.T) {
	tries := NewTries(true)
	tries.record(&http.Response{StatusCode: http.StatusCreated}, nil)
	assert.True(t, tries.Whole())
	assert.False(t, tries.OutcomeUnknown(0))
	tries.SetUnreadable()
	assert.True(t, tries.Unreadable())
	assert.True(t, tries.OutcomeUnknown(0))
	assert.False(t, tries.RepeatedInDoubt(), "there was one try")
}

func TestEveryTryIsRecorded(t *testing.T) {
	sent := 0
	tries, _, err := send(t, func(req *http.Request) (*http.Response, error) {
		if sent++; sent == 1 {
			return nil, testkit.ErrLost
		}
		return testkit.Answer(req, 422, ""), nil
	}, 3)
	require.NoError(t, err)
	assert.Equal(t, 2, sent)
	assert.True(t, tries.RepeatedInDoubt())
	assert.True(t, tries.Whole())
	assert.False(t, tries.OutcomeUnknown(422))
}

func TestUnknownHostsFailAtOnce(t *testing.T) {
	sent := 0
	_, _, err := send(t, func(*http.Request) (*http.Response, error) {
		sent++
		return nil, &net.DNSError{Name: "host.example", IsNotFound: true}
	}, 3)
	var unknown *UnknownHostError
	require.ErrorAs(t, err, &unknown)
	assert.Equal(t, "host.example", unknown.Host)
	assert.ErrorContains(t, err, "there is no host host.example")
	assert.ErrorAs(t, err, new(*net.DNSError))
	assert.Equal(t, 1, sent)
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	for value, want := range map[string]time.Duration{
		"":                              0,
		"15":                            15 * time.Second,
		"0":                             0,
		"-5":                            0,
		"soon":                          0,
		"1.5":                           1500 * time.Millisecond,
		" 2 ":                           2 * time.Second,
		"NaN":                           0,
		"1e300":                         0,
		strings.Repeat("9", 18):         24 * time.Hour,
		"15, 15":                        15 * time.Second, // two headers that a proxy has joined
		"1.5,20":                        1500 * time.Millisecond,
		",":                             0,
		"Wed, 04 Mar 2026 05:07:07 GMT": time.Minute,
		// What libraries write whose clock says UTC.
		"Wed, 04 Mar 2026 05:07:07 UTC":   time.Minute,
		"Wed, 04 Mar 2026 05:07:07 +0000": time.Minute,
		"Wed, 04 Mar 2026 06:07:07 +0100": time.Minute,
		"2026-03-04T05:07:07Z":            time.Minute,
		"2026-03-04T06:07:07.5+01:00":     time.Minute + time.Second/2,
		"Wed, 04 Mar 2026 05:06:00 GMT":   0,
		"Wed, 04 Mar 2029 05:06:00 GMT":   24 * time.Hour,
	} {
		assert.Equal(t, want, RetryAfter(http.Header{"Retry-After": {value}}, now), value)
	}
}

func TestRetryAfterInMilliseconds(t *testing.T) {
	for _, c := range []struct {
		header http.Header
		want   time.Duration
	}{
		{http.Header{"Retry-After-Ms": {"250"}}, 250 * time.Millisecond},
		{http.Header{"X-Ms-Retry-After-Ms": {"250.5"}}, 250500 * time.Microsecond},
		{http.Header{"Retry-After-Ms": {"1"}, "Retry-After": {"60"}}, time.Millisecond},
		{http.Header{"Retry-After-Ms": {"0"}, "Retry-After": {"60"}}, time.Minute},
		{http.Header{"Retry-After-Ms": {"250, 250"}}, 250 * time.Millisecond},
		{http.Header{"Retry-After-Ms": {"soon"}, "X-Ms-Retry-After-Ms": {"5"}}, 5 * time.Millisecond},
	} {
		assert.Equal(t, c.want, RetryAfter(c.header, time.Now()), c.header)
	}
}

func TestCorrelationVectors(t *testing.T) {
	assert.Regexp(t, `^[A-Za-z0-9+/]{22}$`, NewCorrelationVector())
	assert.NotEqual(t, NewCorrelationVector(), NewCorrelationVector())
}
