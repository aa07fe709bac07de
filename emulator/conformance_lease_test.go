// SPDX-License-Identifier: MIT

package emulator_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering/emulator"
)

var leaseRows = []row{
	{
		"the lease starts when the session is Ready, and is a total",
		slow(emulator.Decisions{}),
		func(w *walker) {
			w.made("a", `{"maxLeaseTimeMinutes":3,"size":"Standard"}`)
			time.Sleep(4 * time.Minute) // two of them Starting
			w.shows("a", "Ready")
			w.want(200, "PATCH", "sessions/a", `{"maxLeaseTimeMinutes":10}`)
			time.Sleep(8*time.Minute - 1)
			w.shows("a", "Ready")
			time.Sleep(time.Nanosecond)
			assert.Equal(w.t, 10, w.shows("a", "Expired").ElapsedTimeMinutes)
		},
	},
	{"lease less elapsed time is up to a minute too much", emulator.Options{}, func(w *walker) {
		w.made("a", standard5)
		w.shows("a", "Ready")
		time.Sleep(5*time.Minute - 1)
		s := w.shows("a", "Ready")
		assert.Equal(w.t, 1, s.MaxLeaseTimeMinutes-s.ElapsedTimeMinutes)
	}},
	{"create between 1 and 1440 minutes", emulator.Options{}, func(w *walker) {
		w.leases(
			"PUT",
			"sessions/",
			map[int]int{
				-2147483648: 400,
				-1:          400,
				0:           400,
				1:           201,
				1439:        201,
				1440:        201,
				1441:        400,
				2147483647:  400,
			},
		)
	}},
	{
		"create with 0 minutes if that is decided",
		emulator.Options{Decisions: emulator.Decisions{AcceptZeroLease: true}},
		func(w *walker) {
			w.leases("PUT", "sessions/", map[int]int{0: 201, -1: 400})
			w.shows("new0", "Expired")
		},
	},
	{"update above the present lease and below 1440", emulator.Options{}, func(w *walker) {
		w.made("a", standard5)
		w.leases(
			"PATCH",
			"sessions/a",
			map[int]int{-1: 422, 0: 422, 4: 422, 5: 422, 1440: 422, 1441: 422},
		)
		assert.Equal(w.t, 5, w.shows("a", "Ready").MaxLeaseTimeMinutes)
		w.leases("PATCH", "sessions/a", map[int]int{1439: 200})
		w.leases("PATCH", "sessions/a", map[int]int{1439: 422, 1440: 422})
	}},
	{"a session created with 1440 cannot be extended", emulator.Options{}, func(w *walker) {
		w.made("a", `{"maxLeaseTimeMinutes":1440,"size":"Standard"}`)
		w.leases("PATCH", "sessions/a", map[int]int{1439: 422, 1440: 422, 1441: 422})
	}},
	{
		"update to less if that is decided",
		emulator.Options{Decisions: emulator.Decisions{AcceptShorterLease: true}},
		func(w *walker) {
			w.made("a", standard5)
			time.Sleep(150 * time.Second)
			w.leases("PATCH", "sessions/a", map[int]int{2: 422})
			w.leases("PATCH", "sessions/a", map[int]int{3: 200})
			time.Sleep(30 * time.Second)
			w.shows("a", "Expired")
		},
	},
	{"update while Starting", slow(emulator.Decisions{}), func(w *walker) {
		w.made("a", standard5)
		w.leases("PATCH", "sessions/a", map[int]int{6: 200})
		w.shows("a", "Starting")
		time.Sleep(8*time.Minute - 1)
		w.shows("a", "Ready")
		time.Sleep(time.Nanosecond)
		w.shows("a", "Expired")
	}},
	{"update of an ended session", emulator.Options{}, func(w *walker) {
		w.made("a", standard5)
		w.want(204, "POST", "sessions/a/:stop", "")
		w.refused(
			422,
			"UnprocessableEntity",
			"The session has ended; its lease cannot be extended.",
			"PATCH",
			"sessions/a",
			`{"maxLeaseTimeMinutes":6}`,
		)
	}},
	{
		"update and stop of an ended session as decided",
		emulator.Options{
			Decisions: emulator.Decisions{
				UpdateEndedStatus:     404,
				StopEndedStatus:       404,
				MalformedUpdateStatus: 422,
			},
		},
		func(w *walker) {
			w.made("a", standard5)
			w.refused(
				422,
				"UnprocessableEntity",
				"The request was malformed: the body is not JSON.",
				"PATCH",
				"sessions/a",
				"",
			)
			w.want(204, "POST", "sessions/a/:stop", "")
			w.want(404, "POST", "sessions/a/:stop", "")
			w.want(404, "PATCH", "sessions/a", `{"maxLeaseTimeMinutes":6}`)
		},
	},
	{"no update revives what has expired", emulator.Options{}, func(w *walker) {
		w.made("a", standard5)
		time.Sleep(5 * time.Minute)
		w.leases("PATCH", "sessions/a", map[int]int{100: 422})
		assert.Equal(w.t, 5, w.shows("a", "Expired").MaxLeaseTimeMinutes)
	}},
	{"the size cannot change", emulator.Options{}, func(w *walker) {
		w.made("a", standard5)
		s := w.want(200, "PATCH", "sessions/a", `{"maxLeaseTimeMinutes":6,"size":"Premium"}`).
			session(w.t)
		assert.Equal(w.t, "Standard", s.Size)
	}},
}

