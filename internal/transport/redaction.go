// SPDX-License-Identifier: MIT

package transport

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/tracing"

	"github.com/arr-go/azremoterendering/internal/spans"
	"github.com/arr-go/azremoterendering/internal/text"
	"github.com/arr-go/azremoterendering/internal/wire"
)

const (
	// redacted replaces a credential in an answer.
	redacted = "REDACTED"
	// maxAnswer bounds an answer, in bytes after decompression. A session has less than 1 kB.
	maxAnswer = 1 << 20
	// maxRefusal is how much of a refusal is read. The rest of a longer one is dropped.
	maxRefusal = 64 << 10
)

// redactor is a transport that removes the secrets of a request from its answer, because some
// proxies and gateways echo requests: the credential, and those of a body from [SetBody]. It works
// below azcore's log. Bodies of successful answers never become part of an error, so they are read
// only if bodies are logged. Their status lines and headers are logged, and the correlation vector is
// on spans.
type redactor struct {
	next   policy.Transporter
	always bool
	tracer tracing.Tracer
}

// Do sends the request and redacts the answer. It puts the correlation vector of the answer on
// azcore's span of the request, which no policy can reach.
func (t *redactor) Do(req *http.Request) (*http.Response, error) {
	resp, err := t.send(req)
	if t.tracer.Enabled() && resp != nil && CorrelationVector(resp) != "" {
		t.tracer.SpanFromContext(req.Context()).SetAttributes(
			tracing.Attribute{Key: spans.CorrelationVector, Value: CorrelationVector(resp)})
	}
	return resp, err
}

func (t *redactor) send(req *http.Request) (*http.Response, error) {
	sent, bodySecrets, err := withOwnBody(req)
	if err != nil {
		return nil, err
	}
	resp, err := t.next.Do(sent)
	if err != nil || resp == nil {
		return resp, withoutSecrets(err, req, bodySecrets)
	}
	if resp.Request == nil || sent != req {
		resp.Request = req // without the secrets of the body
	}
	if resp.Body == nil { // as hand-made transports leave it
		resp.Body = http.NoBody
	}
	if resp.StatusCode < http.StatusOK {
		// The body of a 101 is the connection. It may never end, and no context ends a read of it.
		_ = resp.Body.Close()
		return nil, &notFinalError{resp.StatusCode}
	}
	spellRetryAfter(resp.Header, time.Now())
	refusal := IsRefusal(resp)
	if !refusal {
		limit := answerLimit(req.Context())
		resp.Body = &limitedBody{resp.Body, limit, limit, req, bodySecrets}
	}
	secret := secretOf(req)
	quiet := !refusal && !t.always // the body is not shown
	if quiet && len(bodySecrets) == 0 && !mayHold(resp, secret) {
		return resp, nil
	}
	secrets := replacer(bodySecrets, secret)
	resp.Status = secrets.Replace(resp.Status)
	redactHeader(resp.Header, secrets)
	if quiet {
		return resp, nil
	}
	whole := io.Reader(resp.Body)
	if refusal {
		whole = io.LimitReader(resp.Body, maxRefusal)
	}
	body, readErr := io.ReadAll(whole)
	_ = resp.Body.Close()
	redactHeader(resp.Trailer, secrets)
	text := io.Reader(strings.NewReader(secrets.Replace(string(body))))
	if readErr != nil { // azcore handles the failure
		text = io.MultiReader(text, failingReader{withoutSecrets(readErr, req, bodySecrets)})
	}
	resp.Body = io.NopCloser(text)
	return resp, nil
}

func redactHeader(header http.Header, secrets *strings.Replacer) {
	for _, values := range header {
		for i, value := range values {
			values[i] = secrets.Replace(value)
		}
	}
}

// notFinalError means that the last answer has a status below 200. net/http returns none of these but
// 101, which nobody asked for, and statuses that do not exist.
type notFinalError struct{ status int }

func (e *notFinalError) Error() string {
	what := strings.TrimSpace(fmt.Sprintf("%d %s", e.status, http.StatusText(e.status)))
	return fmt.Sprintf("the answer %s is no final one", what)
}

