// SPDX-License-Identifier: MIT

package main

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"runtime"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering/cmd/arr/internal/failure"
	"github.com/arr-go/azremoterendering/emulator"
)

// answering is an address whose answers are those of a service with some text replaced.
func answering(t *testing.T, service *testService, old, replacement string) string {
	t.Helper()
	target, err := url.Parse(service.url)
	require.NoError(t, err)
	proxy := httputil.NewSingleHostReverseProxy(target)
	proxy.ModifyResponse = func(resp *http.Response) error {
		body, err := io.ReadAll(resp.Body)
		body = bytes.ReplaceAll(body, []byte(old), []byte(replacement))
		resp.Body = io.NopCloser(bytes.NewReader(body))
		resp.ContentLength = int64(len(body))
		resp.Header.Set("Content-Length", strconv.Itoa(len(body)))
		return err
	}
	server := httptest.NewServer(proxy)
	t.Cleanup(server.Close)
	return server.URL
}

// A program may print its variables, and a script may paste them into a command.
func TestNoControlCharacterOfTheServiceReachesTheCommand(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("there is no env")
	}
	service := newTestService(t, emulator.Options{})
	for i, test := range []struct{ variable, old, replacement string }{
		{"ARR_SESSION_HOST", `"hostname":"`, `"hostname":"\u001b[2J`},
		{"ARR_SESSION_HOST", `"hostname":"`, `"hostname":"a\nb`},
		{"ARR_SESSION_HOST", `"hostname":"`, `"hostname":"a\u0000`},
		{"ARR_SESSION_HOST", `"hostname":"`, `"hostname":"\u009b2J`},
		{"ARR_SESSION_HOST", `"hostname":"`, `"hostname":"\u202e`},
		{"ARR_SESSION_SIZE", `"size":"Standard"`, `"size":"Stan\u001b[2Jdard"`},
	} {
		id := "demo-" + strconv.Itoa(i)
		service.ready(id)
		address := answering(t, service, test.old, test.replacement)
		r := runArr(
			t,
			append(service.environment, "ARR_ENDPOINT="+address),
			"",
			"run", "--session", id, "--interval", "20ms", "--", "env",
		)
		assert.Equal(t, failure.Other, r.code, "%s: %s", test.replacement, r.stderr)
		assert.Contains(t, r.stderr, test.variable+" would hold a control character", test.replacement)
		assert.NotContains(t, r.stdout, "ARR_SESSION_ID=")
	}
}

func TestEnvironment(t *testing.T) {
	changed, err := environment(
		[]string{"PATH=x", "ARR_SIZE=\x1b", "ARR_SESSION_ID=old"},
		[]variable{{"ARR_SESSION_ID", "new"}, {"ARR_SIZE", ""}, {"ARR_CA_FILE", "/\u0645\u200c/ca"}},
	)
	require.NoError(t, err)
	assert.Equal(t, []string{"PATH=x", "ARR_SESSION_ID=new", "ARR_CA_FILE=/\u0645\u200c/ca"}, changed)
	for _, v := range []variable{
		{"ARR_CA_FILE", "a\nb"}, {"ARR_ENDPOINT", "a\x00"}, {"ARR_SESSION_HOST", "a\xff"},
		{"ARR_SESSION_SIZE", "Standard\u2028"}, {"ARR_ACCOUNT_DOMAIN", "a\u0085"},
	} {
		_, err := environment(nil, []variable{v})
		assert.ErrorContains(t, err, v.name+" would hold a control character")
	}
}
