// SPDX-License-Identifier: MIT

package emulator_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering/emulator"
)

func TestAdminResets(t *testing.T) {
	s := start(t, emulator.Options{Admin: true, Accounts: []emulator.AccountOptions{{}, {ID: secondAccount}}})
	ids := func() string {
		var ids []string
		for _, each := range s.Sessions() {
			ids = append(ids, each.ID)
		}
		return strings.Join(ids, " ")
	}
	s.create("a-1", standard5)
	s.create("b-1", standard5)
	s.create("b-2", standard5)
	s.as(secondAccount).create("c", standard5)
	for _, test := range []struct {
		body, left string
		status     int
	}{
		{`{"prefix":"a-"}`, "b-1 b-2 c", 204},
		{`{"account":"` + strings.ToUpper(secondAccount) + `"}`, "b-1 b-2", 204},
		{`{"account":"` + secondAccount + `","prefix":"b"}`, "b-1 b-2", 204},
		{`{"account":"00000000-0000-0000-0000-000000000000"}`, "b-1 b-2", 404},
		{`{"account":""}`, "b-1 b-2", 400},
		{`{"prefix":""}`, "b-1 b-2", 400},
		{`{"prefix":null}`, "b-1 b-2", 400},
		{`{"prefix":"b*"}`, "b-1 b-2", 400},
		{`{"Prefix":"b"}`, "b-1 b-2", 400},
		{`{"prefix":"b","all":true}`, "b-1 b-2", 400},
		{`{"prefix":"b-1","prefix":"b"}`, "b-1 b-2", 400},
		{`[]`, "b-1 b-2", 400},
		{`{`, "b-1 b-2", 400},
		{`{"prefix":"` + strings.Repeat("b", 1<<20) + `"}`, "b-1 b-2", 413},
		{``, "", 204},
	} {
		r := s.admin("POST", "/reset", test.body)
		assert.Equalf(t, test.status, r.status, "%.80s", test.body)
		assert.Equalf(t, test.left, ids(), "%.80s", test.body)
	}
	assert.Equal(t, 400, s.admin("POST", "/reset?account="+secondAccount, "").status)
	assert.Equal(t, 204, s.admin("POST", "/reset", "{}").status)
	assert.Empty(t, s.Requests())
}

func TestAdminRotatesKeys(t *testing.T) {
	s := start(t, emulator.Options{Admin: true})
	path := "/accounts/" + s.Account().ID + "/keys/"
	for _, which := range []string{"primary", "secondary"} {
		before := map[string]string{"primary": s.Key(), "secondary": s.SecondaryKey()}[which]
		r := s.admin("POST", path+which, "")
		require.Equal(t, http.StatusOK, r.status, r.body)
		assert.Equal(t, "no-store", r.header.Get("Cache-Control"))
		var body struct{ Key string }
		require.NoError(t, json.Unmarshal([]byte(r.body), &body))
		assert.Equal(t, map[string]string{"primary": s.Key(), "secondary": s.SecondaryKey()}[which], body.Key)
		assert.Equal(t, 401, s.exchange(s.Account().ID+":"+before).status)
		assert.Equal(t, 200, s.exchange(s.Account().ID+":"+body.Key).status)
		assert.NotContains(t, s.admin("GET", "/requests", "").body+s.admin("GET", "/state", "").body, body.Key)
	}
	key := s.Key()
	assert.Equal(t, 404, s.admin("POST", path+"third", "").status)
	assert.Equal(t, 404, s.admin("POST", "/accounts/x/keys/primary", "").status)
	assert.Equal(t, 400, s.admin("POST", path+"primary", `{"key":"mine"}`).status)
	assert.Equal(t, 400, s.admin("POST", path+"primary?key=mine", "").status)
	assert.Equal(t, 405, s.admin("GET", path+"primary", "").status)
	assert.Equal(t, key, s.Key())
}

func TestAdminTokenLifetime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, emulator.Options{Admin: true})
		assert.Equal(t, 204, s.admin("POST", "/tokens/lifetime", `{"lifetime":"10m"}`).status)
		for _, body := range []string{
			``, `{}`, `{"lifetime":10}`, `{"lifetime":"ten"}`, `{"lifetime":"1.5s"}`, `{"lifetime":"-1m"}`,
		} {
			assert.Equal(t, 400, s.admin("POST", "/tokens/lifetime", body).status, body)
		}
		s.authorize()
		time.Sleep(9 * time.Minute)
		assert.Equal(t, 404, s.get("a").status)
		time.Sleep(2 * time.Minute)
		assert.Equal(t, 401, s.get("a").status)
	})
}

