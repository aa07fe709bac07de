// SPDX-License-Identifier: MIT

package service

import (
	"cmp"
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/arr-go/azremoterendering/internal/naming"
)

// tokenAudience names the session service. One token serves all regions.
const tokenAudience = "https://" + naming.RenderingPrefix + naming.ServiceDomain + "/"

// tokenService issues and verifies access tokens.
type tokenService struct {
	key      func() (*rsa.PrivateKey, error)
	keyID    string       // in the header of its tokens; empty if the key is the caller's
	lifetime atomic.Int64 // in seconds
	verified verifiedTokens
	claims   *jwt.Validator
	now      func() time.Time
}

func newTokenService(key *rsa.PrivateKey, lifetime time.Duration, now func() time.Time) *tokenService {
	t := &tokenService{
		key:    func() (*rsa.PrivateKey, error) { return key, nil },
		claims: jwt.NewValidator(jwt.WithAudience(tokenAudience), jwt.WithTimeFunc(now)),
		now:    now,
	}
	if key == nil {
		t.key, t.keyID = processKey, naming.NewUUID()
	}
	t.lifetime.Store(int64(lifetime / time.Second))
	return t
}

// processKey signs the tokens of all services of this process that have no key of their own. To
// make a key takes some 70 ms of CPU, which every test of a user would pay. Tokens name the service
// that they are for by keyID, so that others do not accept them.
var processKey = sync.OnceValues(func() (*rsa.PrivateKey, error) {
	return rsa.GenerateKey(rand.Reader, minSigningKeyBits)
})

// SetTokenLifetime changes how long the access tokens issued from now on are valid, as
// [Options.TokenLifetime] says; 0 means 24 hours. Tokens issued before stay as they are. It is an
// error if d is less than a second or not whole seconds.
func (s *Service) SetTokenLifetime(d time.Duration) error {
	d = cmp.Or(d, defaultTokenLifetime)
	if err := checkTokenLifetime("d", d); err != nil {
		return err
	}
	s.tokens.lifetime.Store(int64(d / time.Second))
	return nil
}

func checkTokenLifetime(name string, d time.Duration) error {
	if d < time.Second || d%time.Second != 0 {
		return invalid(name, d,
			fmt.Sprintf("is not whole seconds, at least 1s; give 0 for %v", defaultTokenLifetime))
	}
	return nil
}

// tokenClaims are the claims of an access token, in the order of the documented sample of the token
// service. Times are seconds since 1970. What cai and aao mean is not documented; in the sample
// they are the account id and -1.
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

	// What follows is this project's, and rare: the role if it is RoleClient, and the microseconds
	// of IssuedAt in a second in which tokens were revoked.
	Role         Role  `json:"role,omitempty"`
	Microseconds int64 `json:"iatMicroseconds,omitempty"`
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

// issue returns a new access token for an account, with which its holder has a role.
func (t *tokenService) issue(a *account, role Role) (string, error) {
	if role.mayConvert() {
		role = "" // as in the sample
	}
	key, err := t.key()
	if err != nil {
		return "", err
	}
	now, microseconds := a.issuing(t.now())
	token := jwt.NewWithClaims(jwt.SigningMethodRS256, &tokenClaims{
		ID:      naming.NewUUID(),
		CAI:     a.id,
		Tenant:  "00000000-0000-0000-0000-000000000000",
		Account: a.id,
		AAO:     -1,
		Region:  string(a.region),
		ResourceID: "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/emulator/providers/" +
			"Microsoft.MixedReality/RemoteRenderingAccounts/" + a.id,
		NotBefore:         now,
		ExpiresAt:         now + t.lifetime.Load(),
		IssuedAt:          now,
		Issuer:            "https://" + naming.STSPrefix + a.domain + "/",
		IntendedRecipient: tokenAudience,
		Role:              role,
		Microseconds:      microseconds,
	})
	if t.keyID != "" {
		token.Header["kid"] = t.keyID
	}
	return token.SignedString(key)
}

// accepts reports whether token is a valid access token for an account, and the role of its holder.
func (t *tokenService) accepts(token string, a *account) (role Role, ok bool) {
	claims := t.verified.get(token)
	if claims == nil {
		var err error
		if claims, err = t.verify(token); err != nil {
			return "", false
		}
	}
	if t.claims.Validate(claims) != nil {
		t.verified.drop(token)
		return "", false
	}
	return claims.Role, strings.EqualFold(claims.Account, a.id) &&
		!a.revoked(claims.IssuedAt, claims.Microseconds)
}

// mayExchange reports whether the credential of a request may be exchanged for an access token: the
// id of the account, a colon and an account key, or a token of Microsoft Entra.
func (q *Request) mayExchange() bool {
	credential := bearer(q.HTTP)
	id, key, _ := strings.Cut(credential, ":")
	switch {
	case isAccountKey(credential):
		return q.account.holdsKey(key) && strings.EqualFold(id, q.account.id)
	case credential == "":
		return false
	}
	if err := q.service.acceptIdentity(credential); err != nil {
		q.service.logger.LogAttrs(
			q.HTTP.Context(),
			slog.LevelWarn,
			"identity refused",
			slog.Any("error", err),
		)
		return false
	}
	return true
}

// isAccountKey reports whether a credential is an account id and a key, and not an identity.
func isAccountKey(credential string) bool { return strings.Contains(credential, ":") }

// getToken is GET /accounts/{id}/token: it exchanges an account key or an identity for an access
// token.
func (q *Request) getToken() Answer {
	token, err := q.service.tokens.issue(q.account, q.roleOfIdentity())
	if err != nil {
		q.service.logger.LogAttrs(
			q.HTTP.Context(),
			slog.LevelError,
			"cannot sign an access token",
			slog.Any("error", err),
		)
		return q.Refuse(InternalServerError())
	}
	return uncached(JSONAnswer(http.StatusOK, wireToken{AccessToken: token}))
}
