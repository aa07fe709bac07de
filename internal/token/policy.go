// SPDX-License-Identifier: MIT

package token

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptrace"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"

	"github.com/arr-go/azremoterendering/internal/spans"
)

// Policy puts the token of a cache on requests. Its place is behind the retry policy, so that it
// handles every try. When the service refuses a token, the policy sends the request again with a
// new one.
type Policy struct {
	// Cache has the token.
	Cache *Cache
	// AllowHTTP permits requests that are not sent over https.
	AllowHTTP bool
	// Refused makes the error for a request that AllowHTTP does not permit.
	Refused func(error) error
}

// Do sends the request with the current token.
func (p *Policy) Do(req *policy.Request) (*http.Response, error) {
	if scheme := req.Raw().URL.Scheme; scheme != "https" && !p.AllowHTTP {
		return nil, p.Refused(errors.New("it is not sent over " + scheme))
	}
	ctx := req.Raw().Context()
	current, err := p.Cache.Token(ctx, nil)
	if err != nil {
		return nil, err
	}
	resp, err := send(req, current)
	if err != nil || resp.StatusCode != http.StatusUnauthorized {
		return resp, err
	}
	fresh, err := p.Cache.Token(ctx, current)
	if err == nil && fresh.Value == current.Value {
		return resp, nil
	}
	runtime.Drain(resp)
	if err != nil {
		return nil, err
	}
	if err := req.RewindBody(); err != nil {
		return nil, err
	}
	return send(req, fresh)
}

func send(req *policy.Request, token *Token) (*http.Response, error) {
	req.Raw().Header.Set("Authorization", token.authorization)
	return req.Next()
}

// WithoutOverrides returns a context without the values that azcore and net/http apply to the
// caller's own request: a captured response would hold the token, and a trace of the connection the
// key. The caller's span stays the parent.
func WithoutOverrides(ctx context.Context) context.Context {
	return withoutOverrides{spans.Detach(ctx)}
}

type withoutOverrides struct{ context.Context }

// Value recognises the values by their types, because their keys are not accessible.
func (c withoutOverrides) Value(key any) any {
	value := c.Context.Value(key)
	switch value.(type) {
	case policy.RetryOptions, http.Header, **http.Response, *httptrace.ClientTrace:
		return nil
	default:
		return value
	}
}
