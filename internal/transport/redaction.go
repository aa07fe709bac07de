// SPDX-License-Identifier: MIT

package transport

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
)

const (
	// redacted replaces a credential in an answer.
	redacted = "REDACTED"
	// maxAnswer is far more than any answer needs: a page of ten thousand sessions has 3 MB.
	maxAnswer = 64 << 20
)

// redactor is a transport that removes the credential of a request from its answer, because some
// proxies and gateways echo requests. It works below azcore's log. Successful answers never become
// part of an error, so they are read only if bodies are logged.
type redactor struct {
	next   policy.Transporter
	always bool
}

// Do sends the request and redacts the answer.
func (t *redactor) Do(req *http.Request) (*http.Response, error) {
	resp, err := t.next.Do(req)
	if err != nil || resp == nil {
		return resp, err
	}
	if resp.Request == nil {
		resp.Request = req
	}
	if resp.Body == nil {
		return resp, nil
	}
	resp.Body = &limitedBody{resp.Body, maxAnswer}
	if resp.StatusCode < 300 && !t.always {
		return resp, nil
	}
	secret := secretOf(req)
	for _, values := range resp.Header {
		for i, value := range values {
			values[i] = strings.ReplaceAll(value, secret, redacted)
		}
	}
	body, readErr := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	text := io.Reader(bytes.NewReader(bytes.ReplaceAll(body, []byte(secret), []byte(redacted))))
	if readErr != nil {
		text = io.MultiReader(text, failingReader{readErr}) // azcore handles the failure
	}
	resp.Body = io.NopCloser(text)
	return resp, nil
}

type failingReader struct{ err error }

func (r failingReader) Read([]byte) (int, error) { return 0, r.err }

// limitedBody is the body of an answer up to a number of bytes. azcore reads a body to its end, and
// the server decides where that is.
type limitedBody struct {
	io.ReadCloser
	left int
}

func (b *limitedBody) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, fmt.Errorf("the answer is larger than %d bytes", maxAnswer)
	}
	n, err := b.ReadCloser.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}

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

// ResponseError returns azcore's error for an answer, without the credential of its request.
func ResponseError(resp *http.Response) *azcore.ResponseError {
	clean := WithoutAuthorization(resp)
	if respErr, ok := errors.AsType[*azcore.ResponseError](runtime.NewResponseError(clean)); ok {
		return respErr
	}
	return &azcore.ResponseError{StatusCode: resp.StatusCode, RawResponse: clean}
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
