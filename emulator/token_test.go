// SPDX-License-Identifier: MIT

package emulator_test

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering/emulator"
	"github.com/arr-go/azremoterendering/internal/testkit"
)

func TestTokenExchange(t *testing.T) {
	s := start(t, account(emulator.AccountOptions{
		ID: "abcdef00-1111-2222-3333-444455556666", PrimaryKey: "one:1", SecondaryKey: "two",
	}))
	id := s.Account().ID
	upper := strings.ToUpper(id)
	for _, test := range []struct {
		name, path, authorization string
		status                    int
	}{
		{"primary key", "/Accounts/" + id + "/token", "Bearer " + id + ":one:1", 200},
		{"secondary key", "/accounts/" + id + "/token", "Bearer " + id + ":two", 200},
		{"any case", "/ACCOUNTS/" + upper + "/token", "bearer " + upper + ":one:1", 200},
		{"with version", "/Accounts/" + id + "/token?api-version=2019-02-28-preview", "Bearer " + id + ":two", 200},
		{"with another version", "/Accounts/" + id + "/token?api-version=1", "Bearer " + id + ":two", 200},
		{"wrong key", "/Accounts/" + id + "/token", "Bearer " + id + ":three", 401},
		{"other case of a key", "/Accounts/" + id + "/token", "Bearer " + id + ":TWO", 401},
		{"part of a key", "/Accounts/" + id + "/token", "Bearer " + id + ":one", 401},
		{"no key", "/Accounts/" + id + "/token", "Bearer " + id + ":", 401},
		{"only a key", "/Accounts/" + id + "/token", "Bearer two", 401},
		{
			"key of another account",
			"/Accounts/" + id + "/token", "Bearer " + emulator.DevelopmentAccountID + ":two", 401,
		},
		{"another account", "/Accounts/" + emulator.DevelopmentAccountID + "/token", "Bearer " + id + ":two", 401},
		{"its own token", "/Accounts/" + id + "/token", "Bearer " + s.token, 401},
		{"other scheme", "/Accounts/" + id + "/token", "Basic " + id + ":two", 401},
		{"nothing", "/Accounts/" + id + "/token", "", 401},
		{"other path", "/Accounts/" + id + "/Token", "Bearer " + id + ":two", 404},
		{"trailing slash", "/Accounts/" + id + "/token/", "Bearer " + id + ":two", 404},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := s.send(
				http.MethodGet,
				test.path,
				"",
				http.Header{"Authorization": {test.authorization}},
			)
			assert.Equal(t, test.status, r.status)
			if test.status == http.StatusOK {
				assert.Regexp(
					t,
					`^\{"AccessToken":"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+"\}$`,
					r.body,
				)
			} else {
				assert.Empty(t, r.body)
			}
		})
	}
}

func TestTokenClaims(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, emulator.Options{})
		segments := strings.Split(s.token, ".")
		require.Len(t, segments, 3)
		header, err := base64.RawURLEncoding.DecodeString(segments[0])
		require.NoError(t, err)
		assert.JSONEq(t, `{"alg":"RS256","typ":"JWT"}`, string(header))

		data, err := base64.RawURLEncoding.DecodeString(segments[1])
		require.NoError(t, err)
		var claims map[string]any
		require.NoError(t, json.Unmarshal(data, &claims))
		assert.Regexp(t, `^[0-9a-f-]{36}$`, claims["jti"])
		delete(claims, "jti")
		now := float64(time.Now().Unix())
		assert.Equal(t, map[string]any{
			"cai": emulator.DevelopmentAccountID,
			"tid": "00000000-0000-0000-0000-000000000000",
			"aid": emulator.DevelopmentAccountID,
			"aao": float64(-1),
			"apr": "westeurope",
			"rid": "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/emulator/" +
				"providers/Microsoft.MixedReality/RemoteRenderingAccounts/" + emulator.DevelopmentAccountID,
			"nbf": now,
			"iat": now,
			"exp": now + 86400,
			"iss": "https://sts.westeurope.mixedreality.azure.com/",
			"aud": "https://remoterendering.mixedreality.azure.com/",
		}, claims)

		first := s.token
		s.authorize()
		assert.NotEqual(t, first, s.token, "each exchange gives a token of its own")
		assert.Equal(t, http.StatusNotFound, s.get("a").status, "authorized")
	})
}

