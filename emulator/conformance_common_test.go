// SPDX-License-Identifier: MIT

package emulator_test

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering/emulator"
)

var withNulls = emulator.Options{Decisions: emulator.Decisions{AbsentValues: emulator.AbsentNull}}

var commonRows = []row{
	{
		"the base path has an account id, a UUID in any case",
		account(emulator.AccountOptions{ID: otherID}),
		func(w *walker) {
			w.want(200, "GET", "/accounts/"+otherID+"/sessions", "")
			w.want(200, "GET", "/accounts/"+strings.ToUpper(otherID)+"/sessions", "")
			assert.Equal(
				w.t,
				401,
				w.ask("GET", "/accounts/"+emulator.DevelopmentAccountID+"/sessions", "").status,
				"another account",
			)
		},
	},
	{
		"every request carries a version, of which there are three",
		emulator.Options{},
		func(w *walker) {
			for _, o := range everyOperation {
				w.refused(
					400,
					"UnsupportedApiVersion",
					"The api-version query parameter is missing or not supported. "+
						"Supported: 2021-01-01-preview, 2021-01-01, 2021-08-01-preview.",
					o.method,
					o.path+"?other=1",
					o.body,
				)
			}
			for i, version := range []string{"2021-01-01", "2021-01-01-preview", "2021-08-01-preview"} {
				id := "sessions/" + string(rune('a'+i))
				w.want(201, "PUT", id+"?api-version="+version, standard5)
				w.want(200, "GET", id+"?api-version="+version, "")
			}
		},
	},
	{"a session id has 1 to 256 characters", emulator.Options{}, func(w *walker) {
		for _, id := range []string{
			"a", "-", "_", strings.Repeat("z", 256),
			"ABCDEFGHIJKLMNOPQRSTUVWXYZ-abcdefghijklmnopqrstuvwxyz_0123456789",
		} {
			w.made(id, standard5)
			assert.Equal(w.t, id, w.shows(id, "Ready").ID)
		}
		before := w.want(200, "GET", "sessions", "").body
		for _, id := range []string{
			strings.Repeat("z", 257), "a.b", "a:b", "a%20b", "%C3%A4", "a%2Fb", "a+b", "%00",
		} {
			for _, o := range everyOperation[:4] {
				w.refused(
					400,
					"BadRequest",
					"The session ID must consist of 1 to 256 characters of A-Z, a-z, 0-9, '-' and '_'.",
					o.method,
					strings.Replace(o.path, "/a", "/"+id, 1),
					o.body,
				)
			}
		}
		assert.Equal(w.t, before, w.want(200, "GET", "sessions", "").body)
	}},
	{"session ids are case sensitive", emulator.Options{}, func(w *walker) {
		w.made("id", standard5)
		assert.Equal(w.t, 404, w.ask("GET", "sessions/ID", "").status)
		w.made("ID", `{"maxLeaseTimeMinutes":6,"size":"Premium"}`)
		assert.Equal(w.t, "Standard", w.shows("id", "Ready").Size)
	}},
	{"headers per operation, absent values left out", emulator.Options{}, func(w *walker) {
		walkHeaders(w, []string{"Cache-Control", "Pragma"})
	}},
	{"headers per operation in January 2021", withNulls, func(w *walker) { walkHeaders(w, nil) }},
	{"a client request id is not echoed", emulator.Options{}, func(w *walker) {
		r := w.send("GET", "sessions", "", http.Header{
			"Authorization":                 {"Bearer " + w.token},
			"X-Ms-Client-Request-Id":        {"09fa23e199be36860aa25bca3657f5f2"},
			"X-Ms-Return-Client-Request-Id": {"true"},
		})
		assert.Equal(w.t, 200, r.status)
		assert.NotContains(w.t, r.names(), "X-Ms-Client-Request-Id")
		assert.NotContains(w.t, r.names(), "X-Ms-Return-Client-Request-Id")
	}},
	{"every answer has a correlation vector of its own", emulator.Options{}, func(w *walker) {
		vectors := make(map[string]bool)
		for range 100 {
			vectors[w.ask("GET", "sessions", "").header.Get("Ms-Cv")] = true
		}
		assert.Len(w.t, vectors, 100)
	}},
	{"an error object has code and message", emulator.Options{}, func(w *walker) {
		assert.Equal(
			w.t,
			`{"error":{"code":"BadRequest","message":"The maxLeaseTimeMinutes value cannot be negative."}}`,
			w.want(400, "PUT", "sessions/a", `{"maxLeaseTimeMinutes":-4,"size":"Standard"}`).body,
		)
	}},
	{"an error object has nulls in January 2021", withNulls, func(w *walker) {
		assert.Equal(
			w.t,
			`{"error":{"code":"BadRequest","message":"The maxLeaseTimeMinutes value cannot be negative.",`+
				`"details":null,"target":null,"innerError":null}}`,
			w.want(400, "PUT", "sessions/a", `{"maxLeaseTimeMinutes":-4,"size":"Standard"}`).body,
		)
	}},
	{"an error object is recursive", emulator.Options{Backend: nestedFailure}, func(w *walker) {
		w.made("a", standard5)
		assert.Contains(
			w.t,
			w.want(200, "GET", "sessions/a", "").body,
			`"error":{"code":"A","message":"a","details":[{"code":"B","message":"b","target":"t"}],`+
				`"innerError":{"code":"C","message":"c"}}`,
		)
	}},
	{
		"an error object is recursive in January 2021",
		emulator.Options{Backend: nestedFailure, Decisions: withNulls.Decisions},
		func(w *walker) {
			w.made("a", standard5)
			assert.Contains(
				w.t,
				w.want(200, "GET", "sessions/a", "").body,
				`"error":{"code":"A","message":"a","details":[{"code":"B","message":"b",`+
					`"details":null,"target":"t","innerError":null}],`+
					`"target":null,"innerError":{"code":"C","message":"c","details":null,`+
					`"target":null,"innerError":null}}`,
			)
		},
	},
}

