// SPDX-License-Identifier: MIT

package emulator_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/arr-go/azremoterendering/emulator"
)

const mebibyte = 1 << 20

// TestHostileBodies sends bodies that no client should send, to create a session and to extend one:
// 400 or 413, and nothing has changed.
func TestHostileBodies(t *testing.T) {
	deep := strings.Repeat("[", 100_000)
	for name, test := range map[string]struct {
		body   string
		status int
	}{
		"empty":       {"", 400},
		"white space": {" \r\n\t", 400},
		"larger than 1 MiB": {
			`{"maxLeaseTimeMinutes":9,"size":"Standard"}` + strings.Repeat(" ", mebibyte), 413,
		},
		"larger than 1 MiB, no JSON": {strings.Repeat("x", 3*mebibyte), 413},
		"1 MiB of no JSON":           {strings.Repeat("x", mebibyte), 400},
		"invalid UTF-8 outside":      {"\xff" + standard5, 400},
		"invalid UTF-8 in a value":   {"{\"maxLeaseTimeMinutes\":9,\"size\":\"Standard\xff\"}", 400},
		"invalid UTF-8 in a name":    {"{\"maxLeaseTimeMinutes\":9,\"size\":\"Standard\",\"\xc3\":1}", 400},
		"overlong UTF-8":             {"{\"maxLeaseTimeMinutes\":9,\"size\":\"Standard\",\"\xc0\x80\":1}", 400},
		"UTF-16":                     {"\xff\xfe{\x00}\x00", 400},
		"byte order mark":            {"\xef\xbb\xbf" + `{"maxLeaseTimeMinutes":9,"size":"Standard"}`, 400},
		"lease twice":                {`{"maxLeaseTimeMinutes":9,"size":"Standard","maxLeaseTimeMinutes":8}`, 400},
		"lease twice, once escaped": {
			`{"maxLeaseTimeMinutes":9,"size":"Standard","maxLeaseTimeMinute\u0073":8}`, 400,
		},
		"unknown member twice":  {`{"maxLeaseTimeMinutes":9,"size":"Standard","x":1,"x":1}`, 400},
		"lease in another case": {`{"MAXLEASETIMEMINUTES":9,"size":"Standard"}`, 400},
		"text":                  {`{"maxLeaseTimeMinutes":"9","size":"Standard"}`, 400},
		"null":                  {`{"maxLeaseTimeMinutes":null,"size":"Standard"}`, 400},
		"true":                  {`{"maxLeaseTimeMinutes":true,"size":"Standard"}`, 400},
		"object":                {`{"maxLeaseTimeMinutes":{},"size":"Standard"}`, 400},
		"array":                 {`{"maxLeaseTimeMinutes":[9],"size":"Standard"}`, 400},
		"fraction":              {`{"maxLeaseTimeMinutes":9.5,"size":"Standard"}`, 400},
		"whole fraction":        {`{"maxLeaseTimeMinutes":9.0,"size":"Standard"}`, 400},
		"exponent":              {`{"maxLeaseTimeMinutes":9e0,"size":"Standard"}`, 400},
		"huge exponent":         {`{"maxLeaseTimeMinutes":1e400000000,"size":"Standard"}`, 400},
		"more than 32 bits":     {`{"maxLeaseTimeMinutes":4294967305,"size":"Standard"}`, 400},
		"more than 64 bits":     {`{"maxLeaseTimeMinutes":18446744073709551625,"size":"Standard"}`, 400},
		"a million digits": {
			`{"maxLeaseTimeMinutes":` + strings.Repeat("9", mebibyte-100) + `,"size":"Standard"}`,
			400,
		},
		"leading zero": {`{"maxLeaseTimeMinutes":09,"size":"Standard"}`, 400},
		"plus":         {`{"maxLeaseTimeMinutes":+9,"size":"Standard"}`, 400},
		"not a number": {`{"maxLeaseTimeMinutes":NaN,"size":"Standard"}`, 400},
		"underscore":   {`{"maxLeaseTimeMinutes":9_0,"size":"Standard"}`, 400},
		"deep nesting": {
			`{"maxLeaseTimeMinutes":9,"size":"Standard","x":` + deep + strings.Repeat("]", len(deep)) + `}`,
			400,
		},
		"deep nesting, unfinished": {deep, 400},
		"deep objects":             {strings.Repeat(`{"x":`, 100_000), 400},
		"array around":             {`[{"maxLeaseTimeMinutes":9,"size":"Standard"}]`, 400},
		"null instead":             {"null", 400},
		"text instead":             {`"maxLeaseTimeMinutes"`, 400},
		"something behind":         {`{"maxLeaseTimeMinutes":9,"size":"Standard"}x`, 400},
		"another object behind":    {`{"maxLeaseTimeMinutes":9,"size":"Standard"}{}`, 400},
		"NUL behind":               {`{"maxLeaseTimeMinutes":9,"size":"Standard"}` + "\x00", 400},
		"single quotes":            {`{'maxLeaseTimeMinutes':9,'size':'Standard'}`, 400},
		"comment":                  {`{"maxLeaseTimeMinutes":9,"size":"Standard"/**/}`, 400},
		"unfinished":               {`{"maxLeaseTimeMinutes":9,"size":"Stand`, 400},
		"a form instead":           {"maxLeaseTimeMinutes=9&size=Standard", 400},
		"many members, then twice": {
			`{"maxLeaseTimeMinutes":9,"size":"Standard"` + manyMembers(50_000) + `,"m7":1}`, 400,
		},
		"control character in a name": {"{\"maxLeaseTimeMinutes\":9,\"size\":\"Standard\",\"\x01\":1}", 400},
	} {
		t.Run(name, func(t *testing.T) {
			s := populated(t)
			before := s.everything()
			for _, ask := range []struct{ method, id string }{
				{"PUT", "new"}, {"PUT", "ready"}, {"PATCH", "ready"}, {"PATCH", "stopped"},
				{"PATCH", "nobody"},
			} {
				r := s.handle(ask.method, s.session(ask.id)+apiVersion, test.body)
				assert.Equal(t, test.status, r.status, "%s %s: %s", ask.method, ask.id, r.body)
				checkHostileAnswer(t, r)
				assert.Less(t, len(r.body), 1000, "an answer does not give a body back")
			}
			assert.Equal(t, before, s.everything())
		})
	}
}

