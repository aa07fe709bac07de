// SPDX-License-Identifier: MIT

package emulator_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/arr-go/azremoterendering/emulator"
	"github.com/arr-go/azremoterendering/internal/testkit"
)

const (
	benchmarkSessions = 10_000
	benchmarkClients  = 64
)

// crowd is an emulator with many sessions, and what a request to it needs.
type crowd struct {
	*emulator.Emulator
	sessions      string // the path of the list
	authorization string
}

// newCrowd makes an emulator with so many sessions. The bytes that each takes are returned.
func newCrowd(b *testing.B, sessions int) (c *crowd, bytesEach float64) {
	b.Helper()
	e, err := emulator.New(emulator.Options{SigningKey: testkit.SigningKey()})
	if err != nil {
		b.Fatal(err)
	}
	c = &crowd{Emulator: e, sessions: "/accounts/" + e.Account().ID + "/sessions"}
	c.signIn()

	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for i := range sessions {
		c.do(b, http.StatusCreated, http.MethodPut, fmt.Sprintf("/session-%08d", i), standard5Hours)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	runtime.KeepAlive(c)
	return c, float64(after.HeapAlloc-before.HeapAlloc) / float64(max(sessions, 1))
}

// signIn gets an access token.
func (c *crowd) signIn() {
	r := serve(
		c.Emulator,
		http.MethodGet,
		"/Accounts/"+c.Account().ID+"/token",
		"",
		http.Header{"Authorization": {"Bearer " + c.Account().ID + ":" + c.Key()}},
	)
	_, token, _ := strings.Cut(strings.TrimSuffix(r.body, `"}`), `":"`)
	c.authorization = "Bearer " + token
}

// standard5Hours is long enough for a benchmark.
const standard5Hours = `{"maxLeaseTimeMinutes":300,"size":"Standard"}`

// do sends a request to the handler, as a server does that has read its header.
func (c *crowd) do(b *testing.B, status int, method, path, body string) {
	req := httptest.NewRequest(
		method,
		"https://remoterendering.westeurope.mixedreality.azure.com"+c.sessions+path+apiVersion,
		strings.NewReader(body),
	)
	req.Header.Set("Authorization", c.authorization)
	recorder := httptest.NewRecorder()
	c.ServeHTTP(recorder, req)
	if recorder.Code != status {
		b.Errorf("%s %s: status %d: %s", method, path, recorder.Code, recorder.Body)
	}
}

// parallel measures a request while 10,000 sessions are there and 64 clients ask at the same time.
func parallel(b *testing.B, do func(c *crowd, n int64)) {
	c, bytesEach := newCrowd(b, benchmarkSessions)
	var count atomic.Int64
	b.SetParallelism((benchmarkClients + runtime.GOMAXPROCS(0) - 1) / runtime.GOMAXPROCS(0))
	b.ReportAllocs()
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			do(c, count.Add(1))
		}
	})
	b.ReportMetric(bytesEach, "B/session")
}

func BenchmarkGet(b *testing.B) {
	parallel(b, func(c *crowd, n int64) {
		c.do(
			b,
			http.StatusOK,
			http.MethodGet,
			fmt.Sprintf("/session-%08d", n%benchmarkSessions),
			"",
		)
	})
}

// BenchmarkList gets the first page, of 50 sessions.
func BenchmarkList(b *testing.B) {
	parallel(b, func(c *crowd, _ int64) { c.do(b, http.StatusOK, http.MethodGet, "", "") })
}

func BenchmarkCreate(b *testing.B) {
	parallel(b, func(c *crowd, n int64) {
		c.do(b, http.StatusCreated, http.MethodPut, fmt.Sprintf("/new-%d", n), standard5Hours)
	})
}

// BenchmarkNew makes an emulator and calls it once, as tests do.
func BenchmarkNew(b *testing.B) {
	for b.Loop() {
		e, err := emulator.New(emulator.Options{})
		if err != nil {
			b.Fatal(err)
		}
		c := &crowd{Emulator: e, sessions: "/accounts/" + e.Account().ID + "/sessions"}
		c.signIn()
		c.do(b, http.StatusOK, http.MethodGet, "", "")
	}
}
