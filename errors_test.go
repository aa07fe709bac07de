// SPDX-License-Identifier: MIT

package azremoterendering_test

import (
	"errors"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/internal/testkit"
	"github.com/arr-go/azremoterendering/internal/transport"
)

func TestRefusalsByStatus(t *testing.T) {
	const conflict = `{"error":{"code":"Conflict","message":"The session id\nis ` +
		`taken.","target":"id","details":[{"code":"A","message":"B"}],"innerError":{"code":"C","message":"D"}}}`
	sentinels := []error{
		arr.ErrUnauthorized,
		arr.ErrForbidden,
		arr.ErrNotFound,
		arr.ErrConflict,
		arr.ErrLeaseNotExtended,
		arr.ErrThrottled,
		arr.ErrOutcomeUnknown,
		arr.ErrInvalidArgument,
	}
	for _, test := range []struct {
		status        int
		body          string
		retryAfter    string
		is            error
		code, message string
		wait          time.Duration
		detail        bool
		text          string
	}{
		{status: 400, body: `{"error":{"code":"BadRequest","message":"The maxLeaseTimeMinutes value ` +
			`cannot be negative."}}`,
			code: "BadRequest", message: "The maxLeaseTimeMinutes value cannot be negative.",
			text: `get session "demo" at rendering.example: 400 Bad Request, BadRequest: The ` +
				`maxLeaseTimeMinutes value cannot be negative. (MS-CV abcdefghijklmnopqrstuv.0)`},
		{status: 401, is: arr.ErrUnauthorized, text: "does not accept the access token"},
		{status: 403, is: arr.ErrForbidden, text: "role Remote Rendering Client"},
		{
			status:  403,
			body:    `{"error":{"code":"DelegatedResourceAccessError","message":"No."}}`,
			is:      arr.ErrForbidden,
			code:    "DelegatedResourceAccessError",
			message: "No.",
		},
		{status: 404, is: arr.ErrNotFound, text: "only in the region that created it"},
		{
			status:  409,
			body:    conflict,
			is:      arr.ErrConflict,
			code:    "Conflict",
			message: "The session id\nis taken.",
			text:    "The session id is taken. (MS-CV",
		},
		{
			status:  422,
			body:    `{"error":{"code":"UnprocessableEntity","message":"Too short."}}`,
			is:      arr.ErrLeaseNotExtended,
			code:    "UnprocessableEntity",
			message: "Too short.",
		},
		{status: 429, retryAfter: "15", is: arr.ErrThrottled, wait: 15 * time.Second, text: "wait 15s"},
		{status: 429, is: arr.ErrThrottled, text: "wait before the next request"},
		{status: 429, retryAfter: "99999999999999999999999", is: arr.ErrThrottled},
		{status: 429, retryAfter: "999999999", is: arr.ErrThrottled, wait: 24 * time.Hour},
		{status: 429, retryAfter: "-5", is: arr.ErrThrottled},
		{status: 429, retryAfter: "Sat, 01 Jan 2000 00:01:30 GMT", is: arr.ErrThrottled, wait: 90 * time.Second},
		{
			status:  500,
			body:    `{"error":{"code":"InternalServerError","message":"Oops."}}`,
			code:    "InternalServerError",
			message: "Oops.",
			text:    "the service has a fault",
		},
		{status: 503, body: "<html>down</html>", text: "503 Service Unavailable (MS-CV"},
		{status: 302, text: "redirects are not followed"},
		{status: 204, text: "204 No Content"},
		{status: 400, body: `{"error":"just text"}`, message: "just text", detail: true},
		{status: 400, body: `{"error":{"code":7}}`, detail: true},
		{status: 400, body: `{"error":7}`},
		{
			status:  400,
			body:    "\xef\xbb\xbf" + `{"error":{"code":"Odd","message":"B","details":7}}`,
			code:    "Odd",
			message: "B",
		},
		{status: 400, body: `{"error":null}`},
		{status: 400, body: "\xef\xbb\xbf{}"},
	} {
		synctest.Test(t, func(t *testing.T) { // whose clock starts with the year 2000
			client, _ := fakeClient(t, func(req *http.Request) (*http.Response, error) {
				return testkit.Answer(req, test.status, test.body, "Retry-After", test.retryAfter), nil
			}, noRetries)
			_, err := client.Get(t.Context(), "demo", nil)
			var refused *arr.ServiceError
			require.ErrorAs(t, err, &refused)
			assert.Equal(t, "get", refused.Operation)
			assert.Equal(t, "demo", refused.SessionID)
			assert.Equal(t, "rendering.example", refused.Host)
			assert.Equal(t, test.status, refused.StatusCode)
			assert.Equal(t, test.code, refused.Code, test.body)
			assert.Equal(t, test.message, refused.Message)
			assert.Equal(t, test.wait, refused.RetryAfter, test.retryAfter)
			assert.Equal(t, "abcdefghijklmnopqrstuv.0", refused.CorrelationVector)
			assert.Equal(t, test.code != "" || test.detail, refused.Detail != nil)
			assert.Contains(t, err.Error(), test.text)
			assert.NotContains(t, err.Error(), "\n", "one line")
			for _, sentinel := range sentinels {
				assert.Equal(
					t,
					sentinel == test.is,
					errors.Is(err, sentinel),
					"%v is %v",
					err,
					sentinel,
				)
			}
			var response *azcore.ResponseError
			require.ErrorAs(t, err, &response)
			assert.Equal(t, test.status, response.StatusCode)
			assert.Equal(t, test.code, response.ErrorCode)
		})
	}
}

