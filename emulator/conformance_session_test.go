// SPDX-License-Identifier: MIT

package emulator_test

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator"
)

// slow has every session Starting for two minutes.
func slow(decisions emulator.Decisions) emulator.Options {
	return emulator.Options{
		StartupTime: emulator.FixedStartup(2 * time.Minute),
		Decisions:   decisions,
	}
}

// byState is the text of a session a in each state: after nothing but its creation (Starting), 90
// seconds after it became Ready (Ready, and Stopped, Error, Expired from there; but a lease of 5 is
// used up when it expires), and stopped or failed before it was Ready.
var byState = map[emulator.AbsentValues]map[string]string{
	emulator.AbsentOmitted: {
		"Starting": `{"id":"a","creationTime":T,"elapsedTimeMinutes":0,"maxLeaseTimeMinutes":5,` +
			`"size":"Standard","status":"Starting"}`,
		"Ready": `{"id":"a","creationTime":T,"arrInspectorPort":P,"handshakePort":P,` +
			`"elapsedTimeMinutes":1,"hostname":H,` +
			`"maxLeaseTimeMinutes":5,"size":"Standard","status":"Ready","teraflops":10.6}`,
		"Stopped": `{"id":"a","creationTime":T,"elapsedTimeMinutes":1,"maxLeaseTimeMinutes":5,` +
			`"size":"Standard","status":"Stopped","teraflops":10.6}`,
		"Expired": `{"id":"a","creationTime":T,"elapsedTimeMinutes":5,"maxLeaseTimeMinutes":5,` +
			`"size":"Standard","status":"Expired","teraflops":10.6}`,
		"Error": `{"id":"a","creationTime":T,"elapsedTimeMinutes":1,"maxLeaseTimeMinutes":5,` +
			`"size":"Standard","status":"Error",` +
			`"error":{"code":"InternalServerError","message":"The session became unusable."}}`,
		"Stopped early": `{"id":"a","creationTime":T,"elapsedTimeMinutes":0,"maxLeaseTimeMinutes":5,` +
			`"size":"Standard","status":"Stopped"}`,
		"Error early": `{"id":"a","creationTime":T,"elapsedTimeMinutes":0,"maxLeaseTimeMinutes":5,` +
			`"size":"Standard","status":"Error",` +
			`"error":{"code":"InternalServerError","message":"The session failed to start."}}`,
	},
	emulator.AbsentNull: {
		"Starting": `{"id":"a","creationTime":T,"arrInspectorPort":0,"handshakePort":0,` +
			`"elapsedTimeMinutes":0,"hostname":null,` +
			`"maxLeaseTimeMinutes":5,"size":"Standard","status":"Starting","teraflops":0.0,"error":null}`,
		"Ready": `{"id":"a","creationTime":T,"arrInspectorPort":P,"handshakePort":P,` +
			`"elapsedTimeMinutes":1,"hostname":H,` +
			`"maxLeaseTimeMinutes":5,"size":"Standard","status":"Ready","teraflops":10.6,"error":null}`,
		"Stopped": `{"id":"a","creationTime":T,"arrInspectorPort":0,"handshakePort":0,` +
			`"elapsedTimeMinutes":1,"hostname":null,` +
			`"maxLeaseTimeMinutes":5,"size":"Standard","status":"Stopped","teraflops":10.6,"error":null}`,
		"Expired": `{"id":"a","creationTime":T,"arrInspectorPort":0,"handshakePort":0,` +
			`"elapsedTimeMinutes":5,"hostname":null,` +
			`"maxLeaseTimeMinutes":5,"size":"Standard","status":"Expired","teraflops":10.6,"error":null}`,
		"Error": `{"id":"a","creationTime":T,"arrInspectorPort":0,"handshakePort":0,` +
			`"elapsedTimeMinutes":1,"hostname":null,` +
			`"maxLeaseTimeMinutes":5,"size":"Standard","status":"Error","teraflops":0.0,` +
			`"error":{"code":"InternalServerError",` +
			`"message":"The session became unusable.","details":null,"target":null,"innerError":null}}`,
		"Stopped early": `{"id":"a","creationTime":T,"arrInspectorPort":0,"handshakePort":0,` +
			`"elapsedTimeMinutes":0,"hostname":null,` +
			`"maxLeaseTimeMinutes":5,"size":"Standard","status":"Stopped","teraflops":0.0,"error":null}`,
		"Error early": `{"id":"a","creationTime":T,"arrInspectorPort":0,"handshakePort":0,` +
			`"elapsedTimeMinutes":0,"hostname":null,` +
			`"maxLeaseTimeMinutes":5,"size":"Standard","status":"Error","teraflops":0.0,` +
			`"error":{"code":"InternalServerError",` +
			`"message":"The session failed to start.","details":null,"target":null,"innerError":null}}`,
	},
}

