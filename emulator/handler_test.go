// SPDX-License-Identifier: MIT

package emulator_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator"
)

// TestHeaders compares every operation with what was recorded from the service.
func TestHeaders(t *testing.T) {
	always := []string{"Date", "Ms-Cv", "X-Content-Type-Options"}
	versions := []string{"Api-Supported-Versions"}
	body := []string{"Content-Length", "Content-Type"}
	uncached := []string{"Cache-Control", "Pragma"}
	for _, absent := range []emulator.AbsentValues{emulator.AbsentOmitted, emulator.AbsentNull} {
		s := start(t, emulator.Options{Decisions: emulator.Decisions{AbsentValues: absent}})
		cachedGet := uncached
		if absent == emulator.AbsentNull {
			cachedGet = nil
		}
		keyed := http.Header{"Authorization": {"Bearer " + s.Account().ID + ":" + s.Key()}}
		id := s.session("a")
		tests := []struct {
			name   string
			reply  func() reply
			status int
			header [][]string
		}{
			{
				"token",
				func() reply { return s.send("GET", s.sts(), "", keyed) },
				200,
				[][]string{body, uncached, {"Mise-Correlation-Id"}},
			},
			{
				"token refused",
				func() reply { return s.send("GET", s.sts(), "", nil) },
				401,
				[][]string{{"Content-Length", "Mise-Correlation-Id"}},
			},
			{
				"created",
				func() reply { return s.put("a", standard5) },
				201,
				[][]string{versions, body},
			},
			{
				"exists",
				func() reply { return s.put("a", standard5) },
				200,
				[][]string{versions, body},
			},
			{
				"conflict",
				func() reply { return s.put("a", `{"maxLeaseTimeMinutes":6,"size":"Standard"}`) },
				409,
				[][]string{versions, body},
			},
			{
				"bad request",
				func() reply { return s.put("a", "") },
				400,
				[][]string{versions, body},
			},
			{"get", func() reply { return s.get("a") }, 200, [][]string{versions, body, cachedGet}},
			{
				"get unknown",
				func() reply { return s.get("b") },
				404,
				[][]string{versions, {"Content-Length"}},
			},
			{
				"update",
				func() reply { return s.patch("a", `{"maxLeaseTimeMinutes":6}`) },
				200,
				[][]string{versions, body},
			},
			{
				"not updated",
				func() reply { return s.patch("a", `{"maxLeaseTimeMinutes":6}`) },
				422,
				[][]string{versions, body},
			},
			{
				"list",
				func() reply { return s.call("GET", s.list()+apiVersion, "") },
				200,
				[][]string{versions, body, uncached},
			},
			{"stop", func() reply { return s.stop("a") }, 204, [][]string{versions}},
			{
				"unauthorized",
				func() reply { return s.send("GET", id+apiVersion, "", nil) },
				401,
				[][]string{versions, {"Content-Length", "Www-Authenticate"}},
			},
			{
				"no version",
				func() reply { return s.call("GET", id, "") },
				400,
				[][]string{versions, body},
			},
			{
				"no such method",
				func() reply { return s.call("DELETE", id+apiVersion, "") },
				405,
				[][]string{versions, {"Allow", "Content-Length"}},
			},
			{
				"no such path",
				func() reply { return s.call("GET", "/", "") },
				404,
				[][]string{{"Content-Length"}},
			},
		}
		vectors := make(map[string]bool)
		for _, test := range tests {
			r := test.reply()
			assert.Equal(t, test.status, r.status, test.name)
			want := slices.Sorted(slices.Values(slices.Concat(append(test.header, always)...)))
			assert.Equal(t, want, slices.Sorted(maps.Keys(r.header)), test.name)

			assert.Regexp(t, `^[A-Za-z0-9+/]{22}\.0$`, r.header.Get("MS-CV"))
			vectors[r.header.Get("MS-CV")] = true
			assert.Equal(t, "nosniff", r.header.Get("X-Content-Type-Options"))
			for name, value := range map[string]string{
				"api-supported-versions": "2021-01-01-preview, 2021-01-01, 2021-08-01-preview",
				"Cache-Control":          "no-store,no-cache",
				"Pragma":                 "no-cache",
				"Content-Type":           "application/json; charset=utf-8",
				"Content-Length":         strconv.Itoa(len(r.body)),
				"WWW-Authenticate":       `Bearer error="invalid_token"`,
				"Allow":                  "GET, PATCH, PUT",
			} {
				if r.header.Get(name) != "" {
					assert.Equal(t, []string{value}, r.header.Values(name), test.name)
				}
			}
			assert.Equal(t, r.header.Get("Content-Type") != "", r.body != "", test.name)
		}
		assert.Len(t, vectors, len(tests), "a fresh correlation vector each")
	}
}

func TestDateIsThatOfTheClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, emulator.Options{})
		time.Sleep(90 * time.Minute)
		assert.Equal(t, "Sat, 01 Jan 2000 01:30:00 GMT", s.get("a").header.Get("Date"))
	})
}

func TestChallengeCanBeLeftOut(t *testing.T) {
	s := start(t, emulator.Options{Decisions: emulator.Decisions{OmitChallenge: true}})
	for _, path := range []string{s.sts(), s.list() + apiVersion} {
		r := s.send(http.MethodGet, path, "", nil)
		assert.Equal(t, http.StatusUnauthorized, r.status)
		assert.NotContains(t, r.header, "Www-Authenticate")
	}
}

func TestPaths(t *testing.T) {
	s := start(t, account(emulator.AccountOptions{ID: "abcdef00-1111-2222-3333-444455556666"}))
	s.create("a", standard5)
	account := s.Account().ID
	for path, status := range map[string]int{
		s.list():                                200,
		"/accounts/" + account + "/conversions": 200,
		"/accounts/" + strings.ToUpper(account) + "/sessions":   200,
		"/accounts/" + strings.ToUpper(account) + "/sessions/a": 200,
		"/accounts/" + account + "/sessions/%61":                200,
		s.session(strings.Repeat("a", 256)):                     404,
		s.session("A"):                                          404, // ids are case-sensitive
		s.session(strings.Repeat("a", 257)):                     400,
		s.session("."):                                          400,
		s.session(".."):                                         400,
		s.session("%2e%2e"):                                     400,
		s.session("..%2Fa"):                                     400,
		s.session("x%2F..%2Fa"):                                 400,
		s.session("a%2F:stop"):                                  400,
		s.session("a%00"):                                       400,
		s.session("a%20"):                                       400,
		s.session("%C3%A4"):                                     400,
		s.session("a:stop"):                                     400,
		s.session("a/:stop"):                                    405,
		s.session("a/%3Astop"):                                  405,
		s.session("a/stop"):                                     404,
		s.session("a/"):                                         404,
		s.session("x/../a"):                                     404,
		"/accounts/x/../" + account + "/sessions":               404,
		"//accounts/" + account + "/sessions":                   404,
		"/accounts//" + account + "/sessions":                   404,
		// only the token service is generous
		"/Accounts/" + account + "/sessions":    404,
		"/accounts/" + account + "/Sessions":    404,
		"/accounts/" + account + "/Conversions": 404,
		"/accounts/" + account:                  404,
		"/accounts":                             404,
		"/":                                     404,
		"":                                      404,
		// who knows whether it exists
		"/accounts/00000000-0000-0000-0000-000000000000/sessions": 401,
		"/accounts/nonsense/sessions":                             401,
	} {
		r := s.call(http.MethodGet, "https://host.example"+path+apiVersion, "")
		assert.Equal(t, status, r.status, path)
	}
}

func TestOrderOfChecks(t *testing.T) {
	s := start(t, emulator.Options{})
	bad := s.session("..")
	for _, test := range []struct {
		method, path string
		authorized   bool
		status       int
		code         string
	}{
		{"DELETE", "/nowhere", false, 404, ""},
		{"DELETE", bad, false, 405, ""},
		{"PUT", bad, false, 401, ""},
		{"PUT", bad, true, 400, "UnsupportedApiVersion"},
		{"PUT", bad + apiVersion, true, 400, "BadRequest"},
		{"PUT", s.session("a") + apiVersion, true, 400, "BadRequest"},
	} {
		token := ""
		if test.authorized {
			token = s.token
		}
		r := s.send(
			test.method,
			test.path,
			"no body",
			http.Header{"Authorization": {"Bearer " + token}},
		)
		assert.Equal(t, test.status, r.status, test)
		assert.Equal(t, test.code, r.code(t), test)
	}
}