// walkHeaders checks the names of the headers of the answer to each operation. Get says which a get
// of one session has in addition.
func walkHeaders(w *walker, get []string) {
	usual := []string{"Api-Supported-Versions", "Date", "Ms-Cv", "X-Content-Type-Options"}
	body := []string{"Content-Length", "Content-Type"}
	for i, o := range everyOperation {
		want := slices.Concat([][]string{
			{}, get, {}, {}, {"Cache-Control", "Pragma"},
		}[i], usual)
		if o.name != "stop" {
			want = append(want, body...)
		}
		r := w.ask(o.method, o.path, o.body)
		assert.Less(w.t, r.status, 300, o.name)
		assert.Equal(w.t, slices.Sorted(slices.Values(want)), r.names(), o.name)
		assert.Equal(w.t, "2021-01-01-preview, 2021-01-01, 2021-08-01-preview",
			r.header.Get("Api-Supported-Versions"))
		if r.header.Get("Pragma") != "" {
			assert.Equal(w.t, "no-store,no-cache", r.header.Get("Cache-Control"))
			assert.Equal(w.t, "no-cache", r.header.Get("Pragma"))
		}
	}
}

// statusRows are the statuses that are no success.
var statusRows = []row{
	{"400 create", emulator.Options{}, func(w *walker) {
		for body, message := range map[string]string{
			`{"maxLeaseTimeMinutes":-4,"size":"Standard"}`: "The maxLeaseTimeMinutes value cannot be negative.",
			`{"maxLeaseTimeMinutes":4,"size":"Tiny"}`:      "Can't specify this VM size: Tiny",
			`{"size":"Standard"}`:                          "The maxLeaseTimeMinutes value is required.",
			`{"maxLeaseTimeMinutes":4}`:                    "The size value is required.",
			``:                                             "The request was malformed: the body is not JSON.",
		} {
			w.refused(400, "BadRequest", message, "PUT", "sessions/a", body)
		}
		assert.Equal(w.t, 404, w.ask("GET", "sessions/a", "").status)
	}},
	{"400 update", emulator.Options{}, func(w *walker) {
		w.made("a", standard5)
		w.refused(
			400,
			"BadRequest",
			"The request was malformed: the body is not JSON.",
			"PATCH",
			"sessions/a",
			"{",
		)
		w.refused(
			400,
			"BadRequest",
			"The maxLeaseTimeMinutes value is required.",
			"PATCH",
			"sessions/a",
			"{}",
		)
	}},
	{"401 all, with a challenge and without a body", emulator.Options{}, func(w *walker) {
		w.made("a", standard5)
		for _, authorization := range []string{
			"", "Bearer", "Bearer nonsense", "Basic " + w.token, w.token,
			"Bearer " + w.Account().ID + ":" + w.Key(),
		} {
			for _, o := range everyOperation {
				r := w.send(o.method, o.path, o.body, http.Header{"Authorization": {authorization}})
				assert.Equal(w.t, 401, r.status, o.name)
				assert.Equal(
					w.t,
					`Bearer error="invalid_token"`,
					r.header.Get("Www-Authenticate"),
					o.name,
				)
				assert.Empty(w.t, r.body, o.name)
			}
		}
		assert.Equal(w.t, 5, w.shows("a", "Ready").MaxLeaseTimeMinutes)
	}},
	{"401 when the token is over", emulator.Options{TokenLifetime: time.Hour}, func(w *walker) {
		time.Sleep(time.Hour - time.Second)
		w.want(200, "GET", "sessions", "")
		time.Sleep(2 * time.Second)
		assert.Equal(w.t, 401, w.ask("GET", "sessions", "").status)
	}},
	{"403 all, without a body", emulator.Options{}, func(w *walker) {
		w.made("a", standard5)
		// nobody has a role here that could be missing
		_, err := w.Inject(emulator.Fault{Status: http.StatusForbidden})
		require.NoError(w.t, err)
		for _, o := range everyOperation {
			assert.Empty(w.t, w.want(403, o.method, o.path, o.body).body, o.name)
		}
	}},
	{
		"404 get, update and stop of an unknown id, without a body",
		emulator.Options{},
		func(w *walker) {
			for _, o := range everyOperation[1:4] {
				assert.Empty(w.t, w.want(404, o.method, o.path, o.body).body, o.name)
			}
		},
	},
	{
		"404 get, update and stop after the retention",
		emulator.Options{TokenLifetime: 31 * 24 * time.Hour},
		func(w *walker) {
			w.made("a", standard5)
			w.want(204, "POST", "sessions/a/:stop", "")
			time.Sleep(30*24*time.Hour - time.Nanosecond)
			w.shows("a", "Stopped")
			time.Sleep(time.Nanosecond)
			for _, o := range everyOperation[1:4] {
				assert.Empty(w.t, w.want(404, o.method, o.path, o.body).body, o.name)
			}
			w.made("a", standard5)
		},
	},
	{"409 create with other settings", emulator.Options{}, func(w *walker) {
		w.made("a", standard5)
		w.refused(
			409,
			"Conflict",
			"A resource already exists under the given ID.",
			"PUT",
			"sessions/a",
			`{"maxLeaseTimeMinutes":6,"size":"Standard"}`,
		)
	}},
	{"422 update to no larger lease", emulator.Options{}, func(w *walker) {
		w.made("a", standard5)
		w.refused(
			422,
			"UnprocessableEntity",
			"The maxLeaseTimeMinutes value must be larger than the current value 5.",
			"PATCH",
			"sessions/a",
			`{"maxLeaseTimeMinutes":5}`,
		)
	}},
	{
		"429 all, with whole seconds to wait and without a body",
		emulator.Options{RateLimit: emulator.RateLimit{Requests: 1}},
		func(w *walker) {
			w.want(200, "GET", "sessions", "")
			time.Sleep(44*time.Second + time.Millisecond)
			for _, o := range everyOperation {
				r := w.ask(o.method, o.path, o.body)
				assert.Equal(w.t, 429, r.status, o.name)
				assert.Equal(w.t, "16", r.header.Get("Retry-After"), "rounded up")
				assert.Empty(w.t, r.body, o.name)
			}
			time.Sleep(16 * time.Second)
			w.want(200, "GET", "sessions", "")
		},
	},
	{"500 all, with an error object", emulator.Options{Backend: brokenBackend{}}, func(w *walker) {
		for i, o := range everyOperation {
			if i == 1 {
				w.made("a", standard5) // the creation of b fails, and this one is unwell
			}
			w.refused(500, "InternalServerError", "An internal server error occurred.",
				o.method, map[bool]string{true: "sessions/bad", false: o.path}[i == 0], o.body)
		}
	}},
}

