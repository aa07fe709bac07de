// SPDX-License-Identifier: MIT

package service

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/arr-go/azremoterendering/internal/naming"
)

// tokenServiceAudience is the resource of Microsoft Entra tokens for all accounts.
const tokenServiceAudience = "https://" + naming.STSPrefix + naming.ServiceDomain

// AcceptAnyIdentity returns a value for [Options.AcceptIdentity] that accepts every JWT for the
// token service that has not expired. The signature is not verified and may be missing: everybody
// who can reach the service is accepted, so it is for tests only.
//
// A token must have an exp in the future, an nbf, if any, in the past, both by the time of the
// system whatever [Options.Now] says, because that is the clock of its issuer, and in aud
// "https://sts.mixedreality.azure.com" or one of audiences. Trailing slashes make no difference,
// because clients spell the resource in several ways.
func AcceptAnyIdentity(audiences ...string) func(token string) error {
	accepted := []string{tokenServiceAudience}
	for _, audience := range audiences {
		accepted = append(accepted, strings.TrimRight(audience, "/"))
	}
	validator := jwt.NewValidator(jwt.WithExpirationRequired(), jwt.WithTimeFunc(time.Now))
	return func(token string) error {
		claims, err := unverifiedClaims(token)
		if err != nil {
			return err
		}
		if err := validator.Validate(claims); err != nil {
			return err
		}
		meantFor, err := claims.GetAudience()
		if err != nil {
			return err
		}
		for _, audience := range meantFor {
			if slices.Contains(accepted, strings.TrimRight(audience, "/")) {
				return nil
			}
		}
		return fmt.Errorf(
			"the token is meant for %.200q, not for one of %q",
			[]string(meantFor),
			accepted,
		)
	}
}

// unverifiedClaims returns the claims of a JWT without looking at its signature. Its errors quote
// nothing of the token.
func unverifiedClaims(token string) (jwt.MapClaims, error) {
	segments := strings.Split(token, ".")
	if len(segments) != 3 {
		return nil, errors.New("the token is not a JWT: it does not consist of three segments")
	}
	var decoded [3][]byte
	for i, segment := range segments {
		var err error
		if decoded[i], err = base64.RawURLEncoding.DecodeString(segment); err != nil {
			return nil, fmt.Errorf("the token is not a JWT: segment %d is not base64url", i+1)
		}
	}
	var header map[string]any
	var claims jwt.MapClaims
	if json.Unmarshal(decoded[0], &header) != nil || json.Unmarshal(decoded[1], &claims) != nil ||
		header == nil ||
		claims == nil {
		return nil, errors.New("the token is not a JWT: header or claims are not a JSON object")
	}
	return claims, nil
}
