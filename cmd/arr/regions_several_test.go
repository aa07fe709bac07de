// SPDX-License-Identifier: MIT

package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/cmd/arr/internal/failure"
	"github.com/arr-go/azremoterendering/emulator"
)

// inRegion is the endpoint of a region of the test service.
func inRegion(region string) string { return "http://remoterendering." + region + ".arr.test" }

// newRegionsService returns a service whose regions have names. A proxy leads to it, because such
// names resolve nowhere, and answers 403 for the regions that are away.
func newRegionsService(t *testing.T, away ...string) (*testService, []*arr.SessionsClient) {
	t.Helper()
	service := newTestService(t, emulator.Options{
		StartupTime: emulator.FixedStartup(time.Hour),
		Domain:      "arr.test",
	})
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for _, region := range away {
			if strings.Contains(r.Host, "."+region+".") {
				http.Error(w, "the region is away", http.StatusForbidden)
				return
			}
		}
		service.ServeHTTP(w, r)
	}))
	t.Cleanup(proxy.Close)
	service.environment = append(service.environment,
		"HTTP_PROXY="+proxy.URL, "ARR_ALLOW_HTTP=true", "ARR_ENDPOINT="+inRegion("westeurope"))
	regions, err := service.client.InRegions(
		strings.Replace(inRegion("westeurope"), "http:", "https:", 1),
		strings.Replace(inRegion("northeurope"), "http:", "https:", 1),
	)
	require.NoError(t, err)
	return service, regions.Clients()
}

func createIn(t *testing.T, client *arr.SessionsClient, id string) {
	t.Helper()
	settings := arr.CreateSessionSettings{Size: "Standard", MaxLeaseTime: time.Hour}
	_, err := client.BeginCreate(t.Context(), id, settings, nil)
	require.NoError(t, err)
}

func statusIn(t *testing.T, client *arr.SessionsClient, id string) arr.SessionStatus {
	t.Helper()
	session, err := client.Get(t.Context(), id, nil)
	require.NoError(t, err)
	return session.Status
}

// both are the flags that name two regions of the service.
var both = []string{"--endpoint", inRegion("westeurope"), "--endpoint", inRegion("northeurope")}

func TestListOfSeveralRegions(t *testing.T) {
	service, clients := newRegionsService(t)
	createIn(t, clients[0], "a")
	createIn(t, clients[1], "b")
	for _, args := range [][]string{
		both, {"--endpoint", inRegion("westeurope") + "," + inRegion("northeurope")}, {"--all-regions"},
	} {
		r := service.arr(append([]string{"session", "list"}, args...)...)
		require.Equal(t, failure.OK, r.code, r.stderr)
		assert.Regexp(t, `(?m)REGION\na .* westeurope\nb .* northeurope\n$`, r.stdout)
	}
	r := service.arr("session", "list")
	assert.NotContains(t, r.stdout, "REGION")
	assert.NotContains(t, r.stdout, "northeurope")
	r = service.arr("session", "list", "--output", "json")
	assert.Contains(t, r.stdout, `"region":"westeurope","endpoint":"`+inRegion("westeurope")+`"`)

	service.environment = append(service.environment, "ARR_FALLBACK="+inRegion("northeurope"))
	assert.Contains(t, service.arr("session", "list").stdout, "northeurope")
	r = service.arr("session", "list", "--endpoint", inRegion("westeurope"))
	assert.NotContains(t, r.stdout, "northeurope", "flags name the regions")
}

func TestARegionThatFailsHidesNoSessionOfTheOthers(t *testing.T) {
	service, clients := newRegionsService(t, "westeurope")
	createIn(t, clients[0], "a")
	createIn(t, clients[1], "b")
	r := service.arr(append([]string{"session", "list"}, both...)...)
	assert.Equal(t, failure.Refused, r.code, r.stderr)
	assert.Contains(t, r.stdout, "northeurope")
	assert.Contains(t, r.stderr, "remoterendering.westeurope.arr.test: 403")

	r = service.arr(append([]string{"session", "stop-all", "--all", "--yes"}, both...)...)
	assert.Equal(t, failure.Refused, r.code, r.stderr)
	assert.Equal(t, "Session b in northeurope is stopped.\n", r.stdout)
	assert.Contains(t, r.stderr, "remoterendering.westeurope.arr.test: 403")

	r = service.arr(append([]string{"session", "get", "unknown"}, both...)...)
	assert.Equal(t, failure.Refused, r.code, "it may be in the region that cannot be asked")
}

// A session is found by its id, in whichever region it lives.
func TestCommandsFindTheRegionOfASession(t *testing.T) {
	service, clients := newRegionsService(t)
	createIn(t, clients[1], "b")
	for _, args := range [][]string{
		{"session", "get", "b"},
		{"session", "update", "b", "--lease", "2h"},
		{"session", "extend", "b", "--by", "10m"},
	} {
		r := service.arr(append(args, both...)...)
		assert.Equal(t, failure.OK, r.code, r.stderr)
		assert.Regexp(t, `region +northeurope\n`, r.stdout)
	}
	r := service.arr(append([]string{"session", "get", "unknown"}, both...)...)
	assert.Equal(t, failure.NotFound, r.code)
	assert.Contains(t, r.stderr, "arr: in none of 2 regions: ")
	createIn(t, clients[0], "b")
	r = service.arr(append([]string{"session", "stop", "b"}, both...)...)
	assert.Equal(t, failure.OK, r.code, r.stderr)
	assert.Contains(t, r.stdout, "Session b in westeurope is stopped.\n")
	assert.Contains(t, r.stdout, "Session b in northeurope is stopped.\n")
	assert.Equal(t, arr.SessionStatusStopped, statusIn(t, clients[0], "b"))
	assert.Equal(t, arr.SessionStatusStopped, statusIn(t, clients[1], "b"))
}

// Without flags, stop-all stops what arr run has left behind in a fallback.
func TestStopAllCoversTheConfiguredFallbacks(t *testing.T) {
	service, clients := newRegionsService(t)
	createIn(t, clients[1], "arr-run-1")
	service.environment = append(service.environment, "ARR_FALLBACK="+inRegion("northeurope"))
	r := service.arr("session", "stop-all", "--prefix", "arr-run-", "--yes")
	assert.Equal(t, failure.OK, r.code, r.stderr)
	assert.Equal(t, "Session arr-run-1 in northeurope is stopped.\n", r.stdout)
}

func TestRegionsThatMakeNoSense(t *testing.T) {
	service, _ := newRegionsService(t)
	r := service.arr("session", "list", "--all-regions", "--endpoint", service.url)
	assert.Equal(t, failure.Usage, r.code)
	assert.Contains(t, r.stderr, "--all-regions needs an endpoint that names a region")
	r = service.arr(append([]string{"session", "create", "x"}, both...)...)
	assert.Equal(t, failure.Usage, r.code)
	assert.Contains(t, r.stderr, "give one region")
}