func TestErrorDetailIsRead(t *testing.T) {
	client, _ := fakeClient(t, func(req *http.Request) (*http.Response, error) {
		return testkit.Answer(
			req,
			409,
			`{"error":{"code":"Conflict","message":"M","target":"id","details":[{"code":"A",`+
				`"message":"B"}],"innerError":{"code":"C","message":"D"}}}`,
		), nil
	})
	_, err := client.BeginCreate(t.Context(), "demo", halfHour, nil)
	var refused *arr.ServiceError
	require.ErrorAs(t, err, &refused)
	assert.Equal(t, "create", refused.Operation)
	assert.Equal(t, &arr.ErrorDetail{
		Code: "Conflict", Message: "M", Target: "id",
		Details:    []arr.ErrorDetail{{Code: "A", Message: "B"}},
		InnerError: &arr.ErrorDetail{Code: "C", Message: "D"},
	}, refused.Detail)
}

func TestLongAndUglyMessagesAreTamed(t *testing.T) {
	client, _ := fakeClient(t, func(req *http.Request) (*http.Response, error) {
		return testkit.Answer(
			req,
			400,
			`{"error":{"code":"x\u001b[31m","message":"`+strings.Repeat("ä", 10_000)+`"}}`,
		), nil
	})
	_, err := client.Get(t.Context(), "demo", nil)
	require.Error(t, err)
	assert.Less(t, len(err.Error()), 2000)
	assert.NotContains(t, err.Error(), "\x1b")
}

func TestThrottlingIsHonouredPerCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		throttled := 2
		client, w := fakeClient(t, func(req *http.Request) (*http.Response, error) {
			if throttled--; throttled >= 0 {
				return testkit.Answer(req, 429, "", "Retry-After", "15"), nil
			}
			return testkit.Answer(req, 200, testkit.SessionJSON("demo", "Ready")), nil
		})
		start := time.Now()
		_, err := client.Get(t.Context(), "demo", nil)
		require.NoError(t, err)
		assert.Equal(t, 30*time.Second, time.Since(start))
		assert.Equal(t, 3, w.Count("GET demo"))
	})
	synctest.Test(t, func(t *testing.T) {
		client, w := fakeClient(t, func(req *http.Request) (*http.Response, error) {
			return testkit.Answer(req, 429, "", "Retry-After", "61"), nil
		})
		start := time.Now()
		_, err := client.Get(t.Context(), "demo", nil)
		require.ErrorIs(t, err, arr.ErrThrottled)
		assert.Zero(t, time.Since(start), "longer than MaxRetryDelay comes straight back")
		assert.Equal(t, 1, w.Count("GET demo"))
	})
}

func TestUnknownHostFailsAtOnce(t *testing.T) {
	noSuchHost := func(*http.Request) (*http.Response, error) {
		return nil, &net.OpError{
			Op:  "dial",
			Err: &net.DNSError{Err: "no such host", IsNotFound: true},
		}
	}
	t.Run("the endpoint's", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			client, w := fakeClient(t, noSuchHost)
			start := time.Now()
			_, err := client.BeginCreate(t.Context(), "demo", halfHour, nil)
			require.ErrorContains(t, err, "there is no host rendering.example")
			assert.NotErrorIs(t, err, arr.ErrOutcomeUnknown, "nothing was sent")
			assert.Zero(t, time.Since(start))
			assert.Equal(t, 1, w.Count("PUT demo"))
		})
	})
	t.Run("the account domain's", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			client, w := fakeClient(t, noSuchHost)
			w.Handle(
				func(req *http.Request, _ testkit.Forward) (*http.Response, error) {
					return noSuchHost(req)
				},
			)
			start := time.Now()
			_, err := client.Get(t.Context(), "demo", nil)
			var failure *arr.AuthenticationError
			require.ErrorAs(t, err, &failure)
			require.ErrorContains(t, err, "there is no host sts.westeurope.mixedreality.azure.com")
			assert.Zero(t, time.Since(start))
			assert.Equal(t, 1, w.Count("STS"))
		})
	})
}