// mayHold reports whether the status line or a header may hold a secret, as it is or escaped. It is
// cheap, because few answers do.
func mayHold(resp *http.Response, secret string) bool {
	holds := func(value string) bool {
		return len(value) >= len(secret) &&
			(strings.Contains(value, secret) || strings.ContainsAny(value, `%&\`))
	}
	for _, values := range resp.Header {
		if slices.ContainsFunc(values, holds) {
			return true
		}
	}
	return holds(resp.Status)
}

// IsRefusal reports whether the status of an answer is none of success. Its body has no secrets of
// the request. An answer with another status of success than the caller expects is no refusal: its
// body must not become part of an error.
func IsRefusal(resp *http.Response) bool { return resp.StatusCode >= 300 }

type failingReader struct{ err error }

func (r failingReader) Read([]byte) (int, error) { return 0, r.err }

type answerLimitKey struct{}

// WithAnswerLimit returns a context for a request whose answer may have up to a number of bytes,
// after decompression, instead of 1 MiB.
func WithAnswerLimit(ctx context.Context, limit int) context.Context {
	return context.WithValue(ctx, answerLimitKey{}, limit)
}

func answerLimit(ctx context.Context) int {
	if limit, ok := ctx.Value(answerLimitKey{}).(int); ok {
		return limit
	}
	return maxAnswer
}

// limitedBody is the body of an answer up to a number of bytes. azcore reads a body to its end, and
// the server decides where that is.
type limitedBody struct {
	io.ReadCloser
	limit, left int

	req         *http.Request // whose secrets errors must not quote
	bodySecrets []string
}

func (b *limitedBody) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, &answerTooLargeError{b.limit}
	}
	n, err := b.ReadCloser.Read(p[:min(len(p), b.left)])
	b.left -= n
	if err != nil && err != io.EOF { //nolint:errorlint // io.Reader returns EOF itself
		err = withoutSecrets(err, b.req, b.bodySecrets)
	}
	return n, err
}

// answerTooLargeError means that an answer has more bytes than any real one.
type answerTooLargeError struct{ limit int }

func (e *answerTooLargeError) Error() string {
	return fmt.Sprintf("the answer is larger than %d bytes", e.limit)
}

// NonRetriable tells azcore not to download it again.
func (*answerTooLargeError) NonRetriable() {}

// secretOf returns the access token or the account key that a request carries.
func secretOf(req *http.Request) string {
	_, secret, _ := strings.Cut(req.Header.Get("Authorization"), " ")
	if _, key, ok := strings.Cut(secret, ":"); ok {
		secret = key
	}
	if secret == "" {
		return req.Header.Get("Authorization") + redacted // occurs in no answer
	}
	return secret
}

// ResponseError returns azcore's error for an answer, without the credential of its request. The
// text of that error formats the body, at a cost that grows with the square of its depth, so the
// error holds a body that is short and flat: what the service says in code and message, if need be.
func ResponseError(resp *http.Response) *azcore.ResponseError {
	clean := WithoutAuthorization(resp)
	body, err := runtime.Payload(resp)
	switch {
	case err != nil:
	case !IsRefusal(resp):
		clean.Body = io.NopCloser(bytes.NewReader(notShown(body)))
	case !printable(body):
		clean.Body = io.NopCloser(bytes.NewReader(shorten(body)))
	}
	if respErr, ok := errors.AsType[*azcore.ResponseError](runtime.NewResponseError(clean)); ok {
		return respErr
	}
	return &azcore.ResponseError{StatusCode: resp.StatusCode, RawResponse: clean}
}

const (
	maxPrinted = 4 << 10
	maxDepth   = 16
)

// printable reports whether a body is short and flat enough to be formatted.
func printable(body []byte) bool {
	depth, deepest := 0, 0
	for _, c := range body {
		switch c {
		case '{', '[':
			depth++
			deepest = max(deepest, depth)
		case '}', ']':
			depth--
		}
	}
	return len(body) <= maxPrinted && deepest <= maxDepth
}

func notShown(body []byte) []byte { return fmt.Appendf(nil, "(%d bytes, not shown)", len(body)) }

// shorten returns a body of the same code and message.
func shorten(body []byte) []byte {
	detail := wire.ReadError(body)
	if detail == nil {
		return notShown(body)
	}
	data, err := json.Marshal(map[string]wire.Error{"error": {
		Code:    text.OneLine(detail.Code),
		Message: text.OneLine(detail.Message),
	}})
	if err != nil {
		return nil // does not happen: the strings are valid UTF-8
	}
	return data
}

// WithoutAuthorization returns a copy of an answer whose request has no Authorization header, body
// or context.
func WithoutAuthorization(resp *http.Response) *http.Response {
	clean := *resp
	if resp.Request != nil {
		clean.Request = resp.Request.Clone(context.Background())
		clean.Request.Header.Del("Authorization")
		clean.Request.Body, clean.Request.GetBody, clean.Request.Response = nil, nil, nil
	}
	return &clean
}