var operationRows = []row{
	{
		"the token service ignores the case of Accounts and the version",
		emulator.Options{},
		func(w *walker) {
			for _, path := range []string{"/Accounts/", "/accounts/", "/ACCOUNTS/"} {
				for _, query := range []string{"?api-version=2019-02-28-preview", "?"} {
					r := w.send(
						"GET",
						path+w.Account().ID+"/token"+query,
						"",
						http.Header{"Authorization": {"Bearer " + w.Account().ID + ":" + w.Key()}},
					)
					require.Equal(w.t, 200, r.status, path+query)
					assert.Regexp(w.t, `^\{"AccessToken":"[\w-]+\.[\w-]+\.[\w-]+"\}$`, r.body)
					assert.Equal(
						w.t,
						[]string{
							"Cache-Control",
							"Content-Length",
							"Content-Type",
							"Date",
							"Mise-Correlation-Id",
							"Ms-Cv",
							"Pragma",
							"X-Content-Type-Options",
						},
						r.names(),
					)
				}
			}
		},
	},
	{"create, get, update, stop and list succeed", emulator.Options{}, func(w *walker) {
		for i, o := range everyOperation {
			w.want([]int{201, 200, 200, 204, 200}[i], o.method, o.path, o.body)
		}
	}},
	{"create requires lease and size", emulator.Options{}, func(w *walker) {
		for _, body := range []string{`{}`, `{"maxLeaseTimeMinutes":5}`, `{"size":"Standard"}`,
			`{"maxLeaseTimeMinutes":null,"size":"Standard"}`,
			`{"maxLeaseTimeMinutes":5,"size":null}`, `{"maxLeaseTimeMinutes":"5",` +
				`"size":"Standard"}`, `{"maxLeaseTimeMinutes":5.5,"size":"Standard"}`,
			`{"maxLeaseTimeMinutes":5,"size":1}`, `{"MaxLeaseTimeMinutes":5,"Size":"Standard"}`} {
			w.want(400, "PUT", "sessions/a", body)
		}
		w.want(
			201,
			"PUT",
			"sessions/a",
			`{"size":"Standard","maxLeaseTimeMinutes":5,"unknown":{"a":[1]}}`,
		)
	}},
	{"stop has a slash before the colon", emulator.Options{}, func(w *walker) {
		w.made("a", standard5)
		assert.Equal(w.t, 405, w.ask("POST", "sessions/a", "").status)
		assert.Equal(w.t, 405, w.ask("POST", "sessions/a:stop", "").status)
		assert.Equal(w.t, 404, w.ask("POST", "sessions/a/stop", "").status)
		w.shows("a", "Ready")
		w.want(204, "POST", "sessions/a/:stop", "")
	}},
	{"stop ignores a body", emulator.Options{}, func(w *walker) {
		w.made("a", standard5)
		w.want(204, "POST", "sessions/a/:stop", "{no JSON")
		w.shows("a", "Stopped")
	}},
	{"create, get and update return the session", emulator.Options{}, func(w *walker) {
		for _, o := range everyOperation[:3] {
			assert.Equal(w.t, "a", w.ask(o.method, o.path, o.body).session(w.t).ID, o.name)
		}
	}},
}