var idempotenceRows = []row{
	{
		"201 for a new id, 200 with the present object for the same settings",
		slow(emulator.Decisions{}),
		func(w *walker) {
			w.made("a", standard5)
			for _, status := range []string{"Starting", "Ready", "Expired"} {
				r := w.want(200, "PUT", "sessions/a", `{"maxLeaseTimeMinutes":5,"size":"STANDARD"}`)
				assert.Equal(w.t, w.want(200, "GET", "sessions/a", "").body, r.body)
				assert.Equal(w.t, status, r.session(w.t).Status)
				time.Sleep(5 * time.Minute)
			}
		},
	},
	{"409 for other settings", emulator.Options{}, func(w *walker) {
		w.made("a", standard5)
		for _, body := range []string{
			premium5, `{"maxLeaseTimeMinutes":4,"size":"Standard"}`,
			`{"maxLeaseTimeMinutes":6,"size":"Standard"}`,
		} {
			w.want(409, "PUT", "sessions/a", body)
		}
		w.want(400, "PUT", "sessions/a", `{"maxLeaseTimeMinutes":-5,"size":"Standard"}`)
	}},
	{"the same settings are the present or the first ones", emulator.Options{}, func(w *walker) {
		w.made("a", standard5)
		w.leases("PATCH", "sessions/a", map[int]int{7: 200})
		for minutes, status := range map[int]int{5: 200, 6: 409, 7: 200} {
			w.want(
				status,
				"PUT",
				"sessions/a",
				fmt.Sprintf(`{"maxLeaseTimeMinutes":%d,"size":"Standard"}`, minutes),
			)
		}
	}},
	{"an id of an ended session shows the end", emulator.Options{}, func(w *walker) {
		w.made("a", standard5)
		w.want(204, "POST", "sessions/a/:stop", "")
		assert.Equal(
			w.t,
			"Stopped",
			w.want(200, "PUT", "sessions/a", standard5).session(w.t).Status,
		)
		w.want(409, "PUT", "sessions/a", premium5)
	}},
	{
		"an id of an ended session is a conflict if that is decided",
		emulator.Options{Decisions: emulator.Decisions{RefuseEndedID: true}},
		func(w *walker) {
			w.made("a", standard5)
			w.want(204, "POST", "sessions/a/:stop", "")
			w.want(409, "PUT", "sessions/a", standard5)
		},
	},
}