func TestAdminShowsASession(t *testing.T) {
	s := start(t, emulator.Options{Admin: true})
	s.create("a", standard5)
	var shown struct {
		Region  string
		Session seen
		ReadyAt time.Time
	}
	r := s.admin("GET", "/sessions/a", "")
	require.NoError(t, json.Unmarshal([]byte(r.body), &shown))
	assert.Equal(t, "westeurope", shown.Region)
	assert.Equal(t, s.look("a"), shown.Session)
	assert.False(t, shown.ReadyAt.IsZero())
	assert.Equal(t, 404, s.admin("GET", "/sessions/b", "").status)
	assert.Equal(t, 404, s.admin("GET", "/sessions/a?region=uksouth", "").status)
	assert.Equal(t, 400, s.admin("GET", "/sessions/a?x=y", "").status)
}

type requestsSeen struct {
	Requests []struct {
		Sequence           uint64
		Operation, Session string
		Status             int
	}
	Next, Lost uint64
}

func (s *service) requests(query string) requestsSeen {
	s.t.Helper()
	r := s.admin("GET", "/requests"+query, "")
	require.Equal(s.t, http.StatusOK, r.status, r.body)
	var body requestsSeen
	require.NoError(s.t, json.Unmarshal([]byte(r.body), &body))
	return body
}

func TestAdminRequests(t *testing.T) {
	s := start(t, emulator.Options{Admin: true})
	s.create("a", standard5)
	s.get("a")
	s.get("b")
	s.call("PUT", "/nothing", "")
	first := s.requests("")
	assert.Len(t, first.Requests, 5)
	assert.Equal(t, uint64(5), first.Next)
	s.stop("a")
	for query, want := range map[string]int{
		"?since=0": 6, "?since=5": 1, "?since=6": 0, "?operation=create": 1, "?operation=GetSession": 2,
		"?operation=unknown": 1, "?session=a": 3, "?session=a&status=2xx": 3, "?session=a&status=204": 1,
		"?status=4xx": 2, "?status=404&operation=get": 1, "?status=0": 0, "?conversion=a": 0,
		"?region=westeurope": 6, "?region=uksouth": 0, "?account=" + s.Account().ID: 5,
		"?wait=0s": 6, "?session=a&wait=1h": -1, "?since=7": -1, "?since=-1": -1, "?since=x": -1,
		"?wait=61s": -1, "?wait=-1s": -1, "?wait=5": -1, "?operation=creat": -1, "?status=999": -1,
		"?status=x":  -1,
		"?status=xx": -1, "?status=0404": -1, "?status=%2B404": -1, "?session=a&session=b": -1, "?id=a": -1,
	} {
		if want < 0 {
			assert.Equal(t, http.StatusBadRequest, s.admin("GET", "/requests"+query, "").status, query)
			continue
		}
		got := s.requests(query)
		assert.Len(t, got.Requests, want, query)
		assert.Equal(t, uint64(6), got.Next)
	}
	for range 2000 {
		s.call("GET", "/nothing", "")
	}
	got := s.requests("?since=4")
	assert.Equal(t, uint64(2), got.Lost)
	assert.Len(t, got.Requests, 2000)
}

func TestAdminWaitsForARequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, emulator.Options{Admin: true})
		begin := time.Now()
		go func() {
			time.Sleep(5 * time.Second)
			s.get("b")
			time.Sleep(5 * time.Second)
			s.create("a", standard5)
		}()
		got := s.requests("?wait=30s&session=a")
		assert.Equal(t, 10*time.Second, time.Since(begin))
		require.Len(t, got.Requests, 1)
		assert.Equal(t, "CreateSession", got.Requests[0].Operation)

		begin = time.Now()
		got = s.requests("?wait=30s&session=a&since=3")
		assert.Equal(t, 30*time.Second, time.Since(begin))
		assert.Empty(t, got.Requests)
		assert.Equal(t, uint64(3), got.Next)

		begin = time.Now()
		time.AfterFunc(time.Second, func() { assert.NoError(t, s.Close()) })
		assert.Empty(t, s.requests("?wait=60s&since=3").Requests)
		assert.Equal(t, time.Second, time.Since(begin), "Close ends it")
	})
}

func TestLongPollsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, emulator.Options{Admin: true})
		statuses := make(chan int, 100)
		for range 100 {
			go func() { statuses <- s.admin("GET", "/requests?wait=10s&session=x", "").status }()
		}
		counts := map[int]int{}
		for range 100 {
			counts[<-statuses]++
		}
		assert.Equal(t, map[int]int{200: 64, 429: 36}, counts)
		assert.Equal(t, 200, s.admin("GET", "/requests?wait=1s&session=x", "").status, "the places are free again")
	})
}
