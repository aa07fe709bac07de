// SPDX-License-Identifier: MIT

package emulator_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering/emulator"
)

// controlled is an emulator in which every route would do something.
func controlled(t *testing.T, admin bool) *service {
	t.Helper()
	s := start(t, emulator.Options{Admin: admin})
	s.create("x", standard5)
	s.inject(emulator.Fault{Name: "tired", Operation: "list", Status: 503})
	return s
}

// unchanged checks that nothing has happened to it.
func (s *service) unchanged(key, why string) {
	s.t.Helper()
	assert.Equal(s.t, key, s.Key(), why)
	assert.Len(s.t, s.Faults(), 1, why)
	require.Len(s.t, s.Sessions(), 1, why)
	assert.Equal(s.t, "Ready", string(s.Sessions()[0].Status), why)
	assert.Zero(s.t, s.Clock().State().Offset.Truncate(1e9), why)
	assert.Equal(s.t, http.StatusOK, s.get("x").status, why+": the token is still valid")
}

// adminRoute is a route with ids that exist, and a body that it would accept.
type adminRoute struct{ method, path, body string }

// adminRoutes returns all routes of the index.
func (s *service) adminRoutes() (routes []adminRoute) {
	s.t.Helper()
	var index struct {
		Routes []struct{ Method, Path string }
	}
	r := s.send("GET", adminBase+"/", "", nil)
	require.NoError(s.t, json.Unmarshal([]byte(r.body), &index))
	bodies := map[string]string{
		"/_emulator/sessions/*": `{"status":"Error"}`, "/_emulator/clock": `{"advance":"1h"}`,
		"/_emulator/faults": `{"status":500}`, "/_emulator/tokens/lifetime": `{"lifetime":"1s"}`,
	}
	for _, route := range index.Routes {
		path := strings.NewReplacer(
			"sessions/*", "sessions/x", "faults/*", "faults/1", "accounts/*", "accounts/"+s.Account().ID,
			"keys/*", "keys/primary").Replace(route.Path)
		routes = append(routes, adminRoute{route.Method, path, bodies[route.Path]})
	}
	require.Greater(s.t, len(routes), 15)
	return routes
}

// No route does anything for a web page: neither under a name of its own that leads here (DNS
// rebinding), nor from another origin, nor with a body that a form can send.
func TestWebPagesReachNoAdminRoute(t *testing.T) {
	s := controlled(t, true)
	server, err := s.Listen("")
	require.NoError(t, err)
	key := s.Key()
	for _, route := range s.adminRoutes() {
		for _, test := range []struct {
			host, name, value string
			want              int
		}{
			{"attacker.example:20210", "", "", 403},
			{"127.0.0.1.attacker.example", "", "", 403},
			{"", "Origin", "http://attacker.example", 403},
			{"", "Origin", "null", 403},
			{"", "Sec-Fetch-Site", "cross-site", 403},
			{"", "Sec-Fetch-Site", "same-site", 403},
			{"", "Content-Type", "text/plain", 415},
			{"", "Content-Type", "application/x-www-form-urlencoded", 415},
		} {
			if test.want == 415 && route.method != "POST" {
				continue
			}
			req, err := http.NewRequestWithContext(
				t.Context(), route.method, server.URL+route.path, strings.NewReader(route.body))
			require.NoError(t, err)
			req.Host = test.host
			req.Header.Set("Content-Type", "application/json")
			if test.name != "" {
				req.Header.Set(test.name, test.value)
			}
			resp, err := http.DefaultClient.Do(req)
			require.NoError(t, err)
			require.NoError(t, resp.Body.Close())
			assert.Equal(t, test.want, resp.StatusCode, "%s %s %v", route.method, route.path, test)
			assert.Equal(t, "no-store", resp.Header.Get("Cache-Control"))
			assert.Empty(t, resp.Header.Get("Access-Control-Allow-Origin"))
		}
		s.unchanged(key, route.method+" "+route.path)
	}
	require.NoError(t, server.Close())
}

