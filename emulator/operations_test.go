// SPDX-License-Identifier: MIT

package emulator_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator"
)

// The bodies below are those recorded from the service, except for id, time, host and ports.
func TestSessionSpellings(t *testing.T) {
	for name, test := range map[string]struct {
		absent                                          emulator.AbsentValues
		starting, ready, stopped, failed, refused, list string
	}{
		"omitted (May 2021)": {
			absent: emulator.AbsentOmitted,
			starting: `{"id":"a","creationTime":"2000-01-01T00:00:00+00:00",` +
				`"elapsedTimeMinutes":0,"maxLeaseTimeMinutes":5,"size":"Standard","status":"Starting"}`,
			ready: `{"id":"a","creationTime":"2000-01-01T00:00:00+00:00",` +
				`"arrInspectorPort":%d,"handshakePort":%d,"elapsedTimeMinutes":0,"hostname":"%s",` +
				`"maxLeaseTimeMinutes":5,"size":"Standard","status":"Ready","teraflops":10.6}`,
			stopped: `{"id":"a","creationTime":"2000-01-01T00:00:00+00:00",` +
				`"elapsedTimeMinutes":0,"maxLeaseTimeMinutes":5,"size":"Standard","status":"Stopped","teraflops":10.6}`,
			failed: `{"id":"b","creationTime":"2000-01-01T00:01:00.0000001+00:00",` +
				`"elapsedTimeMinutes":0,"maxLeaseTimeMinutes":5,"size":"Standard","status":"Error",` +
				`"error":{"code":"InternalServerError","message":"The session failed to start."}}`,
			refused: `{"error":{"code":"BadRequest","message":"The maxLeaseTimeMinutes value cannot be negative."}}`,
			list:    `{"sessions":[%s]}`,
		},
		"null (January 2021)": {
			absent: emulator.AbsentNull,
			starting: `{"id":"a","creationTime":"2000-01-01T00:00:00+00:00",` +
				`"arrInspectorPort":0,"handshakePort":0,"elapsedTimeMinutes":0,"hostname":null,` +
				`"maxLeaseTimeMinutes":5,"size":"Standard","status":"Starting","teraflops":0.0,"error":null}`,
			ready: `{"id":"a","creationTime":"2000-01-01T00:00:00+00:00",` +
				`"arrInspectorPort":%d,"handshakePort":%d,"elapsedTimeMinutes":0,"hostname":"%s",` +
				`"maxLeaseTimeMinutes":5,"size":"Standard","status":"Ready","teraflops":10.6,"error":null}`,
			stopped: `{"id":"a","creationTime":"2000-01-01T00:00:00+00:00",` +
				`"arrInspectorPort":0,"handshakePort":0,"elapsedTimeMinutes":0,"hostname":null,` +
				`"maxLeaseTimeMinutes":5,"size":"Standard","status":"Stopped","teraflops":10.6,"error":null}`,
			failed: `{"id":"b","creationTime":"2000-01-01T00:01:00.0000001+00:00",` +
				`"arrInspectorPort":0,"handshakePort":0,"elapsedTimeMinutes":0,"hostname":null,` +
				`"maxLeaseTimeMinutes":5,"size":"Standard","status":"Error","teraflops":0.0,` +
				`"error":{"code":"InternalServerError","message":"The session failed to ` +
				`start.","details":null,"target":null,"innerError":null}}`,
			refused: `{"error":{"code":"BadRequest","message":"The maxLeaseTimeMinutes value cannot ` +
				`be negative.","details":null,"target":null,"innerError":null}}`,
			list: `{"sessions":[%s]}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := start(t, emulator.Options{
					StartupTime: emulator.FixedStartup(time.Minute),
					Decisions:   emulator.Decisions{AbsentValues: test.absent},
				})
				assert.Equal(t, test.starting, s.put("a", standard5).body)
				assert.Equal(t, test.starting, s.get("a").body)
				time.Sleep(time.Minute)
				ready := s.get("a")
				session := ready.session(t)
				assert.Equal(
					t,
					fmt.Sprintf(
						test.ready,
						session.ArrInspectorPort,
						session.HandshakePort,
						session.Hostname,
					),
					ready.body,
				)
				assert.Equal(
					t,
					fmt.Sprintf(test.list, ready.body),
					s.call(http.MethodGet, s.list()+apiVersion, "").body,
				)
				s.stop("a")
				assert.Equal(t, test.stopped, s.get("a").body)

				time.Sleep(199 * time.Nanosecond) // the service counts in steps of 100 ns
				s.create("b", standard5)
				require.NoError(t, s.SetStatus("b", azremoterendering.SessionStatusError))
				assert.Equal(t, test.failed, s.get("b").body)
				assert.Equal(
					t,
					test.refused,
					s.put("c", `{"maxLeaseTimeMinutes":-4,"size":"Standard"}`).body,
				)
			})
		})
	}
}

func TestComputingPowerAndHostOfARegion(t *testing.T) {
	s := start(t, emulator.Options{Region: azremoterendering.RegionEastUS2})
	s.create("standard", standard5)
	assert.Contains(t, s.get("standard").body, `"teraflops":8.1}`)
	s.create("premium", `{"maxLeaseTimeMinutes":5,"size":"Premium"}`)
	assert.Contains(t, s.get("premium").body, `"teraflops":16.2}`)
	assert.Contains(t, s.get("premium").body, `.remoterendering.vm.eastus2.mixedreality.azure.com"`)
}

