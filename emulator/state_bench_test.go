// SPDX-License-Identifier: MIT

package emulator_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/arr-go/azremoterendering/emulator"
	"github.com/arr-go/azremoterendering/internal/testkit"
)

// BenchmarkThroughput compares, over sockets and with 64 clients, the emulator in memory and with a
// state file with a bare handler of net/http that answers with the same bytes. Every create is in
// the file before it is answered.
func BenchmarkThroughput(b *testing.B) {
	for _, operation := range []string{"create", "get"} {
		var bare string
		for _, kind := range []string{"memory", "state", "bare"} {
			b.Run(operation+"/"+kind, func(b *testing.B) {
				options := emulator.Options{SigningKey: testkit.SigningKey()}
				if kind == "state" {
					options.StateFile = filepath.Join(b.TempDir(), "state")
				}
				c := crowdOver(b, options)
				defer c.Close()
				var handler http.Handler = c
				if kind == "bare" {
					handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
						_, _ = io.Copy(io.Discard, r.Body)
						w.Header().Set("Content-Type", "application/json; charset=utf-8")
						_, _ = io.WriteString(w, bare)
					})
				}
				bare = throughput(b, c, handler, operation)
			})
		}
	}
}

// crowdOver returns an emulator with one session.
func crowdOver(b *testing.B, options emulator.Options) *crowd {
	e, err := emulator.New(options)
	if err != nil {
		b.Fatal(err)
	}
	c := &crowd{Emulator: e, sessions: "/accounts/" + e.Account().ID + "/sessions"}
	c.signIn()
	c.do(b, http.StatusCreated, http.MethodPut, "/one", standard5Hours)
	return c
}

// throughput measures requests to a server, and returns one of the answers.
func throughput(b *testing.B, c *crowd, handler http.Handler, operation string) (body string) {
	server := httptest.NewServer(handler)
	defer server.Close()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: benchmarkClients}}
	defer client.CloseIdleConnections()
	var count atomic.Int64
	var last atomic.Pointer[string]
	b.SetParallelism((benchmarkClients + runtime.GOMAXPROCS(0) - 1) / runtime.GOMAXPROCS(0))
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			method, path, body := http.MethodGet, "/one", ""
			if operation == "create" {
				path = fmt.Sprintf("/new-%d", count.Add(1))
				method, body = http.MethodPut, standard5Hours
			}
			url := server.URL + c.sessions + path + apiVersion
			req, err := http.NewRequest(method, url, strings.NewReader(body))
			if err != nil {
				b.Error(err)
				return
			}
			req.Header.Set("Authorization", c.authorization)
			resp, err := client.Do(req)
			if err != nil {
				b.Error(err)
				return
			}
			data, err := io.ReadAll(resp.Body)
			_ = resp.Body.Close()
			if err != nil || resp.StatusCode >= 300 {
				b.Errorf("status %d: %v", resp.StatusCode, err)
				return
			}
			text := string(data)
			last.Store(&text)
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "req/s")
	if text := last.Load(); text != nil {
		body = *text
	}
	return body
}
