// SPDX-License-Identifier: MIT

package redact_test

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering/emulator/internal/redact"
)

const accountKey = "QXp1cmUgUmVtb3RlIFJlbmRlcmluZyBlbXVsYXRvciE="

func TestText(t *testing.T) {
	r := redact.New([]string{accountKey, "short"})
	for text, want := range map[string]string{
		"session-1":                    "session-1",
		"short":                        "short",
		accountKey:                     "REDACTED",
		"a " + accountKey + " b":       "a REDACTED b",
		accountKey[:20]:                "REDACTED",
		"https://h/?sig=abc%2Bdef&a=":  "https://h/?sig=REDACTED&a=",
		"Bearer eyJhbGciOi.eyJzdWIi.c": "Bearer REDACTED",
	} {
		assert.Equal(t, want, r.Text(text), text)
	}
}

func TestBody(t *testing.T) {
	r := redact.New([]string{accountKey})
	for body, want := range map[string]string{
		``:                              ``,
		`{"size":"Standard"}`:           `{"size":"Standard"}`,
		`{"a":[1,true,null,"<eyJ"]}`:    `{"a":[1,true,null,"<eyJ"]}`,
		`{"accessToken":{"a":1},"b":2}`: `{"accessToken":"REDACTED","b":2}`,
		`{"key":null,"sas":""}`:         `{"key":null,"sas":""}`,
		`{"a":"` + accountKey + `"}`:    `{"a":"REDACTED"}`,
		`{"a":`:                         `(5 bytes, not JSON)`,
	} {
		assert.Equal(t, want, r.Body([]byte(body), len(body)), body)
	}
	assert.Equal(t, "(4097 bytes)", r.Body(nil, redact.MaxBody+1))
}

func TestPathShowsWhatIsKnown(t *testing.T) {
	known := func(id string) bool { return id == "account" }
	for path, want := range map[string]string{
		"/accounts/account/sessions/a-1/:stop": "/accounts/account/sessions/a-1/:stop",
		"/accounts/other/sessions/a%20b":       "/accounts/REDACTED/sessions/REDACTED",
		"/anything":                            "/REDACTED",
		strings.Repeat("/token", 20):           strings.Repeat("/token", 7) + "/…",
	} {
		assert.Equal(t, want, redact.New(nil).Path(path, known))
	}
}

func TestUserAgentIsCutAfterTheSecretsAreGone(t *testing.T) {
	r := redact.New([]string{accountKey})
	header := strings.Repeat("x", 250) + " " + accountKey
	assert.Equal(t, strings.Repeat("x", 250)+" REDAC", r.UserAgent(header))
	assert.Empty(t, r.UserAgent("arr\x00"))
}

func TestSignatures(t *testing.T) {
	sas := "sv=2021&sig=abc%2Bdef%3D"
	for _, text := range []string{
		sas, "abc+def=", url.QueryEscape(sas), "https://a.example/in?" + sas, "?sig=other",
	} {
		shown := redact.Signatures("x "+text+" y", sas)
		for _, secret := range []string{"abc", "other"} {
			assert.NotContains(t, shown, secret, text)
		}
	}
}

// The beginning of a body is kept as far as it is read.
func TestCopyOfABody(t *testing.T) {
	r, err := http.NewRequest(http.MethodPut, "http://h", strings.NewReader(strings.Repeat("1", 5000)))
	require.NoError(t, err)
	r, body := redact.CopyBody(r)
	_, err = io.ReadAll(r.Body)
	require.NoError(t, err)
	assert.Equal(t, "(5000 bytes)", body.Body(redact.New(nil)))

	r, err = http.NewRequest(http.MethodGet, "http://h", nil)
	require.NoError(t, err)
	_, body = redact.CopyBody(r)
	assert.Empty(t, body.Body(redact.New(nil)))
}
