// SPDX-License-Identifier: MIT

package emulator_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator"
	"github.com/arr-go/azremoterendering/internal/testkit"
)

// documented are all statuses that the emulator answers with when nobody injects a fault.
var documented = map[int]bool{
	200: true,
	201: true,
	204: true,
	400: true,
	401: true,
	404: true,
	405: true,
	409: true,
	413: true,
	422: true,
}

// FuzzRequest sends whole requests: whatever they are, the answer is a documented one with a
// correlation vector, and nothing has changed unless it says so. In path and authorization,
// {account}, {key} and {token} stand for those of the emulator.
func FuzzRequest(f *testing.F) {
	type request struct{ method, path, query, authorization, name, value, body string }
	for _, r := range []request{
		{
			"GET", "/Accounts/{account}/token", "api-version=2019-02-28-preview",
			"Bearer {account}:{key}", "X-Mrc-Cv", "FkF00o9EBU3rsKGk6FCtBl", "",
		},
		{
			"GET", "/accounts/{account}/token", "",
			"Bearer " +
				"eyJhbGciOiJub25lIn0." +
				"eyJhdWQiOiJodHRwczovL3N0cy5taXhlZHJlYWxpdHkuYXp1cmUuY29tIiwiZXhwIjo5OTk5OTk5OTk5fQ.",
			"", "", "",
		},
		{
			"PUT", "/accounts/{account}/sessions/new", "api-version=2021-01-01", "Bearer {token}",
			"Content-Type", "application/json", standard5,
		},
		{"PUT", "/accounts/{account}/sessions/ready", "api-version=2021-01-01", "Bearer {token}", "", "", standard5},
		{
			"PUT", "/accounts/{account}/sessions/ready", "api-version=2021-01-01",
			"Bearer {token}", "", "", `{"maxLeaseTimeMinutes":1e9,"size":"x"}`,
		},
		{
			"PATCH", "/accounts/{account}/sessions/ready", "api-version=2021-01-01-preview",
			"bearer {token}", "", "", `{"maxLeaseTimeMinutes":1000}`,
		},
		{
			"PATCH", "/accounts/{account}/sessions/stopped", "api-version=2021-01-01",
			"Bearer {token}", "", "", `{"maxLeaseTimeMinutes":1000}`,
		},
		{"POST", "/accounts/{account}/sessions/ready/:stop", "api-version=2021-01-01", "Bearer {token}", "", "", ""},
		{
			"GET", "/accounts/{account}/sessions", "api-version=2021-01-01&skiptoken=AAAAAAAAAAI",
			"Bearer {token}", "", "", "",
		},
		{
			"GET", "/accounts/{account}/sessions", "api-version=2021-01-01&skiptoken=%zz;&&=",
			"Bearer {token}", "Host", "a:b:c", "",
		},
		{
			"GET", "/accounts/{account}/sessions/starting", "api-version=2021-01-01",
			"Bearer {token}", "X-Forwarded-Host", "evil", "\xff",
		},
		{"DELETE", "/accounts/{account}/sessions/%2e%2e", "", "", "", "", "\xef\xbb\xbf{}"},
		{"OPTIONS", "*", "", "Basic e30=", "Expect", "100-continue", "[[[[[[[["},
	} {
		f.Add(r.method, r.path, r.query, r.authorization, r.name, r.value, r.body)
	}
	f.Fuzz(func(t *testing.T, method, path, query, authorization, name, value, body string) {
		s := populated(t)
		expand := strings.NewReplacer(
			"{account}",
			s.Account().ID,
			"{key}",
			s.Key(),
			"{token}",
			s.token,
		).Replace
		req := httptest.NewRequest(
			http.MethodGet,
			"https://remoterendering.example/",
			strings.NewReader(body),
		)
		req.Method = method
		escaped := expand(path)
		if unescaped, err := url.PathUnescape(escaped); err == nil {
			req.URL.Path, req.URL.RawPath = unescaped, escaped
		} else {
			req.URL.Path = escaped
		}
		req.URL.RawQuery = expand(query)
		req.Header[http.CanonicalHeaderKey(name)] = []string{value}
		if name == "Host" {
			req.Host = value
		}
		req.Header["Authorization"] = []string{expand(authorization)}
		if req.URL.Path == "/" || req.URL.Path == "" {
			return // that is not of the service
		}

		before := s.everything()
		recorder := httptest.NewRecorder()
		s.ServeHTTP(recorder, req)
		after := s.everything()
		answer := reply{recorder.Code, recorder.Header(), recorder.Body.String()}
		assert.True(t, documented[answer.status], "status %d", answer.status)
		checkHostileAnswer(t, answer)
		if answer.status >= 300 {
			assert.Equal(t, before, after, "status %d", answer.status)
		}
	})
}

// checkHostileAnswer checks what every answer has, whatever was asked.
func checkHostileAnswer(t *testing.T, r reply) {
	t.Helper()
	assert.Regexp(t, `^[A-Za-z0-9+/]{22}\.0$`, r.header.Get("Ms-Cv"))
	if strings.HasPrefix(r.header.Get("Content-Type"), "application/json") {
		assert.True(t, json.Valid([]byte(r.body)), r.body)
	} else {
		assert.Empty(t, r.body)
	}
	if r.status == http.StatusInternalServerError {
		t.Errorf("something panicked: %s", r.body)
	}
}

// fuzzToken is a token of the account of populated. It is valid for every emulator with the same
// key and account.
var fuzzToken string

// populated returns an emulator with a session in each state, of whose list nothing is missing.
func populated(t *testing.T) *service {
	t.Helper()
	e, err := emulator.New(emulator.Options{
		Accounts:      []emulator.AccountOptions{{PrimaryKey: "ZnV6eg=="}},
		SigningKey:    testkit.SigningKey(),
		TokenLifetime: 365 * 24 * time.Hour,
		StartupTime: func(size azremoterendering.SessionSize) time.Duration {
			return map[azremoterendering.SessionSize]time.Duration{"Standard": 0, "Premium": 1000 * time.Hour}[size]
		},
		Decisions: emulator.Decisions{ListEnded: true},
	})
	require.NoError(t, err)
	s := &service{Emulator: e, t: t, token: fuzzToken}
	if s.token == "" {
		s.authorize()
		fuzzToken = s.token
	}
	for id, size := range map[string]string{
		"ready":    "Standard",
		"starting": "Premium",
		"stopped":  "Standard",
		"failed":   "Premium",
		"odd":      "Standard",
	} {
		r := s.handle(
			http.MethodPut,
			s.session(id)+apiVersion,
			`{"maxLeaseTimeMinutes":700,"size":"`+size+`"}`,
		)
		require.Equal(t, http.StatusCreated, r.status, r.body)
	}
	for id, status := range map[string]azremoterendering.SessionStatus{
		"stopped": "Stopped",
		"failed":  "Error",
		"odd":     "Hibernating",
	} {
		require.NoError(t, s.SetStatus(id, status))
	}
	return s
}

var elapsed = regexp.MustCompile(`"elapsedTimeMinutes":\d+`)

// everything returns what can be seen of all sessions, apart from the time that goes by.
func (s *service) everything() string {
	s.t.Helper()
	r := s.handle(http.MethodGet, s.list()+apiVersion, "")
	require.Equal(s.t, http.StatusOK, r.status, r.body)
	return elapsed.ReplaceAllString(r.body, "")
}
