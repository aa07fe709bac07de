// SPDX-License-Identifier: MIT

package azremoterendering

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
)

// AccessTokenOptions are the optional parameters of [SessionsClient.AccessToken].
type AccessTokenOptions struct {
	// ValidFor is how long the token must be valid for at least. If the present one is not, it is
	// exchanged for another first. The default, 0, is content with any valid token, which may be in
	// the last minutes of its life.
	ValidFor time.Duration

	// Refused is a token that the service has refused, as a device reports. It is not returned
	// again unless the token service issues it anew.
	Refused string
}

// AccessToken returns the access token that the client uses, to give to a device that is to open a
// session: however many devices ask, one exchange serves them all. The token opens the whole
// account, for as long as it lives; ExpiresOn is on the local clock.
//   - ctx ends the waiting for a token, not the exchange that others may wait for
//   - options are optional parameters; nil means the defaults
//
// The error is an [*AuthenticationError], or that of ctx. ValidFor beyond the life of a token is
// [ErrInvalidArgument], and costs no exchange but the one for the first token; it is another error
// if the credential keeps returning a token that is about to end.
func (c *SessionsClient) AccessToken(
	ctx context.Context,
	options *AccessTokenOptions,
) (azcore.AccessToken, error) {
	if options == nil {
		options = &AccessTokenOptions{}
	}
	token, err := c.tokens.token(ctx, nil)
	if err == nil && options.Refused != "" && token.value() == options.Refused {
		token, err = c.tokens.token(ctx, token)
	}
	if err == nil && options.ValidFor > token.life() {
		return azcore.AccessToken{}, invalid(
			"ValidFor",
			options.ValidFor.String(),
			fmt.Sprintf("is longer than a new token lives, %v", token.life().Round(time.Second)),
		)
	}
	if err == nil && time.Until(token.expires) < options.ValidFor {
		token, err = c.tokens.renewed(ctx, token)
	}
	if err != nil {
		return azcore.AccessToken{}, err
	}
	if left := time.Until(token.expires); left < options.ValidFor {
		return azcore.AccessToken{}, fmt.Errorf(
			"azremoterendering: a token valid for %v is not to be had: the new one is for %v",
			options.ValidFor,
			left.Round(time.Second),
		)
	}
	return azcore.AccessToken{
		Token:     token.value(),
		ExpiresOn: token.expires,
		RefreshOn: token.renew,
	}, nil
}

// life is how long the token lived or lives for, from its receipt on.
func (t *accessToken) life() time.Duration { return t.expires.Sub(t.received) }

func (t *accessToken) value() string { return strings.TrimPrefix(t.authorization, "Bearer ") }