func TestCreateBodies(t *testing.T) {
	tests := []struct {
		name, body string
		status     int
		message    string
	}{
		{
			"size without case",
			`{"maxLeaseTimeMinutes":5,"size":"sTANDARD"}`,
			201,
			`"size":"Standard"`,
		},
		{
			"any order, space, unknown members",
			"\n{ \"other\" : {\"a\":[1]}, \"size\":\"premium\" ,\t\"maxLeaseTimeMinutes\" : 5 }\r\n",
			201,
			`"size":"Premium"`,
		},
		{"escaped name", `{"maxLeaseTimeMinutes":5,"s\u0069ze":"Standard"}`, 201, `"Starting"`},
		{
			"shortest lease",
			`{"maxLeaseTimeMinutes":1,"size":"Standard"}`,
			201,
			`"maxLeaseTimeMinutes":1,`,
		},
		{
			"longest lease",
			`{"maxLeaseTimeMinutes":1440,"size":"Standard"}`,
			201,
			`"maxLeaseTimeMinutes":1440,`,
		},
		{
			"negative lease",
			`{"maxLeaseTimeMinutes":-4,"size":"Standard"}`,
			400,
			"The maxLeaseTimeMinutes value cannot be negative.",
		},
		{"zero lease", `{"maxLeaseTimeMinutes":0,"size":"Standard"}`, 400, "cannot be zero"},
		{
			"too long a lease",
			`{"maxLeaseTimeMinutes":1441,"size":"Standard"}`,
			400,
			"cannot be larger than 1440",
		},
		{"huge lease", `{"maxLeaseTimeMinutes":1e999,"size":"Standard"}`, 400, "32-bit integer"},
		{
			"huge integer",
			`{"maxLeaseTimeMinutes":99999999999999999999,"size":"Standard"}`,
			400,
			"32-bit integer",
		},
		{"fraction", `{"maxLeaseTimeMinutes":5.0,"size":"Standard"}`, 400, "32-bit integer"},
		{"lease as text", `{"maxLeaseTimeMinutes":"5","size":"Standard"}`, 400, "32-bit integer"},
		{
			"lease null",
			`{"maxLeaseTimeMinutes":null,"size":"Standard"}`,
			400,
			"maxLeaseTimeMinutes value is required",
		},
		{"no lease", `{"size":"Standard"}`, 400, "maxLeaseTimeMinutes value is required"},
		{
			"other case of a member",
			`{"MaxLeaseTimeMinutes":5,"size":"Standard"}`,
			400,
			"maxLeaseTimeMinutes value is required",
		},
		{
			"unknown size",
			`{"maxLeaseTimeMinutes":5,"size":"Tiny"}`,
			400,
			"Can't specify this VM size: Tiny",
		},
		{"empty size", `{"maxLeaseTimeMinutes":5,"size":""}`, 400, "VM size"},
		{"size as number", `{"maxLeaseTimeMinutes":5,"size":1}`, 400, "must be a string"},
		{"size null", `{"maxLeaseTimeMinutes":5,"size":null}`, 400, "size value is required"},
		{"no size", `{"maxLeaseTimeMinutes":5}`, 400, "size value is required"},
		{"empty", ``, 400, "not JSON"},
		{"cut off", `{"maxLeaseTimeMinutes":5,"size":"Standard"`, 400, "not JSON"},
		{"trailing data", standard5 + standard5, 400, "not JSON"},
		{"trailing comma", `{"maxLeaseTimeMinutes":5,"size":"Standard",}`, 400, "not JSON"},
		{"array", `[` + standard5 + `]`, 400, "not a JSON object"},
		{"null", `null`, 400, "not a JSON object"},
		{
			"twice",
			`{"maxLeaseTimeMinutes":5,"size":"Standard","maxLeaseTimeMinutes":5}`,
			400,
			"appears twice",
		},
		{
			"twice, escaped",
			`{"maxLeaseTimeMinutes":5,"size":"Standard","s\u0069ze":"Standard"}`,
			400,
			"appears twice",
		},
		{
			"invalid UTF-8",
			"{\"maxLeaseTimeMinutes\":5,\"size\":\"Standard\",\"x\":\"\xff\"}",
			400,
			"not JSON",
		},
		{"byte order mark", "\ufeff" + standard5, 400, "not JSON"},
		{"deep", strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000), 400, "not JSON"},
		{"largest body", standard5 + strings.Repeat(" ", 1<<20-len(standard5)), 201, "Starting"},
		{
			"larger body",
			standard5 + strings.Repeat(" ", 1<<20-len(standard5)+1),
			413,
			"larger than 1048576 bytes",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := start(t, emulator.Options{})
			r := s.put("a", test.body)
			assert.Equal(t, test.status, r.status, r.body)
			assert.Contains(t, r.body, test.message)
			if test.status == http.StatusBadRequest {
				assert.Equal(t, "BadRequest", r.code(t))
			}
			if test.status >= http.StatusBadRequest {
				assert.Equal(t, http.StatusNotFound, s.get("a").status, "nothing was made")
			}
		})
	}
}

