// SPDX-License-Identifier: MIT

package main

import (
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"github.com/arr-go/azremoterendering/lease"
)

// environmentOf returns the environment of a command that has a session.
func environmentOf(svc *service, l *lease.Lease, token azcore.AccessToken) []string {
	session, client := l.Session(), l.Client()
	allowHTTP := ""
	if svc.target.AllowHTTP {
		allowHTTP = "true"
	}
	return environment(os.Environ(), []variable{
		{"ARR_SESSION_ID", session.ID},
		{"ARR_SESSION_SIZE", string(session.Size)},
		{"ARR_SESSION_HOST", session.Hostname},
		{"ARR_SESSION_HANDSHAKE_PORT", number(session.HandshakePort)},
		{"ARR_SESSION_INSPECTOR_PORT", number(session.ArrInspectorPort)},
		{"ARR_ENDPOINT", client.Endpoint()},
		{"ARR_RENDERING_DOMAIN", client.RenderingDomain()},
		{"ARR_ACCOUNT_ID", svc.account.ID},
		{"ARR_ACCOUNT_DOMAIN", svc.account.Domain},
		{"ARR_STS_ENDPOINT", svc.target.STSEndpoint},
		{"ARR_CA_FILE", svc.target.CAFile},
		{"ARR_ALLOW_HTTP", allowHTTP},
		{"ARR_AUTH", "token"},
		{"ARR_ACCESS_TOKEN", token.Token},
		{
			"ARR_ACCESS_TOKEN_EXPIRES_ON",
			token.ExpiresOn.UTC().Truncate(time.Second).Format(time.RFC3339),
		},
		// The command is trusted with a token, which expires, and not with the key.
		{"ARR_ACCOUNT_KEY", ""},
		{"ARR_ACCOUNT_KEY_FILE", ""},
		{keyVariable, ""},
		// Beside ARR_ENDPOINT it would be a contradiction.
		{"ARR_REGION", ""},
	})
}

// environment returns an environment with changes. A variable without a value is removed.
func environment(inherited []string, changes []variable) []string {
	var changed []string
	for _, entry := range inherited {
		if name, _, _ := strings.Cut(entry, "="); !names(changes, name) {
			changed = append(changed, entry)
		}
	}
	for _, change := range changes {
		if change.value != "" {
			changed = append(changed, change.name+"="+change.value)
		}
	}
	return changed
}

// names reports whether one of the variables has the name. On Windows case does not matter.
func names(variables []variable, name string) bool {
	for _, v := range variables {
		if v.name == name || runtime.GOOS == "windows" && strings.EqualFold(v.name, name) {
			return true
		}
	}
	return false
}

// number writes a port, nothing if there is none.
func number(port int32) string {
	if port == 0 {
		return ""
	}
	return strconv.Itoa(int(port))
}
