// SPDX-License-Identifier: MIT

package emulator_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering/emulator"
	"github.com/arr-go/azremoterendering/internal/testkit"
)

// identity returns a token of Microsoft Entra, unsigned.
func identity(t *testing.T, claims jwt.MapClaims) string {
	t.Helper()
	all := jwt.MapClaims{
		"aud": "https://sts.mixedreality.azure.com",
		"exp": time.Now().Add(time.Hour).Unix(),
	}
	for name, value := range claims {
		all[name] = value
		if value == nil {
			delete(all, name)
		}
	}
	token, err := jwt.NewWithClaims(jwt.SigningMethodNone, all).
		SignedString(jwt.UnsafeAllowNoneSignatureType)
	require.NoError(t, err)
	return token
}

func TestIdentities(t *testing.T) {
	s := start(t, emulator.Options{
		AcceptIdentity: emulator.AcceptAnyIdentity("https://sts.arr.test"),
	})
	signed, err := jwt.NewWithClaims(jwt.SigningMethodRS256, jwt.MapClaims{
		"aud": "https://sts.mixedreality.azure.com/", "exp": time.Now().Add(time.Hour).Unix(),
	}).SignedString(testkit.SigningKey())
	require.NoError(t, err)
	good := identity(t, nil)
	segments := strings.Split(good, ".")
	encode := base64.RawURLEncoding.EncodeToString
	for name, test := range map[string]struct {
		token  string
		status int
	}{
		"unsigned":           {good, 200},
		"signed by whomever": {signed, 200},
		"unknown algorithm":  {encode([]byte(`{"alg":"XY1"}`)) + "." + segments[1] + ".c2ln", 200},
		"one slash":          {identity(t, jwt.MapClaims{"aud": "https://sts.mixedreality.azure.com/"}), 200},
		"two slashes":        {identity(t, jwt.MapClaims{"aud": "https://sts.mixedreality.azure.com//"}), 200},
		"several audiences": {
			identity(t, jwt.MapClaims{"aud": []string{"x", "https://sts.mixedreality.azure.com"}}),
			200,
		},
		"audience of Domain": {identity(t, jwt.MapClaims{"aud": "https://sts.arr.test/"}), 200},
		"valid already":      {identity(t, jwt.MapClaims{"nbf": time.Now().Add(-time.Minute).Unix()}), 200},
		"audience of a region": {
			identity(t, jwt.MapClaims{"aud": "https://sts.westeurope.mixedreality.azure.com"}),
			401,
		},
		"audience with a path":   {identity(t, jwt.MapClaims{"aud": "https://sts.mixedreality.azure.com/x"}), 401},
		"other audience":         {identity(t, jwt.MapClaims{"aud": "https://management.azure.com"}), 401},
		"audience is not text":   {identity(t, jwt.MapClaims{"aud": 5}), 401},
		"no audience":            {identity(t, jwt.MapClaims{"aud": nil}), 401},
		"expired":                {identity(t, jwt.MapClaims{"exp": time.Now().Add(-time.Second).Unix()}), 401},
		"expiry is not a number": {identity(t, jwt.MapClaims{"exp": "tomorrow"}), 401},
		"no expiry":              {identity(t, jwt.MapClaims{"exp": nil}), 401},
		"not yet valid":          {identity(t, jwt.MapClaims{"nbf": time.Now().Add(time.Hour).Unix()}), 401},
		"two segments":           {segments[0] + "." + segments[1], 401},
		"four segments":          {good + ".", 401},
		"padded":                 {segments[0] + "=." + segments[1] + ".", 401},
		"header is not JSON":     {encode([]byte("{")) + "." + segments[1] + ".", 401},
		"header is null":         {encode([]byte("null")) + "." + segments[1] + ".", 401},
		"claims are a list":      {segments[0] + "." + encode([]byte("[]")) + ".", 401},
		"claims are null":        {segments[0] + "." + encode([]byte("null")) + ".", 401},
		"signature is no base":   {segments[0] + "." + segments[1] + ".!", 401},
		"dots":                   {"..", 401},
		"an access token":        {s.token, 401},
		"behind the account id":  {s.Account().ID + ":" + good, 401},
		"nothing":                {"", 401},
	} {
		t.Run(name, func(t *testing.T) {
			r := s.exchange(test.token)
			assert.Equal(t, test.status, r.status, r.body)
			assert.Equal(
				t,
				test.status == http.StatusOK,
				strings.HasPrefix(r.body, `{"AccessToken":"`),
				r.body,
			)
		})
	}
}

func TestIdentitiesAreRefusedByDefault(t *testing.T) {
	var log bytes.Buffer
	s := start(t, emulator.Options{Logger: slog.New(slog.NewTextHandler(&log, nil))})
	r := s.exchange(identity(t, nil))
	assert.Equal(t, http.StatusUnauthorized, r.status)
	assert.Empty(t, r.body)
	assert.Contains(t, log.String(), "Options.AcceptIdentity or --accept-any-identity")
}

func TestIdentityCheckCanBeChosen(t *testing.T) {
	var log bytes.Buffer
	var asked []string
	s := start(t, emulator.Options{
		Logger: slog.New(slog.NewTextHandler(&log, nil)),
		AcceptIdentity: func(token string) error {
			asked = append(asked, token)
			if token == "friend" {
				return nil
			}
			return errors.New("not a friend")
		},
	})
	assert.Empty(t, asked, "account keys are not its business")
	assert.Equal(t, http.StatusOK, s.exchange("friend").status)
	r := s.exchange("foe")
	assert.Equal(t, http.StatusUnauthorized, r.status)
	assert.Empty(t, r.body, "the reason is not for the client")
	assert.Contains(t, log.String(), "not a friend")
	assert.Equal(t, http.StatusUnauthorized, s.exchange("").status)
	assert.Equal(t, http.StatusUnauthorized, s.exchange(s.Account().ID+":foe").status)
	assert.Equal(t, []string{"friend", "foe"}, asked)
	assert.Equal(t, http.StatusUnauthorized, s.send(http.MethodGet, s.list()+apiVersion, "",
		http.Header{"Authorization": {"Bearer friend"}}).status, "an identity opens no session")
}