func manyMembers(n int) string {
	var members strings.Builder
	for i := range n {
		fmt.Fprintf(&members, `,"m%d":1`, i)
	}
	return members.String()
}

// Sizes are texts of the caller that come back in a message.
func TestHostileSizes(t *testing.T) {
	s := populated(t)
	before := s.everything()
	for _, size := range []string{
		`"\ud800"`, `"\u0000"`, `"<script>"`, `"` + strings.Repeat("ä", 100_000) + `"`,
		`"Standard "`, `"\""`, `1`, `["Standard"]`, `{}`, `""`,
	} {
		r := s.handle(
			"PUT",
			s.session("new")+apiVersion,
			`{"maxLeaseTimeMinutes":9,"size":`+size+`}`,
		)
		assert.Equal(t, 400, r.status, size)
		checkHostileAnswer(t, r)
		assert.Less(t, len(r.body), 1000)
	}
	assert.Equal(t, before, s.everything())
}

func TestHostilePathsMethodsAndQueries(t *testing.T) {
	s := populated(t)
	before := s.everything()
	absurd := []string{
		strings.Repeat(
			"/",
			100_000,
		),
		"/accounts/" + strings.Repeat("a", 100_000) + "/sessions",
		s.list() + strings.Repeat("/..", 10_000),
		s.session(
			strings.Repeat("%61", 100_000),
		),
		s.session("%00"),
		s.session("%ff%fe"),
		s.session("ready%0d%0aX: y"),
		s.session("ready;x=y"),
		s.session(
			"ready/:stop/",
		),
		s.session("ready//:stop"),
		s.session("ready/:STOP"),
		s.session("ready/:stop/:stop"),
		"/accounts/%2e%2e/token",
		"/Accounts/" + s.Account().ID + "/token/",
		"/accounts/" + s.Account().ID + "/token%2f",
		s.session("\u202eready"),
	}
	for _, path := range absurd {
		for _, method := range []string{"GET", "PUT", "PATCH", "POST", "DELETE"} {
			r := s.handle(method, path+apiVersion, `{"maxLeaseTimeMinutes":999,"size":"Standard"}`)
			assert.Contains(t, []int{400, 401, 404, 405}, r.status, "%s %.80s", method, path)
			checkHostileAnswer(t, r)
		}
	}
	for _, method := range []string{
		"get", "Put", "pATCH", "post", "", " ", "\x00", "\xff\xfe", "GET ", "GET\r\n",
		strings.Repeat("M", 100_000), "PRI", "CONNECT", "TRACE",
	} {
		for _, path := range []string{s.sts(), s.list(), s.session("ready"), s.session("ready") + "/:stop"} {
			r := s.handle(method, path+apiVersion, `{"maxLeaseTimeMinutes":999,"size":"Standard"}`)
			assert.Equal(t, 405, r.status, "%.80q %s", method, path)
			checkHostileAnswer(t, r)
		}
	}
	many := strings.Repeat("&a=1", 9_000)
	for query, status := range map[string]int{
		apiVersion + many: 200,
		// net/url reads none of them
		apiVersion + strings.Repeat("&a=1", 1_000_000):              400,
		apiVersion + strings.Repeat("&api-version=x", 9_000):        400,
		apiVersion + "&skiptoken=" + strings.Repeat("A", 1_000_000): 400,
		apiVersion + "&skiptoken=AAAAAAAAAAA&skiptoken=AAAAAAAAAAA": 400,
		"?api-version=2021-01-01%00":                                400,
	} {
		r := s.handle("GET", s.list()+query, "")
		assert.Equal(t, status, r.status, "%.80s", query)
		checkHostileAnswer(t, r)
	}
	assert.Equal(t, before, s.everything())
}

