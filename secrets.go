// SPDX-License-Identifier: MIT

package azremoterendering

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
)

// redactingTransport removes the credential of a request from its answer, for some proxies and
// gateways echo requests. It stands below azcore's logging. Answers that are no refusals are read
// only if they go to the log: they become no part of an error.
type redactingTransport struct {
	next   policy.Transporter
	always bool
}

func (t *redactingTransport) Do(req *http.Request) (*http.Response, error) {
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
		// azcore is to see what became of the body
		text = io.MultiReader(text, failingReader{readErr})
	}
	resp.Body = io.NopCloser(text)
	return resp, nil
}

type failingReader struct{ err error }

func (r failingReader) Read([]byte) (int, error) { return 0, r.err }

const redacted = "REDACTED"

// secretOf returns the access token or the account key that a request carries.
func secretOf(req *http.Request) string {
	_, secret, _ := strings.Cut(req.Header.Get("Authorization"), " ")
	if _, key, ok := strings.Cut(secret, ":"); ok {
		secret = key
	}
	if secret == "" {
		return req.Header.Get("Authorization") + redacted // which stands nowhere
	}
	return secret
}

// newResponseError makes azcore's error for an answer, without the credential that its request
// carried.
func newResponseError(resp *http.Response) *azcore.ResponseError {
	clean := withoutAuthorization(resp)
	if respErr, ok := errors.AsType[*azcore.ResponseError](runtime.NewResponseError(clean)); ok {
		return respErr
	}
	return &azcore.ResponseError{StatusCode: resp.StatusCode, RawResponse: clean}
}

// withoutAuthorization returns a copy of an answer whose request has lost its Authorization header,
// its body and its context.
func withoutAuthorization(resp *http.Response) *http.Response {
	clean := *resp
	if resp.Request != nil {
		clean.Request = resp.Request.Clone(context.Background())
		clean.Request.Header.Del("Authorization")
		clean.Request.Body, clean.Request.GetBody, clean.Request.Response = nil, nil, nil
	}
	return &clean
}
