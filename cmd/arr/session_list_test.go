// SPDX-License-Identifier: MIT

package main

import (
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/cmd/arr/internal/failure"
	"github.com/arr-go/azremoterendering/emulator"
	azservice "github.com/arr-go/azremoterendering/service"
)

// gate is a proxy in front of a service that holds back all pages of lists but the first.
type gate struct {
	url  string
	open func()
}

func newGate(t *testing.T, service *testService) *gate {
	t.Helper()
	target, err := url.Parse(service.url)
	require.NoError(t, err)
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(target)
		r.Out.Host = r.In.Host // of which next links are made
	}}
	opened := make(chan struct{})
	g := &gate{open: sync.OnceFunc(func() { close(opened) })}
	lists := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/sessions") {
			if lists++; lists > 1 { // one page is asked for after the other
				<-opened
			}
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	t.Cleanup(g.open)
	g.url = server.URL
	return g
}

// Whoever reads a long list begins to read before the service has been asked for its end.
func TestAListStreams(t *testing.T) {
	service := newTestService(t, emulator.Options{Decisions: azservice.Decisions{PageSize: 2}})
	for i := range 5 {
		service.ready(fmt.Sprintf("demo-%d", i))
	}
	for _, flags := range [][]string{
		{"-o", "json"}, {"-o", "yaml"}, {"-o", "csv"}, {"-o", "name"}, {"-q"}, {"--format", "{{.id}}"},
	} {
		gate := newGate(t, service)
		args := append([]string{"session", "list"}, flags...)
		p := start(t, append(service.environment, "ARR_ENDPOINT="+gate.url), args...)
		var early strings.Builder
		for !strings.Contains(early.String(), "demo-1") {
			line, err := p.stdout.ReadString('\n')
			require.NoError(t, err, "%s: %s", flags, p.stderr)
			early.WriteString(line)
		}
		gate.open()
		late := new(strings.Builder)
		_, err := p.stdout.WriteTo(late)
		require.NoError(t, err)
		require.Equal(t, failure.OK, p.wait(), p.stderr)
		whole := service.arr(args...).stdout
		whole = strings.ReplaceAll(whole, service.url, gate.url)
		assert.Equal(t, whole, early.String()+late.String(), flags)
		assert.Contains(t, late.String(), "demo-4")
	}
}

func TestAListIsFilteredAndSorted(t *testing.T) {
	service := newTestService(t, emulator.Options{
		StartupTime: emulator.FixedStartup(time.Hour),
		Decisions:   azservice.Decisions{PageSize: 2},
	})
	leases := map[string]time.Duration{"a": 40, "b": 20, "c": 30, "d": 10, "e": 50}
	for _, id := range slices.Sorted(maps.Keys(leases)) {
		settings := arr.CreateSessionSettings{
			Size: arr.SessionSizeStandard, MaxLeaseTime: leases[id] * time.Minute,
		}
		if id > "c" {
			settings.Size = arr.SessionSizePremium
		}
		_, err := service.client.BeginCreate(t.Context(), id, settings, nil)
		require.NoError(t, err)
		if id != "b" {
			require.NoError(t, service.SetStatus(id, arr.SessionStatusReady))
		}
	}
	for args, want := range map[string]string{
		"":                                 "a b c d e",
		"--sort lease":                     "d b c a e",
		"--sort -lease":                    "e a c b d",
		"--sort size,-session":             "e d c b a",
		"--size premium":                   "d e",
		"--status starting":                "b",
		"--status Ready,Error --prefix c":  "c",
		"--status ready --size standard":   "a c",
		"--status stopped":                 "",
		"--sort remaining --size standard": "b c a",
		"--sort maxLeaseTimeMinutes --size standard --status Ready": "c a",
	} {
		r := service.arr(append(strings.Fields("session list -o name "+args), "--retries=0")...)
		assert.Equal(t, failure.OK, r.code, r.stderr)
		assert.Equal(t, want, strings.Join(strings.Fields(r.stdout), " "), args)
	}
	for args, want := range map[string]string{
		"--status redy":            `--status: there is no state "redy": did you mean Ready?`,
		"--columns id,hots":        `--columns: there is no column "hots": did you mean host?`,
		"--sort nothing":           `--sort: there is no column "nothing"`,
		"--columns id -o json":     "--columns is for text, wide and csv",
		"--columns id --format {{": "--format",
		"-o xml":                   "--output: give one of text, wide, json",
	} {
		r := service.arr(append([]string{"session", "list"}, strings.Fields(args)...)...)
		assert.Equal(t, failure.Usage, r.code, args)
		assert.Contains(t, r.stderr, want)
		assert.Empty(t, r.stdout)
	}
}
