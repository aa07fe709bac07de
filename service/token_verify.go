// SPDX-License-Identifier: MIT

package service

import (
	"errors"
	"sync"

	"github.com/golang-jwt/jwt/v5"
)

// maxVerifiedTokens bounds the memory of [verifiedTokens] to about a megabyte.
const maxVerifiedTokens = 1000

var errOtherService = errors.New("the token is for another service")

// verify returns the claims of a token that this service has signed, and remembers them. Whether
// they are valid now, and for which account, is for the caller to check.
func (t *tokenService) verify(token string) (*tokenClaims, error) {
	parser := jwt.NewParser(
		jwt.WithValidMethods([]string{jwt.SigningMethodRS256.Alg()}),
		jwt.WithoutClaimsValidation())
	claims := new(tokenClaims)
	_, err := parser.ParseWithClaims(token, claims, func(parsed *jwt.Token) (any, error) {
		if id, _ := parsed.Header["kid"].(string); id != t.keyID && t.keyID != "" {
			return nil, errOtherService
		}
		key, err := t.key()
		if err != nil {
			return nil, err
		}
		return &key.PublicKey, nil
	})
	if err != nil {
		return nil, err
	}
	t.verified.put(token, claims)
	return claims, nil
}

// verifiedTokens remembers tokens whose signature was verified, which costs as much as all the rest
// of a request. The zero value is ready to use.
type verifiedTokens struct {
	mu     sync.Mutex
	claims map[string]*tokenClaims // by token; never changed
}

// get returns the claims of a token, or nil if it has to be verified.
func (v *verifiedTokens) get(token string) *tokenClaims {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.claims[token]
}

func (v *verifiedTokens) put(token string, claims *tokenClaims) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.claims == nil {
		v.claims = make(map[string]*tokenClaims)
	}
	for other := range v.claims { // any: one that is used again costs one verification
		if len(v.claims) < maxVerifiedTokens {
			break
		}
		delete(v.claims, other)
	}
	v.claims[token] = claims
}

func (v *verifiedTokens) drop(token string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	delete(v.claims, token)
}