// walkState leads a session a into a state, and compares what get shows then, and an hour later if
// it has ended.
func walkState(state string) func(*walker) {
	return func(w *walker) {
		want := byState[w.absent][state]
		created := w.want(201, "PUT", "sessions/a", standard5)
		assert.Equal(
			w.t,
			byState[w.absent]["Starting"],
			shape(created.body),
			"the answer to the creation",
		)
		name, early := strings.CutSuffix(state, " early")
		if name != "Starting" && !early {
			time.Sleep(2*time.Minute + 90*time.Second)
		}
		switch name {
		case "Stopped":
			w.want(204, "POST", "sessions/a/:stop", "")
		case "Error":
			w.becomes("a", azremoterendering.SessionStatusError)
		case "Expired":
			time.Sleep(5 * time.Minute)
		}
		assert.Equal(w.t, want, shape(w.want(200, "GET", "sessions/a", "").body))
		if name != "Starting" && name != "Ready" {
			time.Sleep(time.Hour)
			assert.Equal(w.t, want, shape(w.want(200, "GET", "sessions/a", "").body), "frozen")
		}
	}
}

var objectRows = func() (rows []row) {
	for absent, spelling := range []string{"absent values left out", "absent values null"} {
		for _, state := range []string{
			"Starting", "Ready", "Stopped", "Expired", "Error", "Stopped early", "Error early",
		} {
			rows = append(rows, row{
				state + ", " + spelling,
				slow(
					emulator.Decisions{AbsentValues: emulator.AbsentValues(absent)},
				),
				walkState(state),
			})
		}
	}
	return append(rows, []row{
		{"creationTime has seven digits and +00:00", emulator.Options{}, func(w *walker) {
			time.Sleep(1234567800 * time.Nanosecond)
			w.made("a", standard5)
			assert.Contains(
				w.t,
				w.ask("GET", "sessions/a", "").body,
				`"creationTime":"2000-01-01T00:00:01.2345678+00:00"`,
			)
		}},
		{
			"elapsedTimeMinutes are whole ones in Ready, rounded down",
			slow(emulator.Decisions{}),
			func(w *walker) {
				w.made("a", standard5)
				time.Sleep(2*time.Minute - 1)
				assert.Equal(w.t, 0, w.shows("a", "Starting").ElapsedTimeMinutes)
				time.Sleep(time.Minute)
				assert.Equal(w.t, 0, w.shows("a", "Ready").ElapsedTimeMinutes)
				time.Sleep(time.Nanosecond)
				assert.Equal(w.t, 1, w.shows("a", "Ready").ElapsedTimeMinutes)
				time.Sleep(4*time.Minute - 1)
				assert.Equal(w.t, 4, w.shows("a", "Ready").ElapsedTimeMinutes)
			},
		},
		{"hostname, ports and teraflops", emulator.Options{}, func(w *walker) {
			for region, teraflops := range map[string]string{"westeurope": "10.6", "eastus2": "8.1"} {
				path := "https://remoterendering." + region + ".mixedreality.azure.com/accounts/" +
					w.Account().ID + "/sessions/a"
				w.want(201, "PUT", path, standard5)
				body := w.want(200, "GET", path, "").body
				assert.Contains(w.t, body, ".remoterendering.vm."+region+".mixedreality.azure.com")
				assert.Equal(
					w.t,
					`{"id":"a","creationTime":T,"arrInspectorPort":P,"handshakePort":P,`+
						`"elapsedTimeMinutes":0,"hostname":H,`+
						`"maxLeaseTimeMinutes":5,"size":"Standard","status":"Ready","teraflops":`+teraflops+`}`,
					shape(body),
				)
			}
		}},
		{
			"size is matched without case and written with a capital",
			emulator.Options{},
			func(w *walker) {
				for i, size := range []string{"Standard", "standard", "STANDARD", "Premium", "premium", "pREMIUM"} {
					id := fmt.Sprint(i)
					w.made(id, `{"maxLeaseTimeMinutes":5,"size":"`+size+`"}`)
					assert.Equal(
						w.t,
						[]string{"Standard", "Premium"}[i/3],
						w.shows(id, "Ready").Size,
					)
				}
			},
		},
		{"status is an open enumeration", emulator.Options{}, func(w *walker) {
			w.made("a", standard5)
			w.becomes("a", "Hibernating")
			assertNoServer(w.t, w.shows("a", "Hibernating"))
		}},
	}...)
}()