func TestCreateLeaseAsDecided(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, emulator.Options{
			StartupTime: emulator.FixedStartup(time.Minute),
			Decisions: emulator.Decisions{
				AcceptZeroLease: true,
				MaxLease:        100 * 365 * 24 * time.Hour,
			},
		})
		s.create("zero", `{"maxLeaseTimeMinutes":0,"size":"Standard"}`)
		s.create("century", `{"maxLeaseTimeMinutes":52560000,"size":"Standard"}`)
		r := s.put("longer", `{"maxLeaseTimeMinutes":52560001,"size":"Standard"}`)
		assert.Equal(t, http.StatusBadRequest, r.status)
		time.Sleep(time.Minute - 1)
		assert.Equal(t, "Starting", s.look("zero").Status)
		time.Sleep(time.Nanosecond)
		assert.Equal(t, "Expired", s.look("zero").Status)
		assert.Equal(t, "Ready", s.look("century").Status)
	})
}

func TestCreateAgain(t *testing.T) {
	const (
		first   = `{"maxLeaseTimeMinutes":5,"size":"Standard"}`
		updated = `{"maxLeaseTimeMinutes":7,"size":"standard"}`
		neither = `{"maxLeaseTimeMinutes":6,"size":"Standard"}`
		premium = `{"maxLeaseTimeMinutes":5,"size":"Premium"}`
	)
	for name, test := range map[string]struct {
		compare emulator.SameSettings
		want    map[string]int
	}{
		"current or first": {
			emulator.CompareCurrentOrFirst,
			map[string]int{first: 200, updated: 200, neither: 409, premium: 409},
		},
		"current": {emulator.CompareCurrent, map[string]int{first: 409, updated: 200, neither: 409, premium: 409}},
		"first":   {emulator.CompareFirst, map[string]int{first: 200, updated: 409, neither: 409, premium: 409}},
	} {
		t.Run(name, func(t *testing.T) {
			s := start(
				t,
				emulator.Options{Decisions: emulator.Decisions{SameSettings: test.compare}},
			)
			s.create("a", first)
			assert.Equal(t, 200, s.put("a", first).status, "a blind repeat")
			s.patch("a", `{"maxLeaseTimeMinutes":7}`)
			for body, status := range test.want {
				r := s.put("a", body)
				assert.Equal(t, status, r.status, body)
				if status == http.StatusOK {
					assertServer(t, r.session(t))
				} else {
					assert.Equal(t, "Conflict", r.code(t))
				}
			}
			assert.Equal(t, 7, s.look("a").MaxLeaseTimeMinutes, "nothing changed")
		})
	}
}

func TestCreateWithTheIDOfAnEndedSession(t *testing.T) {
	s := start(t, emulator.Options{})
	s.create("a", standard5)
	s.stop("a")
	r := s.put("a", standard5)
	assert.Equal(t, http.StatusOK, r.status)
	assert.Equal(t, "Stopped", r.session(t).Status)
	assert.Equal(
		t,
		http.StatusConflict,
		s.put("a", `{"maxLeaseTimeMinutes":6,"size":"Standard"}`).status,
	)

	s = start(t, emulator.Options{Decisions: emulator.Decisions{RefuseEndedID: true}})
	s.create("a", standard5)
	assert.Equal(t, http.StatusOK, s.put("a", standard5).status)
	s.stop("a")
	assert.Equal(t, http.StatusConflict, s.put("a", standard5).status)
}

func TestConcurrentCreationsMakeOneSession(t *testing.T) {
	s := start(t, emulator.Options{StartupTime: emulator.FixedStartup(time.Hour)})
	statuses := make(chan int, 100)
	var group sync.WaitGroup
	for range cap(statuses) {
		group.Go(func() { statuses <- s.put("a", standard5).status })
	}
	group.Wait()
	close(statuses)
	count := make(map[int]int)
	for status := range statuses {
		count[status]++
	}
	assert.Equal(t, map[int]int{http.StatusCreated: 1, http.StatusOK: 99}, count)
	assert.Equal(t, []string{"a"}, s.walk())
}

func TestConcurrentOperations(t *testing.T) {
	s := start(t, emulator.Options{Decisions: emulator.Decisions{PageSize: 3}})
	var group sync.WaitGroup
	for i := range 16 {
		group.Go(func() {
			for j := range 5 {
				id := fmt.Sprintf("%d-%d", i%4, j) // four at a time share one
				s.put(id, standard5)
				s.get(id)
				s.patch(id, fmt.Sprintf(`{"maxLeaseTimeMinutes":%d}`, 6+i))
				s.call(http.MethodGet, s.list()+apiVersion, "")
				_ = s.SetStatus(id, "Hibernating") // somebody else may have ended it
				s.stop(id)
			}
		})
	}
	group.Wait()
	assert.Empty(t, s.walk(), "every session was stopped")
}
