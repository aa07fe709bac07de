// SPDX-License-Identifier: MIT

package main

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering/cmd/arr/internal/failure"
	"github.com/arr-go/azremoterendering/emulator"
)

func TestRequestsAreLoggedOnlyIfAskedFor(t *testing.T) {
	service := newTestService(t, emulator.Options{})
	service.ready("demo")
	r := service.arr("session", "get", "demo", "--log-level", "debug")
	require.Equal(t, failure.OK, r.code, r.stderr)
	lines := strings.Split(strings.TrimSpace(r.stderr), "\n")
	require.Len(t, lines, 2, "the token exchange and the get")
	assert.Regexp(t, `^time=\S+ level=DEBUG msg=request method=GET url="?`+service.url+
		`/Accounts/\S+/token\?api-version=\S+ status=200 ms-cv=\S+ reused=false took=\S+$`, lines[0])
	assert.Regexp(t, `^time=\S+ level=DEBUG msg=request method=GET url="?`+service.url+
		`/accounts/\S+/sessions/demo\?api-version=\S+ status=200 ms-cv=\S+ reused=true took=\S+$`, lines[1])

	service.inject("operation=get status=503 count=1")
	r = service.arr("session", "get", "demo", "--log-level", "debug", "--retries", "1")
	assert.Equal(t, failure.OK, r.code, r.stderr)
	assert.Equal(t, 3, strings.Count(r.stderr, "msg=request"), "each try is a request")
	assert.Contains(t, r.stderr, "status=503")

	for _, flags := range [][]string{nil, {"--log-level", "info"}, {"--log-level", "warn"}} {
		assert.Empty(t, service.arr(append([]string{"session", "get", "demo"}, flags...)...).stderr)
	}
	r = service.arr("session", "list", "--log-level", "loud")
	assert.Equal(t, failure.Usage, r.code)
	assert.Contains(t, r.stderr, "give one of warn, info, debug")
}

func TestEventsOfLeasesAreLoggedIfAskedFor(t *testing.T) {
	service := newTestService(t, emulator.Options{})
	r := service.arr("run", "--interval", "50ms", "--log-level", "info", "--", "true")
	require.Equal(t, failure.OK, r.code, r.stderr)
	assert.Contains(t, r.stderr, `level=INFO msg="session created" session=arr-run-`)
	assert.NotContains(t, r.stderr, "msg=request")
}

// The log shows neither keys nor tokens, whichever way a command signs in.
func TestTheRequestLogShowsNoSecret(t *testing.T) {
	service := newTestService(t, acceptingIdentities)
	service.ready("demo")
	token := service.arr("token", "--quiet").stdout
	require.NotEmpty(t, token)
	for name, environment := range map[string][]string{
		"key":       {"ARR_ACCOUNT_KEY=" + service.Key()},
		"wrong key": {"ARR_ACCOUNT_KEY=not-the-secret-key"},
		"token":     {"ARR_ACCESS_TOKEN=" + strings.TrimSpace(token)},
	} {
		for _, args := range [][]string{
			{"session", "list"}, {"session", "create"}, {"session", "stop", "demo"}, {"conversion", "list"},
		} {
			r := runArr(t, append(service.withoutKey(), environment...), "", append(args, "--log-level", "debug")...)
			assert.Contains(t, r.stderr, "msg=request", name)
			assert.NotContains(t, r.stderr, "the-secret-key", name)
			assert.NotContains(t, r.stderr, strings.TrimSpace(token), name)
			assert.NotContains(t, r.stderr, "eyJ", "%s: no token at all", name)
		}
	}
	r := service.arr("token", "--log-level", "debug")
	assert.Contains(t, r.stdout, "eyJ")
	assert.NotContains(t, r.stderr, "eyJ")
}

func TestTheRequestLogShowsNoTokenOfEntra(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the az of this test is a script for sh")
	}
	service := newTestService(t, acceptingIdentities)
	folder := t.TempDir()
	script := "#!/bin/sh\necho '{\"accessToken\":\"" + entraToken() + "\",\"expires_on\":4102444800," +
		"\"tenant\":\"t\",\"tokenType\":\"Bearer\"}'\n"
	require.NoError(t, os.WriteFile(filepath.Join(folder, "az"), []byte(script), 0o700))
	environment := append(service.withoutKey(), "PATH="+folder+string(os.PathListSeparator)+os.Getenv("PATH"))
	r := runArr(t, environment, "", "session", "list", "--auth", "azure-cli", "--log-level", "debug")
	require.Equal(t, failure.OK, r.code, r.stderr)
	assert.Contains(t, r.stderr, "msg=sign-in detail=")
	assert.NotContains(t, r.stderr, entraToken())
	assert.NotContains(t, r.stderr, "eyJ")
}

// Some gateways repeat what they were sent.
func TestTheRequestLogShowsNoSecretThatAServerRepeats(t *testing.T) {
	echo := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		credential := r.Header.Get("Authorization")
		w.Header().Set("MS-CV", credential)
		w.Header().Set("Retry-After", credential)
		w.Header().Set("X-Emulator-Hint", credential[strings.LastIndex(credential, ":")+1:])
		http.Error(w, credential, http.StatusUnauthorized)
	}))
	defer echo.Close()
	environment := []string{
		"ARR_ENDPOINT=" + echo.URL, "ARR_STS_ENDPOINT=" + echo.URL, "ARR_ACCOUNT_KEY=the-secret-key",
		"ARR_ACCOUNT_ID=" + emulator.DevelopmentAccountID, "ARR_RETRIES=0",
	}
	r := runArr(t, environment, "", "session", "list", "--log-level", "debug")
	assert.Equal(t, failure.Refused, r.code)
	assert.Contains(t, r.stderr, "REDACTED")
	assert.NotContains(t, r.stderr, "the-secret-key")
}

func TestTheRequestLogShowsNoPasswordOfAProxy(t *testing.T) {
	r := runArr(t, []string{
		"HTTPS_PROXY=http://me:the-secret-key@127.0.0.1:1", "ARR_ENDPOINT=westeurope", "ARR_ACCOUNT_KEY=k",
		"ARR_ACCOUNT_ID=" + emulator.DevelopmentAccountID, "ARR_RETRIES=0",
	}, "", "session", "list", "--log-level", "debug")
	assert.Equal(t, failure.Other, r.code)
	assert.Contains(t, r.stderr, "msg=request")
	assert.NotContains(t, r.stderr, "the-secret-key")
}

func TestLoggedURL(t *testing.T) {
	for given, want := range map[string]string{
		"https://a.example/x?api-version=2021-01-01": "https://a.example/x?api-version=2021-01-01",
		"https://u:p@a.example/b%2Fc?sig=s%3D&x#f":   "https://a.example/b%2Fc?REDACTED",
		"https://a.example/?$skiptoken=s&comp=list":  "https://a.example/?comp=list&REDACTED",
		"https://a.example/?":                        "https://a.example/",
	} {
		address, err := url.Parse(given)
		require.NoError(t, err)
		assert.Equal(t, want, loggedURL(address))
	}
}
