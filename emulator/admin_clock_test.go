// SPDX-License-Identifier: MIT

package emulator_test

import (
	"encoding/json"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/arr-go/azremoterendering/emulator"
)

func TestAdminClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, emulator.Options{Admin: true}) // it is midnight at the beginning of 2000
		s.create("a", `{"maxLeaseTimeMinutes":30,"size":"Standard"}`)
		for _, test := range []struct{ method, body, want string }{
			{"GET", "", `{"now":"2000-01-01T00:00:00Z","scale":1,"frozen":false,"offset":"0s"}`},
			{"POST", `{"advance":"29m59s"}`,
				`{"now":"2000-01-01T00:29:59Z","scale":1,"frozen":false,"offset":"29m59s"}`},
			{"POST", `{"scale":60}`, `{"now":"2000-01-01T00:29:59Z","scale":60,"frozen":false,"offset":"29m59s"}`},
			{"POST", `{"scale":0.5,"freeze":true,"advance":"1s"}`,
				`{"now":"2000-01-01T00:30:00Z","scale":0.5,"frozen":true,"offset":"30m0s"}`},
			{"POST", `{"freeze":false}`, `{"now":"2000-01-01T00:30:00Z","scale":0.5,"frozen":false,"offset":"30m0s"}`},
			{"GET", "", `{"now":"2000-01-01T00:30:00Z","scale":0.5,"frozen":false,"offset":"30m0s"}`},
		} {
			r := s.admin(test.method, "/clock", test.body)
			assert.Equal(t, http.StatusOK, r.status, test.body)
			assert.Equal(t, test.want, r.body, test.body)
			assert.Equal(t, "no-store", r.header.Get("Cache-Control"))
		}
		assert.Equal(t, "Expired", s.look("a").Status)
		time.Sleep(2 * time.Second)
		var state struct{ Now time.Time }
		assert.NoError(t, json.Unmarshal([]byte(s.admin("GET", "/clock", "").body), &state))
		assert.Equal(t, "00:30:01", state.Now.Format(time.TimeOnly))
	})
}

func TestAdminClockRefuses(t *testing.T) {
	s := start(t, emulator.Options{Admin: true, StartFrozen: true})
	before := s.Clock().Now()
	for body, want := range map[string]string{
		``: "must be an object", `[]`: "must be an object", `{}`: "must be an object",
		`{"advance":31}`:                   "must be an object",
		`{"advance":"31"}`:                 "must be an object",
		`{"advance":null}`:                 "must be an object",
		`{"scale":"60"}`:                   "must be an object",
		`{"freeze":1}`:                     "must be an object",
		`{"freeze":null}`:                  "must be an object",
		`{"rate":60}`:                      "must be an object",
		`{"Scale":60}`:                     "must be an object",
		`{"advance":"-1m"}`:                "cannot be taken back",
		`{"advance":"2562047h"}`:           "",
		`{"scale":0}`:                      "between 0.001 and 10000",
		`{"scale":1e9}`:                    "between 0.001 and 10000",
		`{"advance":"1h","scale":-1}`:      "between 0.001 and 10000",
		`{"freeze":false,"advance":"-1m"}`: "cannot be taken back",
	} {
		r := s.admin("POST", "/clock", body)
		if want == "" {
			assert.Equal(t, http.StatusOK, r.status, body)
			before = s.Clock().Now()
			continue
		}
		assert.Equal(t, http.StatusBadRequest, r.status, body)
		assert.Contains(t, r.body, want, body)
		assert.True(t, s.Clock().State().Frozen, "nothing has changed")
	}
	assert.Equal(t, before, s.Clock().Now())
	assert.Equal(t, http.StatusMethodNotAllowed, s.admin("PUT", "/clock", "{}").status)
	assert.Equal(t, http.StatusUnsupportedMediaType, s.send("POST", adminBase+"/clock", `{"scale":2}`, nil).status)
	off := start(t, emulator.Options{})
	assert.Equal(t, http.StatusNotFound, off.admin("POST", "/clock", `{"advance":"1h"}`).status)
	assert.InDelta(t, 0, off.Clock().State().Offset, 0)
}