func TestMethods(t *testing.T) {
	s := start(t, emulator.Options{})
	for path, allowed := range map[string]string{
		s.sts():              "GET",
		s.list():             "GET",
		s.session("a"):       "GET, PATCH, PUT",
		s.session("a/:stop"): "POST",
	} {
		for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "get", "BREW"} {
			if slices.Contains(strings.Split(allowed, ", "), method) {
				continue
			}
			r := s.call(method, path+apiVersion, "")
			assert.Equal(t, http.StatusMethodNotAllowed, r.status, method, path)
			assert.Equal(t, allowed, r.header.Get("Allow"))
			assert.Empty(t, r.body)
		}
	}
}

func TestAPIVersions(t *testing.T) {
	s := start(t, emulator.Options{})
	for query, status := range map[string]int{
		"?api-version=2021-01-01":                    200,
		"?api-version=2021-01-01-preview":            200,
		"?other=1&api-version=2021-01-01":            200,
		"":                                           400,
		"?api-version=":                              400,
		"?api-version=2021-01-02":                    400,
		"?api-version=2021-01-01-PREVIEW":            400,
		"?api-version=2021-01-01-preview,2021-01-01": 400,
		"?API-version=2021-01-01":                    400,
		"?api-version=2021-01-01&api-version=2021-01-01-preview":     400,
		"?api-version=" + url.QueryEscape("2021-01-01, 2021-01-01;"): 400,
	} {
		r := s.call(http.MethodGet, s.list()+query, "")
		assert.Equal(t, status, r.status, query)
		if status == http.StatusBadRequest {
			assert.Equal(t, "UnsupportedApiVersion", r.code(t))
		}
	}
}

func TestPanicOfAnOptionIsAnAnswer(t *testing.T) {
	var log bytes.Buffer
	s := start(t, emulator.Options{
		StartupTime: func(azremoterendering.SessionSize) time.Duration { panic("no time") },
		Logger:      slog.New(slog.NewTextHandler(&log, nil)),
	})
	r := s.put("a", standard5)
	assert.Equal(t, http.StatusInternalServerError, r.status)
	assert.Equal(t, "InternalServerError", r.code(t))
	assert.Contains(t, log.String(), "no time")
	assert.Equal(t, http.StatusNotFound, s.get("a").status, "it goes on")
}

func TestLog(t *testing.T) {
	var log bytes.Buffer
	s := start(t, emulator.Options{
		Accounts: []emulator.AccountOptions{{PrimaryKey: "primary-secret"}},
		Logger:   slog.New(slog.NewJSONHandler(&log, nil)),
	})
	log.Reset()
	r := s.put("a", standard5)
	var record map[string]any
	require.NoError(t, json.Unmarshal(log.Bytes(), &record))
	delete(record, "time")
	delete(record, "duration")
	assert.Equal(t, map[string]any{
		"level":             "INFO",
		"msg":               "request",
		"operation":         "CreateSession",
		"method":            "PUT",
		"session":           "a",
		"status":            float64(201),
		"correlationVector": r.header.Get("MS-CV"),
	}, record)

	s.authorize()
	s.call(http.MethodGet, "/nowhere?key="+s.Key(), "")
	s.call(http.MethodGet, "/"+s.Key(), "")
	assert.Contains(t, log.String(), `"operation":"GetToken"`)
	assert.Contains(t, log.String(), `"operation":"unknown"`)
	assert.NotContains(t, log.String(), s.Key())
	assert.NotContains(t, log.String(), s.token)
}

// In a recorder, header names are such that Get finds them.
func TestServeHTTPInARecorder(t *testing.T) {
	e, err := emulator.New(emulator.Options{})
	require.NoError(t, err)
	recorder := httptest.NewRecorder()
	e.ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, "/nowhere", nil))
	assert.Equal(t, http.StatusNotFound, recorder.Code)
	assert.NotEmpty(t, recorder.Result().Header.Get("MS-CV"))
}