// listed asks for a page, and returns the ids on it and the next link, "" if the member is absent.
func (w *walker) listed(path string) (ids []string, next string) {
	w.t.Helper()
	var page map[string]json.RawMessage
	r := w.want(200, "GET", path, "")
	require.NoError(w.t, json.Unmarshal([]byte(r.body), &page), r.body)
	var sessions []seen
	require.NoError(w.t, json.Unmarshal(page["sessions"], &sessions), r.body)
	for _, s := range sessions {
		ids = append(ids, s.ID)
	}
	if link, present := page["@nextLink"]; present {
		require.NoError(w.t, json.Unmarshal(link, &next), r.body)
		assert.NotEmpty(w.t, next, "absent rather than empty")
	}
	return ids, next
}

var listRows = []row{
	{
		"Starting and Ready, oldest first",
		emulator.Options{StartupTime: emulator.FixedStartup(10 * time.Minute)},
		func(w *walker) {
			for _, id := range []string{"expired", "z", "stopped", "failed"} {
				w.made(id, standard5)
			}
			w.becomes("expired", "Expired")
			w.becomes("failed", "Error")
			w.becomes("z", "Ready")
			w.want(204, "POST", "sessions/stopped/:stop", "")
			time.Sleep(time.Minute)
			w.made("a", standard5)
			ids, next := w.listed("sessions")
			assert.Equal(w.t, []string{"z", "a"}, ids)
			assert.Empty(w.t, next, "no @nextLink at all")
		},
	},
	{
		"what has ended too, if that is decided",
		emulator.Options{Decisions: emulator.Decisions{ListEnded: true}},
		func(w *walker) {
			w.made("b", standard5)
			w.made("a", standard5)
			w.want(204, "POST", "sessions/b/:stop", "")
			ids, _ := w.listed("sessions")
			assert.Equal(w.t, []string{"b", "a"}, ids)
		},
	},
	{"each as get shows it, absent values left out", emulator.Options{}, walkListObject},
	{"each as get shows it in January 2021", withNulls, walkListObject},
	{"no sessions", emulator.Options{}, func(w *walker) {
		assert.Equal(w.t, `{"sessions":[]}`, w.want(200, "GET", "sessions", "").body)
	}},
	{"50 on a page, and an absolute link to the next", emulator.Options{}, func(w *walker) {
		var all []string
		for i := range 120 {
			id := fmt.Sprint(i)
			w.made(id, standard5)
			all = append(all, id)
		}
		next := "https://remoterendering.westeurope.mixedreality.azure.com/accounts/" + w.Account().ID +
			"/sessions" + apiVersion
		var walked []string
		for _, size := range []int{50, 50, 20} {
			var ids []string
			ids, next = w.listed(next)
			assert.Len(w.t, ids, size)
			walked = append(walked, ids...)
			if size == 50 {
				checkNextLink(w.t, w.Account().ID, next)
			}
		}
		assert.Empty(w.t, next)
		assert.Equal(w.t, all, walked)
	}},
	{
		"a next link needs the same authorization",
		emulator.Options{Decisions: emulator.Decisions{PageSize: 1}},
		func(w *walker) {
			w.made("a", standard5)
			w.made("b", standard5)
			_, next := w.listed("sessions")
			assert.Equal(w.t, 401, w.send("GET", next, "", nil).status)
			ids, _ := w.listed(next)
			assert.Equal(w.t, []string{"b"}, ids)
		},
	},
}

func walkListObject(w *walker) {
	w.made("a", standard5)
	one := w.want(200, "GET", "sessions/a", "").body
	assert.Equal(w.t, `{"sessions":[`+one+`]}`, w.want(200, "GET", "sessions", "").body)
}

func checkNextLink(t *testing.T, account, next string) {
	t.Helper()
	link, err := url.Parse(next)
	require.NoError(t, err)
	assert.Equal(t, "https", link.Scheme)
	assert.Equal(t, "remoterendering.westeurope.mixedreality.azure.com", link.Host)
	assert.Equal(t, "/accounts/"+account+"/sessions", link.Path)
	assert.Equal(t, "2021-01-01", link.Query().Get("api-version"))
	assert.NotEmpty(t, link.Query().Get("skiptoken"))
}
