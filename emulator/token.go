// SPDX-License-Identifier: MIT

package emulator

import (
	"crypto/rsa"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/arr-go/azremoterendering"
)

// tokenAudience names the session service. One token serves all regions.
const tokenAudience = "https://remoterendering.mixedreality.azure.com/"

// tokenService issues access tokens and recognizes them.
type tokenService struct {
	key      func() (*rsa.PrivateKey, error)
	lifetime time.Duration
	parser   *jwt.Parser
}

func newTokenService(key *rsa.PrivateKey, lifetime time.Duration) *tokenService {
	return &tokenService{
		key:      signingKey(key),
		lifetime: lifetime,
		parser: jwt.NewParser(
			jwt.WithValidMethods([]string{jwt.SigningMethodRS256.Alg()}),
			jwt.WithAudience(tokenAudience),
			jwt.WithTimeFunc(time.Now)),
	}
}

// tokenClaims are the claims of an access token, in the order of the documented sample of the token service. Times are seconds
// since 1970. What cai and aao mean is not documented; in the sample they are the account id and -1.
type tokenClaims struct {
	ID                string `json:"jti"`
	CAI               string `json:"cai"`
	Tenant            string `json:"tid"`
	Account           string `json:"aid"`
	AAO               int    `json:"aao"`
	Region            string `json:"apr"`
	ResourceID        string `json:"rid"`
	NotBefore         int64  `json:"nbf"`
	ExpiresAt         int64  `json:"exp"`
	IssuedAt          int64  `json:"iat"`
	Issuer            string `json:"iss"`
	IntendedRecipient string `json:"aud"`
}

// GetExpirationTime implements [jwt.Claims], as do the methods below it.
func (c *tokenClaims) GetExpirationTime() (*jwt.NumericDate, error) { return date(c.ExpiresAt), nil }

// GetIssuedAt is part of [jwt.Claims].
func (c *tokenClaims) GetIssuedAt() (*jwt.NumericDate, error) { return date(c.IssuedAt), nil }

// GetNotBefore is part of [jwt.Claims].
func (c *tokenClaims) GetNotBefore() (*jwt.NumericDate, error) { return date(c.NotBefore), nil }

// GetIssuer is part of [jwt.Claims].
func (c *tokenClaims) GetIssuer() (string, error) { return c.Issuer, nil }

// GetSubject is part of [jwt.Claims].
func (c *tokenClaims) GetSubject() (string, error) { return "", nil }

// GetAudience is part of [jwt.Claims].
func (c *tokenClaims) GetAudience() (jwt.ClaimStrings, error) {
	return jwt.ClaimStrings{c.IntendedRecipient}, nil
}

func date(seconds int64) *jwt.NumericDate { return jwt.NewNumericDate(time.Unix(seconds, 0)) }

// issue returns a new access token for an account.
func (t *tokenService) issue(a *account) (string, error) {
	key, err := t.key()
	if err != nil {
		return "", err
	}
	now := time.Now().Unix()
	token := jwt.NewWithClaims(jwt.SigningMethodRS256, &tokenClaims{
		ID:      azremoterendering.NewSessionID(), // a random UUID
		CAI:     a.id,
		Tenant:  "00000000-0000-0000-0000-000000000000",
		Account: a.id,
		AAO:     -1,
		Region:  string(a.region),
		ResourceID: "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/emulator/providers/" +
			"Microsoft.MixedReality/RemoteRenderingAccounts/" + a.id,
		NotBefore:         now,
		ExpiresAt:         now + int64(t.lifetime/time.Second),
		IssuedAt:          now,
		Issuer:            "https://sts." + a.region.AccountDomain() + "/",
		IntendedRecipient: tokenAudience,
	})
	return token.SignedString(key)
}

// accepts reports whether token is a valid access token for an account.
func (t *tokenService) accepts(token string, a *account) bool {
	var claims tokenClaims
	_, err := t.parser.ParseWithClaims(token, &claims, func(*jwt.Token) (any, error) {
		key, err := t.key()
		if err != nil {
			return nil, err
		}
		return &key.PublicKey, nil
	})
	return err == nil && strings.EqualFold(claims.Account, a.id)
}

// getToken is GET /accounts/{id}/token, the exchange of an account key for an access token.
func (x *exchange) getToken() answer {
	id, key, _ := strings.Cut(bearer(x.request), ":")
	if !x.account.holdsKey(key) || !strings.EqualFold(id, x.account.id) {
		return x.emulator.refuse(unauthorized)
	}
	token, err := x.emulator.tokens.issue(x.account)
	if err != nil {
		x.emulator.logger.LogAttrs(x.request.Context(), slog.LevelError, "cannot sign an access token", slog.Any("error", err))
		return x.emulator.refuse(internalServerError)
	}
	return uncached(jsonAnswer(http.StatusOK, wireToken{AccessToken: token}))
}