// blocking is a body that is never sent to its end, and a writer to a client that reads nothing.
type blocking struct {
	http.ResponseWriter
	reached chan<- struct{}
	release <-chan struct{}
	once    sync.Once
}

func (b *blocking) wait() {
	b.once.Do(func() { b.reached <- struct{}{} })
	<-b.release
}

func (b *blocking) Read([]byte) (int, error) { b.wait(); return 0, io.ErrUnexpectedEOF }
func (b *blocking) Close() error             { return nil }
func (b *blocking) Write(data []byte) (int, error) {
	b.wait()
	return b.ResponseWriter.Write(data)
}

// TestNoLockIsHeldWhileClientsAreWaitedFor has clients that send their bodies slowly and clients
// that do not read their answers, for each operation, and all operations work for everybody else.
// With a lock held the test would not end.
func TestNoLockIsHeldWhileClientsAreWaitedFor(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	s := start(
		t,
		emulator.Options{
			RateLimit: emulator.RateLimit{Requests: 100_000},
			Capacity:  emulator.FixedCapacity(1000),
		},
	)
	s.create("a", standard5)
	s.create("b", standard5)
	reached, release := make(chan struct{}), make(chan struct{})
	var slow sync.WaitGroup
	stuck := func(method, path, body string, blockBody bool) {
		b := &blocking{ResponseWriter: httptest.NewRecorder(), reached: reached, release: release}
		req := httptest.NewRequest(
			method,
			"https://remoterendering.example"+path+apiVersion,
			strings.NewReader(body),
		)
		req.Header.Set("Authorization", "Bearer "+s.token)
		if strings.HasSuffix(path, "/token") {
			req.Header.Set("Authorization", "Bearer "+s.Account().ID+":"+s.Key())
		}
		if blockBody {
			req.Body = b
		}
		slow.Go(func() {
			if blockBody {
				s.ServeHTTP(httptest.NewRecorder(), req)
			} else {
				s.ServeHTTP(b, req)
			}
		})
		select {
		case <-reached:
		case <-time.After(time.Minute):
			t.Errorf("%s %s does not get as far as its client", method, path)
		}
	}
	stuck("PUT", s.session("c"), "", true)
	stuck("PATCH", s.session("a"), "", true)
	stuck("PUT", s.session("d"), standard5, false)
	stuck("PUT", s.session("a"), "no JSON", false)
	stuck("GET", s.session("a"), "", false)
	stuck("PATCH", s.session("a"), `{"maxLeaseTimeMinutes":6}`, false)
	stuck("POST", s.session("b")+"/:stop", "", false)
	stuck("GET", s.list(), "", false)
	stuck("GET", s.sts(), "", false)

	done := make(chan struct{})
	go func() {
		defer close(done)
		assert.Equal(t, 201, s.handle("PUT", s.session("e")+apiVersion, standard5).status)
		assert.Equal(
			t,
			200,
			s.handle("PATCH", s.session("a")+apiVersion, `{"maxLeaseTimeMinutes":7}`).status,
		)
		assert.Equal(
			t,
			200,
			s.handle("GET", s.session("d")+apiVersion, "").status,
			"made before its answer was read",
		)
		assert.Equal(t, 204, s.handle("POST", s.session("d")+"/:stop"+apiVersion, "").status)
		assert.Equal(t, 200, s.handle("GET", s.list()+apiVersion, "").status)
		assert.Equal(t, 200, s.exchange(s.Account().ID+":"+s.Key()).status)
		assert.NoError(t, s.SetStatus("e", "Error"))
		assert.NoError(t, s.RevokeTokens(""))
	}()
	select {
	case <-done:
	case <-time.After(time.Minute):
		t.Error("a lock is held while a client is waited for")
	}
	close(release)
	slow.Wait()
	<-done
	s.authorize()
	require.Equal(t, 404, s.get("c").status, "whose body never came")
	require.NoError(t, s.Close())
}