func TestAdminRoutesAreOptIn(t *testing.T) {
	routes := controlled(t, true).adminRoutes()
	s := controlled(t, false)
	key := s.Key()
	for _, route := range routes {
		r := s.send(route.method, "http://localhost"+route.path, route.body,
			http.Header{"Content-Type": {"application/json"}})
		assert.Equal(t, http.StatusNotFound, r.status, route.path)
		assert.Empty(t, r.body)
	}
	s.unchanged(key, "all")
}

// Bodies that no route accepts change nothing.
func TestAdminRoutesRefuseBodies(t *testing.T) {
	s := controlled(t, true)
	key := s.Key()
	for _, route := range s.adminRoutes() {
		if route.method != "POST" {
			continue
		}
		path := strings.TrimPrefix(route.path, "/_emulator")
		for body, want := range map[string]int{
			`{`: 400, `[]`: 400, `null`: 400, `"x"`: 400, `{}{}`: 400, "{\"\xff\":1}": 400,
			`{"x":1}`: 400, `{"__proto__":{}}`: 400, strings.Repeat("[", 10_000): 400,
			`{"` + strings.Repeat("x", 1<<20) + `":1}`: 413,
		} {
			assert.Equalf(t, want, s.admin("POST", path, body).status, "%s %.40q", path, body)
		}
		s.unchanged(key, path)
	}
}

// FuzzAdmin sends bodies and queries to the routes that take some: every answer is as the
// description says, and none is a failure of the emulator.
func FuzzAdmin(f *testing.F) {
	paths := []string{
		"/reset", "/clock", "/faults", "/sessions/x", "/tokens/lifetime", "/tokens/revoke",
		"/accounts/" + emulator.DevelopmentAccountID + "/keys/primary",
	}
	for i, body := range []string{
		`{"prefix":"x","account":"` + emulator.DevelopmentAccountID + `"}`, `{"advance":"1h","scale":60,"freeze":true}`,
		`{"operation":"create","status":503,"count":1}`, `{"status":"Error"}`, `{"lifetime":"10m"}`, ``, `{}`,
	} {
		f.Add(uint8(i), body, "since=1&operation=create&status=4xx&session=x")
	}
	f.Add(uint8(1), `{"scale":1e999}`, "wait=%zz&since=18446744073709551615")
	f.Fuzz(func(t *testing.T, which uint8, body, query string) {
		s := start(t, emulator.Options{Admin: true})
		s.create("x", standard5)
		if r := s.admin("POST", paths[int(which)%len(paths)], body); r.status >= 500 {
			t.Errorf("%d %s", r.status, r.body)
		}
		target := "/requests?" + query
		noAddress := func(c rune) bool { return c <= ' ' || c > '~' }
		if strings.Contains(query, "wait") || strings.ContainsFunc(query, noAddress) {
			target = "/requests" // it would take long, or is not an address
		}
		if r := s.admin("GET", target, ""); r.status >= 500 {
			t.Errorf("%d %s", r.status, r.body)
		}
		s.admin("GET", "/state", "")
	})
}

// FuzzRecordedBody sends bodies that contain a key, a token and a signature: none of them is in the
// record of the request.
func FuzzRecordedBody(f *testing.F) {
	for _, body := range []string{
		`{"size":"KEY","maxLeaseTimeMinutes":5}`, `{"TOKEN":{"a":["SIG",null,1e5,true]}}`, `KEY`, `{"a":"xKEYx TOKEN"}`,
		`{"a":"https://h/p?sv=1&SIG"}`, `[[["KEY"]],{"sAsx":{"a":"secret"}}]`, `{"k":"KEY`,
	} {
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body string) {
		if strings.Contains(body, "abcdefgh") {
			t.Skip("what is secret elsewhere is no secret by itself")
		}
		s := start(t, emulator.Options{})
		body = strings.NewReplacer("KEY", s.Key(), "TOKEN", s.token, "SIG", "sig=abcdefgh").Replace(body)
		s.put("x", body)
		for _, r := range s.Requests() {
			for _, secret := range []string{s.Key(), s.token, "abcdefgh"} {
				if strings.Contains(r.RequestBody+r.ResponseBody, secret) {
					t.Errorf("%q is recorded: %s %s", secret, r.RequestBody, r.ResponseBody)
				}
			}
		}
	})
}
