// SPDX-License-Identifier: MIT

package azremoterendering_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/internal/testkit"
)

var tokenRequest policy.TokenRequestOptions

func TestResumedPollerFinishesTheWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		poller, _, e := startingPoller(t, time.Minute, arr.SessionSizePremium)
		token, err := poller.ResumeToken()
		require.NoError(t, err)
		var members map[string]string
		require.NoError(t, json.Unmarshal([]byte(token), &members))
		assert.Equal(t, map[string]string{
			"sessionID": "demo", "accountID": e.Account().ID, "host": "rendering.example",
		}, members, "names, no address and no secret")

		client, w := newClient(t, e)
		resumed, err := client.BeginCreate(
			t.Context(),
			"demo",
			arr.CreateSessionSettings{},
			&arr.BeginCreateSessionOptions{ResumeToken: token},
		)
		require.NoError(t, err)
		assert.Empty(t, w.Requests(), "no PUT and no other request")
		assert.False(t, resumed.Created())
		assert.False(t, resumed.Done())
		assert.Equal(t, arr.Session{ID: "demo"}, resumed.Session())
		again, err := resumed.ResumeToken()
		require.NoError(t, err)
		assert.Equal(t, token, again)

		start := time.Now()
		ready, err := resumed.PollUntilDone(t.Context(), nil)
		require.NoError(t, err)
		assert.Equal(t, arr.SessionStatusReady, ready.Status)
		assert.LessOrEqual(t, time.Since(start), 71*time.Second)
		assert.LessOrEqual(t, w.Count("GET demo"), 8, "at once, and then as its size wants")
	})
}

func TestHostileResumeTokens(t *testing.T) {
	const good = `{"sessionID":"demo","accountID":"00000000-1111-2222-3333-444455556666","host":"rendering.example"}`
	for name, token := range map[string]string{
		"null":                 `null`,
		"empty object":         `{}`,
		"no JSON":              `demo`,
		"array":                `[]`,
		"unknown member":       strings.Replace(good, "{", `{"colour":"red",`, 1),
		"fakeURL":              strings.Replace(good, "{", `{"fakeURL":"https://attacker.example/",`, 1),
		"azcore's form":        `{"type":"CreateSessionResponse","token":` + good + `}`,
		"something behind":     good + good,
		"session id missing":   `{"accountID":"00000000-1111-2222-3333-444455556666","host":"rendering.example"}`,
		"session id a path":    strings.Replace(good, `"demo"`, `"../demo"`, 1),
		"session id a number":  strings.Replace(good, `"demo"`, `7`, 1),
		"session id null":      strings.Replace(good, `"demo"`, `null`, 1),
		"account id missing":   `{"sessionID":"demo","host":"rendering.example"}`,
		"account id a path":    strings.Replace(good, "00000000-1111-2222-3333-444455556666", "../../x", 1),
		"host missing":         `{"sessionID":"demo","accountID":"00000000-1111-2222-3333-444455556666"}`,
		"other session":        strings.Replace(good, "demo", "other", 1),
		"other account":        strings.Replace(good, "4444", "9999", 1),
		"other host":           strings.Replace(good, "rendering.example", "attacker.example", 1),
		"other port":           strings.Replace(good, "rendering.example", "rendering.example:8443", 1),
		"an address for host":  strings.Replace(good, "rendering.example", "https://rendering.example", 1),
		"deeply nested":        strings.Repeat("[", 100_000),
		"a second session id":  strings.Replace(good, "{", `{"sessionid":"other",`, 1),
		"a null in front":      strings.Replace(good, "{", `{"host":null,`, 1),
		"other case":           strings.Replace(good, "sessionID", "SESSIONID", 1),
		"space":                good + " ",
		"megabytes of nothing": strings.Repeat(" ", 1<<20),
	} {
		t.Run(name, func(t *testing.T) {
			client, w := fakeClient(
				t,
				func(req *http.Request) (*http.Response, error) { return testkit.Answer(req, 500, ""), nil },
			)
			poller, err := client.BeginCreate(
				t.Context(),
				"demo",
				halfHour,
				&arr.BeginCreateSessionOptions{ResumeToken: token},
			)
			require.ErrorIs(t, err, arr.ErrInvalidArgument)
			require.ErrorContains(t, err, "ResumeToken")
			assert.Nil(t, poller)
			assert.Empty(t, w.Sent(), "no request is sent")
		})
	}
}

// FuzzResumeToken: what is accepted names this session, this account and this host, and goes
// through again unchanged.
func FuzzResumeToken(f *testing.F) {
	const good = `{"sessionID":"demo","accountID":"` + testkit.AccountID + `","host":"rendering.example"}`
	for _, token := range []string{
		good, `null`, `{}`, good + good, `{"fakeURL":"https://attacker.example"}`,
		`{"type":"x","token":{}}`, strings.Replace(good, "demo", "../x", 1),
		strings.Replace(good, "{", `{"SESSIONid":"x",`, 1),
	} {
		f.Add(token)
	}
	static, err := arr.NewStaticAccessToken(testkit.Token)
	require.NoError(f, err)
	client, err := arr.NewSessionsClientWithAccessToken(endpoint, testkit.AccountID, static, nil)
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, text string) {
		var token struct{ SessionID, AccountID, Host string }
		if json.Unmarshal([]byte(text), &token) != nil {
			return
		}
		poller, err := client.BeginCreate(
			t.Context(),
			token.SessionID,
			halfHour,
			&arr.BeginCreateSessionOptions{ResumeToken: text},
		)
		if err != nil {
			return
		}
		if !strings.EqualFold(token.Host, "rendering.example") ||
			!strings.EqualFold(token.AccountID, testkit.AccountID) {
			t.Fatalf("resumed %+v", token)
		}
		if again, err := poller.ResumeToken(); err != nil ||
			again != strings.Replace(good, "demo", token.SessionID, 1) {
			t.Fatalf("%q became %q: %v", text, again, err)
		}
	})
}