func TestConnectionsThatNeverWereAreNoUnknownOutcome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, w := fakeClient(t, func(*http.Request) (*http.Response, error) {
			return nil, &net.OpError{Op: "dial", Err: errors.New("connection refused")}
		})
		_, err := client.BeginCreate(t.Context(), "demo", halfHour, nil)
		require.ErrorContains(t, err, "connection refused")
		assert.NotErrorIs(t, err, arr.ErrOutcomeUnknown)
		assert.Equal(t, 4, w.Count("PUT demo"))
	})
}

func TestErrorsMadeByOthersDoNotPanic(t *testing.T) { // as in the fakes of users
	for _, err := range []error{
		&arr.ServiceError{Operation: "get", SessionID: "demo", StatusCode: 404},
		&arr.AuthenticationError{Stage: arr.StageTokenExchange},
		&arr.SessionEndedError{},
	} {
		assert.NotEmpty(t, err.Error())
		var response *azcore.ResponseError
		assert.NotErrorAs(t, err, &response)
	}
	assert.ErrorIs(t, &arr.ServiceError{StatusCode: 404}, arr.ErrNotFound)
}

func TestUnknownProxyIsNotTakenForTheEndpoint(t *testing.T) {
	client, _ := fakeClient(t, func(*http.Request) (*http.Response, error) {
		return nil, &net.OpError{
			Op:  "proxyconnect",
			Err: &net.DNSError{Err: "no such host", Name: "proxy.example", IsNotFound: true},
		}
	})
	_, err := client.Get(t.Context(), "demo", nil)
	assert.ErrorContains(t, err, "there is no host proxy.example")
}

func TestARefusingProxyIsNotTransient(t *testing.T) {
	for status, transient := range map[int]bool{403: false, 407: false, 502: true, 429: true} {
		client, _ := fakeClient(t, func(*http.Request) (*http.Response, error) {
			return nil, &transport.ProxyError{Proxy: "proxy.example:3128", StatusCode: status}
		}, noRetries)
		_, err := client.Get(t.Context(), "demo", nil)
		assert.ErrorContains(t, err, "proxy.example:3128: it answered "+strconv.Itoa(status))
		assert.Equal(t, transient, arr.IsTransient(err), status)
	}
}

func TestErrorsOfTheNetworkAreOneLineToo(t *testing.T) {
	client, _ := fakeClient(
		t,
		func(*http.Request) (*http.Response, error) { return nil, errors.New("first\nsecond") },
		noRetries,
	)
	_, err := client.Get(t.Context(), "demo", nil)
	assert.ErrorContains(t, err, "first second")
}

func TestTransportsThatLeaveFieldsOut(t *testing.T) { // as hand-made ones do
	for _, status := range []int{200, 404} {
		client, _ := fakeClient(
			t,
			func(*http.Request) (*http.Response, error) { return &http.Response{StatusCode: status}, nil },
			func(o *arr.SessionsClientOptions) { o.Logging.IncludeBody = true },
		)
		_, err := client.Get(t.Context(), "demo", nil)
		assert.Error(t, err)
		assert.Equal(t, status == 404, errors.Is(err, arr.ErrNotFound))
	}
}

// The text of every error with advice ends with it, so that the two can be shown apart.
func TestAdviceIsTheEndOfTheText(t *testing.T) {
	type advised interface {
		error
		Advice() string
	}
	check := func(err error, want string) {
		t.Helper()
		adviser, ok := errors.AsType[advised](err)
		require.True(t, ok, "%v", err)
		assert.Contains(t, adviser.Advice(), want)
		assert.True(t, strings.HasSuffix(err.Error(), "; "+adviser.Advice()), err)
	}
	for status, want := range map[int]string{
		401: "does not accept",
		403: "role",
		404: "region",
		409: "new one",
		422: "grow",
		429: "wait",
		503: "fault",
	} {
		synctest.Test(t, func(t *testing.T) {
			client, _ := fakeClient(
				t,
				func(req *http.Request) (*http.Response, error) { return testkit.Answer(req, status, ""), nil },
			)
			_, err := client.Get(t.Context(), "demo", nil)
			check(err, want)
			_, err = client.Stop(t.Context(), "demo", nil)
			check(err, want)
		})
	}
	synctest.Test(t, func(t *testing.T) {
		client, _ := fakeClient(
			t,
			func(*http.Request) (*http.Response, error) { return nil, errors.New("gone") },
		)
		_, err := client.Stop(t.Context(), "demo", nil)
		check(err, "outcome unknown: the session may still run")
	})
	check(
		&arr.SessionEndedError{Session: arr.Session{ID: "demo", Status: arr.SessionStatusError}},
		"other size",
	)
	check(&arr.AuthenticationError{Stage: arr.StageCredential}, "sign in again")
	check(&arr.AuthenticationError{Stage: arr.StageTokenExchange, StatusCode: 429}, "wait before")
	check(
		&arr.AuthenticationError{
			Stage:      arr.StageTokenExchange,
			StatusCode: 429,
			RetryAfter: 15 * time.Second,
		},
		"wait 15s before",
	)
}