// ends lead a session a out of life.
var ends = map[azremoterendering.SessionStatus]func(*walker){
	"Stopped": func(w *walker) { w.want(204, "POST", "sessions/a/:stop", "") },
	"Error":   func(w *walker) { w.becomes("a", "Error") },
	"Expired": func(_ *walker) { time.Sleep(10 * time.Minute) },
}

var stateRows = []row{
	{
		"PUT leads to Starting, and time to Ready and Expired",
		slow(emulator.Decisions{}),
		func(w *walker) {
			w.made("a", standard5)
			for _, next := range []struct {
				after  time.Duration
				status string
			}{
				{0, "Starting"}, {2*time.Minute - 1, "Starting"}, {1, "Ready"},
				{5*time.Minute - 1, "Ready"}, {1, "Expired"},
			} {
				time.Sleep(next.after)
				w.shows("a", next.status)
			}
		},
	},
	{
		"Starting leads to Stopped",
		slow(emulator.Decisions{}),
		func(w *walker) { w.made("a", standard5); ends["Stopped"](w); w.shows("a", "Stopped") },
	},
	{
		"Starting leads to Error",
		slow(emulator.Decisions{}),
		func(w *walker) { w.made("a", standard5); ends["Error"](w); w.shows("a", "Error") },
	},
	{
		"Ready leads to Stopped",
		emulator.Options{},
		func(w *walker) { w.made("a", standard5); ends["Stopped"](w); w.shows("a", "Stopped") },
	},
	{
		"Ready leads to Error",
		emulator.Options{},
		func(w *walker) { w.made("a", standard5); ends["Error"](w); w.shows("a", "Error") },
	},
	{
		"Ready leads to Error by itself",
		emulator.Options{Backend: nestedFailure},
		func(w *walker) { w.made("a", standard5); w.shows("a", "Error") },
	},
	{"nothing leads back from Stopped, Error and Expired", emulator.Options{}, func(w *walker) {
		for status, end := range ends {
			w.service = start(w.t, emulator.Options{})
			w.made("a", standard5)
			end(w)
			before := w.want(200, "GET", "sessions/a", "").body
			w.want(422, "PATCH", "sessions/a", `{"maxLeaseTimeMinutes":100}`)
			w.want(204, "POST", "sessions/a/:stop", "")
			assert.Equal(w.t, before, w.want(200, "PUT", "sessions/a", standard5).body)
			for _, back := range []azremoterendering.SessionStatus{
				"Starting", "Ready", "Stopped", "Error", "Expired", "Other",
			} {
				require.Error(w.t, w.SetStatus("a", back))
			}
			time.Sleep(20 * time.Hour)
			assert.Equal(w.t, before, w.want(200, "GET", "sessions/a", "").body, status)
		}
	}},
	{"stop is effective at once", emulator.Options{}, func(w *walker) {
		w.made("a", standard5)
		w.shows("a", "Ready")
		w.want(204, "POST", "sessions/a/:stop", "")
		stopped := w.shows("a", "Stopped")
		assert.Empty(w.t, stopped.Hostname)
		assert.Zero(w.t, stopped.HandshakePort+stopped.ArrInspectorPort)
		assert.Equal(w.t, `{"sessions":[]}`, w.want(200, "GET", "sessions", "").body)
	}},
	{
		"starting takes as long as was seen",
		emulator.Options{StartupTime: emulator.RecordedStartup()},
		func(w *walker) {
			w.made("a", standard5)
			time.Sleep(8*time.Second - 1)
			w.shows("a", "Starting")
			time.Sleep(time.Nanosecond)
			if w.look("a").Status == "Starting" {
				time.Sleep(142*time.Second - 1)
				w.shows("a", "Starting")
				time.Sleep(30*time.Second + 1)
				w.shows("a", "Ready")
			}
		},
	},
	{"servers run out per region and size, and the session tells", emulator.Options{
		StartupTime: emulator.FixedStartup(time.Minute),
		Capacity: func(_ azremoterendering.Region, size azremoterendering.SessionSize) int {
			return map[azremoterendering.SessionSize]int{"Standard": 0, "Premium": 1}[size]
		},
	}, func(w *walker) {
		w.made("a", standard5)
		w.made("b", premium5)
		w.made("c", premium5)
		w.want(
			201,
			"PUT",
			"https://remoterendering.eastus2.mixedreality.azure.com/accounts/"+w.Account().ID+"/sessions/d",
			premium5,
		)
		w.shows("a", "Starting")
		time.Sleep(time.Minute)
		for _, id := range []string{"a", "c"} {
			s := w.shows(id, "Error")
			require.NotNil(w.t, s.Error)
			assert.Equal(w.t, "CapacityExceeded", s.Error.Code)
			assert.NotEmpty(w.t, s.Error.Message)
		}
		w.shows("b", "Ready")
		there := w.want(
			200,
			"GET",
			"https://remoterendering.eastus2.mixedreality.azure.com/accounts/"+w.Account().ID+"/sessions/d",
			"",
		)
		assert.Equal(w.t, "Ready", there.session(w.t).Status)
	}},
	{"a session lives in the region that was asked", emulator.Options{}, func(w *walker) {
		w.made("a", standard5)
		for region, status := range map[string]int{"westeurope": 200, "eastus2": 404} {
			w.want(
				status,
				"GET",
				"https://remoterendering."+region+".mixedreality.azure.com/accounts/"+w.Account().ID+"/sessions/a",
				"",
			)
		}
	}},
	{
		"what has ended can be read for 30 days",
		emulator.Options{TokenLifetime: 40 * 24 * time.Hour},
		func(w *walker) {
			w.made("a", standard5)
			time.Sleep(5*time.Minute + 30*24*time.Hour - 1)
			w.shows("a", "Expired")
			time.Sleep(time.Nanosecond)
			w.want(404, "GET", "sessions/a", "")
		},
	},
}

// leases tries leases of a new session, or updates of session a.
func (w *walker) leases(method, path string, statuses map[int]int) {
	w.t.Helper()
	for minutes, status := range statuses {
		body := fmt.Sprintf(`{"maxLeaseTimeMinutes":%d}`, minutes)
		target := path
		if method == http.MethodPut {
			body = fmt.Sprintf(`{"maxLeaseTimeMinutes":%d,"size":"Standard"}`, minutes)
			target += fmt.Sprintf("new%d", max(0, minutes))
		}
		r := w.want(status, method, target, body)
		if status < 300 {
			assert.Equal(w.t, minutes, r.session(w.t).MaxLeaseTimeMinutes)
		}
	}
}
