// SPDX-License-Identifier: MIT

package emulator

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator/internal/page"
	"github.com/arr-go/azremoterendering/service"
)

func TestPageIsServed(t *testing.T) {
	var log bytes.Buffer
	e := newEmulator(t, Options{
		Logger:    slog.New(slog.NewTextHandler(&log, nil)),
		RateLimit: RateLimit{Requests: 1},
	})
	for range 5 { // it does not count as a request
		r := ask(t, e, "GET", "http://127.0.0.1:8080/", "")
		require.Equal(t, http.StatusOK, r.Code)
		assert.Contains(t, r.Body.String(), `<noscript><meta http-equiv="refresh" content="5; url=/"></noscript>`)
		assert.Equal(t, strconv.Itoa(r.Body.Len()), r.Header().Get("Content-Length"))
		for name, want := range map[string]string{
			"Content-Type":            "text/html; charset=utf-8",
			"Content-Security-Policy": page.Header().Get("Content-Security-Policy"),
			"Cache-Control":           "no-store",
			"Referrer-Policy":         "same-origin",
			"X-Content-Type-Options":  "nosniff",
			"X-Frame-Options":         "DENY",
		} {
			assert.Equal(t, []string{want}, r.Header()[name], name)
		}
		assert.Len(t, r.Header().Get("MS-CV"), 24)
	}
	assert.Empty(t, log.String())
	assert.Empty(t, e.requests.shown())
}

func TestPageStopsRefreshing(t *testing.T) {
	e := newEmulator(t, Options{})
	r := ask(t, e, "GET", "http://localhost/?refresh=off", "")
	assert.NotContains(t, r.Body.String(), "http-equiv")
	assert.NotContains(t, r.Body.String(), "data-events=")
	assert.Contains(t, r.Body.String(), `<a href="/" data-pause>Resume</a>`)
	r = ask(t, e, "GET", "http://localhost/?refresh=on&other=1&q=a", "")
	assert.Contains(t, r.Body.String(), `<a href="/?q=a&amp;refresh=off" data-pause>Pause</a>`)
}

func TestPageMethods(t *testing.T) {
	e := newEmulator(t, Options{})
	r := ask(t, e, "HEAD", "http://localhost/", "")
	assert.Equal(t, http.StatusOK, r.Code)
	assert.Empty(t, r.Body.Bytes())
	assert.NotEqual(t, "0", r.Header().Get("Content-Length"))
	for _, method := range []string{"POST", "PUT", "DELETE", "OPTIONS", "get"} {
		r := ask(t, e, method, "http://localhost/", "")
		assert.Equal(t, http.StatusMethodNotAllowed, r.Code, method)
		assert.Equal(t, "GET, HEAD", r.Header().Get("Allow"))
		assert.Empty(t, r.Body.Bytes())
	}
}

// A web site cannot read the page through a name of its own that leads here.
func TestPageIsShownUnderKnownHostsOnly(t *testing.T) {
	e := newEmulator(t, Options{Domain: "arr.test"})
	for host, shown := range map[string]bool{
		"localhost": true, "LocalHost:80": true, "localhost.": true, "emulator.localhost:80": true,
		"127.0.0.1": true, "127.9.9.9:1": true, "[::1]": true, "[::1]:80": true, "[::ffff:127.0.0.1]:80": true,
		"arr.test": true, "sts.arr.test:443": true, "remoterendering.eastus.ARR.test": true,
		"": false, "attacker.example": false, "localhost.attacker.example": false, "arr.test.attacker.example": false,
		"barr.test": false, "notlocalhost": false, "192.168.1.2:80": false, "[fe80::1]": false, "0.0.0.0": false,
		"127.0.0.1.nip.io": false,
		"remoterendering.westeurope.mixedreality.azure.com": false, "localhost:80:80": false,
	} {
		req := httptest.NewRequest(http.MethodGet, "/", nil)
		req.Host = host
		recorder := httptest.NewRecorder()
		e.ServeHTTP(recorder, req)
		if shown {
			assert.Equal(t, http.StatusOK, recorder.Code, host)
			continue
		}
		assert.Equal(t, http.StatusNotFound, recorder.Code, host)
		assert.Zero(t, recorder.Body.Len(), host)
		assert.Empty(
			t,
			recorder.Header().Get("Content-Security-Policy"),
			"as any other unknown path: %s",
			host,
		)
	}
	for _, path := range []string{"//", "/%2F", "/index.html", "/favicon.ico", "/.", "/%2e"} {
		assert.Equal(
			t,
			http.StatusNotFound,
			ask(t, e, "GET", "http://localhost"+path, "").Code,
			path,
		)
	}
}

