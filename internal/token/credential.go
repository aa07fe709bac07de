// SPDX-License-Identifier: MIT

package token

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
)

// Identity is the credential of a caller. Its errors are [*IdentityError], so that they can be told
// from those of a token exchange.
type Identity struct{ azcore.TokenCredential }

// GetToken calls the credential.
func (i Identity) GetToken(
	ctx context.Context,
	options policy.TokenRequestOptions,
) (azcore.AccessToken, error) {
	token, err := i.TokenCredential.GetToken(ctx, options)
	if err != nil {
		err = &IdentityError{err}
	}
	return token, err
}

// IdentityError means that a credential of the caller failed or cannot be sent.
type IdentityError struct{ err error }

// Error returns the text of the cause.
func (e *IdentityError) Error() string { return e.err.Error() }

// Unwrap returns the cause.
func (e *IdentityError) Unwrap() error { return e.err }

// NonRetriable tells azcore not to retry.
func (*IdentityError) NonRetriable() {}

// CheckAuthorization is a policy that fails with an [*IdentityError] if a key or token cannot be
// sent, such as one read from a file with the line break at its end.
func CheckAuthorization(req *policy.Request) (*http.Response, error) {
	_, credential, _ := strings.Cut(req.Raw().Header.Get("Authorization"), " ")
	if !Sendable(credential) {
		return nil, &IdentityError{errors.New(
			"the key or token has an invalid character, such as a line break at its end",
		)}
	}
	return req.Next()
}

// Static is a credential with a fixed access token.
type Static struct {
	value   string
	expires time.Time // zero if unknown
	expired func(error) error
}

// NewStatic returns a credential with an access token that can be sent. expired makes the error
// that callers get once the token has expired by the local clock.
func NewStatic(value string, expired func(error) error) *Static {
	return &Static{value: value, expires: expiry(value, time.Now()), expired: expired}
}

// GetToken returns the token.
func (s *Static) GetToken(
	context.Context,
	policy.TokenRequestOptions,
) (azcore.AccessToken, error) {
	if !s.expires.IsZero() && !time.Now().Before(s.expires) {
		at := s.expires.UTC().Format(time.RFC3339)
		return azcore.AccessToken{}, s.expired(fmt.Errorf("it expired at %s", at))
	}
	// An early renewal would bring the same token.
	return azcore.AccessToken{Token: s.value, ExpiresOn: s.expires, RefreshOn: s.expires}, nil
}

// Format implements [fmt.Formatter] so that no verb shows the token.
func (s *Static) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, "StaticAccessToken(REDACTED)")
}
