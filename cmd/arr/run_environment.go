// SPDX-License-Identifier: MIT

package main

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"github.com/arr-go/azremoterendering/internal/text"
	"github.com/arr-go/azremoterendering/lease"
)

// environmentOf returns the environment of a command that has a session. It is an error if the
// service has answered something that no variable may hold.
func environmentOf(svc *service, l *lease.Lease, token azcore.AccessToken) ([]string, error) {
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
		// Nor with storage. The AZURE_… variables are not this program's alone, and stay.
		{"ARR_STORAGE_SECRET_FILE", ""},
		{"ARR_INPUT_SAS", ""},
		{"ARR_OUTPUT_SAS", ""},
		// Beside ARR_ENDPOINT it would be a contradiction.
		{"ARR_REGION", ""},
	})
}

// environment returns an environment with changes. A variable without a value is removed. A value
// with control characters is an error: programs print their variables, and shells split them.
func environment(inherited []string, changes []variable) ([]string, error) {
	var changed []string
	for _, entry := range inherited {
		if name, _, _ := strings.Cut(entry, "="); !names(changes, name) {
			changed = append(changed, entry)
		}
	}
	for _, change := range changes {
		if !change.harmless() {
			return nil, fmt.Errorf(
				"%s would hold a control character, such as a line end or an escape sequence: %q",
				change.name,
				text.OneLine(change.value),
			)
		}
		if change.value != "" {
			changed = append(changed, change.name+"="+change.value)
		}
	}
	return changed, nil
}

// harmless reports whether a program can print the value as it is. Values that the service has sent
// are judged more strictly than the paths of the user, which may well hold a format character.
func (v variable) harmless() bool {
	if strings.HasPrefix(v.name, "ARR_SESSION_") {
		return utf8.ValidString(v.value) && !strings.ContainsFunc(v.value, text.Control)
	}
	return !strings.ContainsFunc(v.value, unicode.IsControl)
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
