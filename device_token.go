// SPDX-License-Identifier: MIT

package azremoterendering

import (
	"context"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
)

// AccessTokenOptions are the optional parameters of [SessionsClient.AccessToken].
type AccessTokenOptions struct {
	// ValidFor is how long the token must be valid for at least. If the present one is not, it is exchanged for another first. The default,
	// 0, is content with any valid token, which may be in the last minutes of its life.
	ValidFor time.Duration

	// Refused is a token that the service has refused, as a device reports. It is not returned again unless the token service issues it
	// anew.
	Refused string
}

// AccessToken returns the access token that the client uses, to give to a device that is to open a session: however many devices ask, one
// exchange serves them all. The token opens the whole account, for as long as it lives; ExpiresOn is on the local clock.
//   - ctx ends the waiting for a token, not the exchange that others may wait for
//   - options are optional parameters; nil means the defaults
//
// The error is an [*AuthenticationError], or that of ctx. If no token can be had that is valid for as long as asked, it is
// [ErrInvalidArgument].
func (c *SessionsClient) AccessToken(ctx context.Context, options *AccessTokenOptions) (azcore.AccessToken, error) {
	if options == nil {
		options = &AccessTokenOptions{}
	}
	token, err := c.tokens.token(ctx, nil)
	if err == nil && options.Refused != "" && token.value() == options.Refused {
		token, err = c.tokens.token(ctx, token)
	}
	if err == nil && time.Until(token.expires) < options.ValidFor {
		token, err = c.tokens.renewed(ctx, token)
	}
	if err != nil {
		return azcore.AccessToken{}, err
	}
	if left := time.Until(token.expires); left < options.ValidFor {
		return azcore.AccessToken{}, invalid("ValidFor %v is longer than a new token lives, %v", options.ValidFor, left.Round(time.Second))
	}
	return azcore.AccessToken{Token: token.value(), ExpiresOn: token.expires, RefreshOn: token.renew}, nil
}

func (t *accessToken) value() string { return strings.TrimPrefix(t.authorization, "Bearer ") }