func TestPageHoldsNoSecret(t *testing.T) {
	e := newEmulator(t, Options{
		Accounts: []AccountOptions{
			{PrimaryKey: "primary-secret", SecondaryKey: "secondary-secret"},
			{PrimaryKey: "third-secret", SecondaryKey: "fourth-secret"},
		},
	})
	token := tokenFor(t, e, DevelopmentAccountID)
	ask(
		t,
		e,
		"PUT",
		"http://localhost/accounts/"+DevelopmentAccountID+"/sessions/a?api-version=2021-01-01&key=primary-secret",
		`{"maxLeaseTimeMinutes":5,"size":"Standard"}`,
	)
	ask(t, e, "GET", "http://localhost/accounts/primary-secret/sessions/"+token, "")
	ask(t, e, "GET", "http://localhost/third-secret", "")
	page := ask(t, e, "GET", "http://localhost/", "").Body.String()
	assert.Contains(t, page, `data-session="a"`)
	assert.Contains(t, page, "<b>201</b> Created")
	assert.NotContains(t, page, "secret")
	assert.NotContains(t, page, token)
}

// Over a connection, too: names of headers as the service spells them, and HEAD announces what GET
// sends.
func TestPageOverHTTP(t *testing.T) {
	e := newEmulator(t, Options{})
	server, err := e.Listen("")
	require.NoError(t, err)
	defer func() { assert.NoError(t, server.Close()) }()
	client := http.Client{
		Timeout:   10 * time.Second,
		Transport: &http.Transport{DisableKeepAlives: true},
	}
	r, err := client.Get(server.URL)
	require.NoError(t, err)
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	require.NoError(t, err)
	assert.Equal(t, http.StatusOK, r.StatusCode)
	assert.Contains(t, string(body), DevelopmentAccountID)
	head, err := client.Head(server.URL)
	require.NoError(t, err)
	defer head.Body.Close()
	assert.InDelta(t, len(body), head.ContentLength, 10)
}

// pageBackend starts servers that are Ready after a minute.
type pageBackend struct{}

func (pageBackend) Start(
	ServerSpec,
) BackendServer {
	return pageServer{time.Now().Add(time.Minute)}
}

type pageServer struct{ readyAt time.Time }

func (s pageServer) Status() ServerStatus {
	return ServerStatus{
		ReadyAt:          s.readyAt,
		Hostname:         "server.example",
		HandshakePort:    50051,
		ArrInspectorPort: 50052,
		Settled:          true,
	}
}
func (pageServer) SetLease(time.Duration) {}
func (pageServer) Stop()                  {}

// golden compares a page, without the versions of its files, with the file of that name. With
// ARR_GOLDEN=1 in the environment it writes the file instead.
func golden(t *testing.T, name string, body []byte) {
	t.Helper()
	got := version.ReplaceAllString(string(body), "/page.")
	file := filepath.Join("internal", "page", "testdata", "golden", name+".html")
	if os.Getenv("ARR_GOLDEN") == "1" {
		require.NoError(t, os.WriteFile(file, []byte(got), 0o644))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, string(want), got, "set ARR_GOLDEN=1 if that is intended")
}

var version = regexp.MustCompile(`/page-[0-9a-f]+\.`)

// The page shows what happens to sessions as the clock goes.
func TestPageOfALife(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEmulator(t, Options{Backend: pageBackend{}})
		create := func(id string, lease time.Duration) {
			_, created, err := e.store.Create(t.Context(), e.home, service.NewSession{
				ID: id, Size: "Standard", Lease: lease,
			})
			require.NoError(t, err)
			require.True(t, created)
		}
		create("expires", 2*time.Minute)
		create("goes-on", time.Hour)
		create("moves", time.Hour)
		time.Sleep(2 * time.Minute)
		create("stopped", 5*time.Minute)
		require.NoError(t, e.SetStatus("moves", "Migrating"))
		time.Sleep(90 * time.Second)
		require.NoError(t, e.SetStatus("stopped", azremoterendering.SessionStatusStopped))
		create("starts", 10*time.Minute)
		time.Sleep(15 * time.Second)
		body, err := page.Render(e.pageState(page.ParseQuery(nil)))
		require.NoError(t, err)
		golden(t, "life", body)
	})
}