func TestTokenExpires(t *testing.T) {
	for _, lifetime := range []time.Duration{0, time.Second, time.Hour} {
		synctest.Test(t, func(t *testing.T) {
			s := start(t, emulator.Options{TokenLifetime: lifetime})
			if lifetime == 0 {
				lifetime = 24 * time.Hour
			}
			time.Sleep(lifetime - 1)
			assert.Equal(t, http.StatusOK, s.call(http.MethodGet, s.list()+apiVersion, "").status)
			time.Sleep(time.Nanosecond)
			assert.Equal(
				t,
				http.StatusUnauthorized,
				s.call(http.MethodGet, s.list()+apiVersion, "").status,
			)
			s.authorize()
			assert.Equal(t, http.StatusOK, s.call(http.MethodGet, s.list()+apiVersion, "").status)
		})
	}
}

func TestForgedTokensAreRefused(t *testing.T) {
	s := start(t, emulator.Options{})
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	claims := func(change jwt.MapClaims) jwt.MapClaims {
		all := jwt.MapClaims{
			"aid": emulator.DevelopmentAccountID,
			"aud": "https://remoterendering.mixedreality.azure.com/",
			"exp": time.Now().Add(time.Hour).Unix(),
		}
		for name, value := range change {
			all[name] = value
		}
		return all
	}
	sign := func(method jwt.SigningMethod, key any, claims jwt.Claims) string {
		token, err := jwt.NewWithClaims(method, claims).SignedString(key)
		require.NoError(t, err)
		return token
	}
	for name, test := range map[string]struct {
		token  string
		status int
	}{
		"good":            {sign(jwt.SigningMethodRS256, testkit.SigningKey(), claims(nil)), 200},
		"other key":       {sign(jwt.SigningMethodRS256, other, claims(nil)), 401},
		"unsigned":        {sign(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, claims(nil)), 401},
		"symmetric":       {sign(jwt.SigningMethodHS256, testkit.SigningKey().N.Bytes(), claims(nil)), 401},
		"other algorithm": {sign(jwt.SigningMethodRS512, testkit.SigningKey(), claims(nil)), 401},
		"other account":   {sign(jwt.SigningMethodRS256, testkit.SigningKey(), claims(jwt.MapClaims{"aid": "x"})), 401},
		"other audience":  {sign(jwt.SigningMethodRS256, testkit.SigningKey(), claims(jwt.MapClaims{"aud": "x"})), 401},
		"no expiry":       {sign(jwt.SigningMethodRS256, testkit.SigningKey(), claims(jwt.MapClaims{"exp": nil})), 401},
		"expired":         {sign(jwt.SigningMethodRS256, testkit.SigningKey(), claims(jwt.MapClaims{"exp": 1})), 401},
		"not yet valid": {
			sign(
				jwt.SigningMethodRS256,
				testkit.SigningKey(),
				claims(jwt.MapClaims{"nbf": time.Now().Add(time.Minute).Unix()}),
			),
			401,
		},
		"changed":           {s.token[:len(s.token)-10] + "AAAAAAAAAA", 401},
		"key, not a token":  {s.Account().ID + ":" + s.Key(), 401},
		"no JWT":            {"token", 401},
		"nothing":           {"", 401},
		"two in one header": {s.token + " " + s.token, 401},
	} {
		t.Run(name, func(t *testing.T) {
			r := s.send(
				http.MethodGet,
				s.list()+apiVersion,
				"",
				http.Header{"Authorization": {"Bearer " + test.token}},
			)
			assert.Equal(t, test.status, r.status)
		})
	}
}

// Emulators with the same key and account are one service; others are not.
func TestTokensOfOtherEmulators(t *testing.T) {
	one := start(t, emulator.Options{})
	sibling := start(t, emulator.Options{Region: "eastus"})
	sibling.token = one.token
	assert.Equal(
		t,
		http.StatusOK,
		sibling.call(http.MethodGet, sibling.list()+apiVersion, "").status,
	)

	var tokens []string
	for range 2 { // which share the key of the process
		stranger, err := emulator.New(emulator.Options{})
		require.NoError(t, err)
		s := &service{Emulator: stranger, t: t}
		s.authorize()
		tokens = append(tokens, s.token)
		for _, token := range append([]string{one.token}, tokens...) {
			s.token = token
			status := http.StatusUnauthorized
			if token == tokens[len(tokens)-1] {
				status = http.StatusOK
			}
			assert.Equal(t, status, s.call(http.MethodGet, s.list()+apiVersion, "").status)
		}
	}
}
