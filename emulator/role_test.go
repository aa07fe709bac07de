// SPDX-License-Identifier: MIT

package emulator_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering/emulator"
)

// A client may use sessions but no conversions; account keys open everything.
func TestRolesOfIdentities(t *testing.T) {
	var asked []string
	s := start(t, emulator.Options{
		AcceptIdentity: emulator.AcceptAnyIdentity(),
		IdentityRole: func(token string) emulator.Role {
			asked = append(asked, token)
			claims := jwt.MapClaims{}
			_, _, err := jwt.NewParser().ParseUnverified(token, claims)
			require.NoError(t, err)
			return emulator.Role(claims["role"].(string))
		},
	})
	s.convert("c") // with the account key
	for role, conversions := range map[emulator.Role]int{
		emulator.RoleAdministrator: http.StatusOK,
		emulator.RoleClient:        http.StatusForbidden,
		"Reader of everything":     http.StatusOK,
	} {
		asked = nil
		token := identity(t, jwt.MapClaims{"role": string(role)})
		r := s.send("GET", "https://host/accounts/"+s.Account().ID+"/token", "",
			http.Header{"Authorization": {"Bearer " + token}})
		require.Equal(t, http.StatusOK, r.status)
		assert.Equal(t, []string{token}, asked)
		var body struct{ AccessToken string }
		require.NoError(t, json.Unmarshal([]byte(r.body), &body))
		call := func(method, path, content string) reply {
			return s.send(method, "https://host/accounts/"+s.Account().ID+"/"+path+apiVersion, content,
				http.Header{"Authorization": {"Bearer " + body.AccessToken}})
		}
		assert.Equal(t, http.StatusOK, call("GET", "sessions", "").status, role)
		for _, path := range []string{"conversions", "conversions/c"} {
			r := call("GET", path, "")
			assert.Equal(t, conversions, r.status, "%s %s", role, path)
			if conversions == http.StatusForbidden {
				assert.Empty(t, r.body)
			}
		}
		assert.Equal(t, conversions, call("PUT", "conversions/c", box).status, role)
		if conversions == http.StatusForbidden {
			assert.Equal(t, http.StatusForbidden, call("PUT", "conversions/new", box).status)
			assert.Equal(t, http.StatusNotFound, s.conversion("new").status)
		}
	}
}
