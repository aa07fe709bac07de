// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/cmd/arr/internal/failure"
	"github.com/arr-go/azremoterendering/emulator"
)

func TestRegions(t *testing.T) {
	var record transcript
	for _, args := range [][]string{{"regions"}, {"regions", "--output", "json"}, {"regions", "--quiet"}} {
		record.add(args, runArr(t, nil, "", args...))
	}
	record.compare(t, "regions.txt")
}

func TestLatencyOfGivenEndpoints(t *testing.T) {
	service := newTestService(t, emulator.Options{})
	// it accepts connections, and never says a word about TLS
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer silent.Close()
	args := []string{
		"regions",
		"--latency",
		"--rounds",
		"2",
		"--timeout",
		"300ms",
		"--endpoint",
		"https://" + silent.Addr().String(),
		"--endpoint",
		"http://127.0.0.1:1",
		"--endpoint",
		service.url,
	}
	r := runArr(t, nil, "", args...)
	require.Equal(t, failure.OK, r.code, r.stderr)
	lines := strings.Split(strings.TrimSpace(r.stdout), "\n")
	require.Len(t, lines, 4)
	assert.Regexp(t, `^REGION +CONNECT +TLS +TOTAL +ENDPOINT$`, lines[0])
	assert.Regexp(t, `^- +\d+\.\d ms +- +\d+\.\d ms +http://127`, lines[1], "the nearest first")
	assert.Contains(
		t,
		r.stdout,
		"unreachable  https://"+silent.Addr().String()+" (no answer in time)",
	)
	assert.Contains(t, r.stdout, "unreachable  http://127.0.0.1:1 (")

	r = runArr(t, nil, "", append(args, "--output", "json")...)
	assert.Contains(t, r.stdout, `"reachable":true,"rounds":2,`)
	assert.Contains(t, r.stdout, `"reachable":false,"rounds":0,"error":"no answer in time"`)
	r = runArr(t, nil, "", append(args, "--quiet")...)
	assert.Equal(t, service.url+"\n", r.stdout)
	r = runArr(t, nil, "", "regions", "--latency", "--endpoint", "http://127.0.0.1:1")
	assert.Equal(t, failure.Other, r.code)
	assert.Contains(t, r.stderr, "arr: none of the endpoints can be reached\nCheck the network")
	assert.Equal(t, failure.Usage, runArr(t, nil, "", "regions", "--endpoint", "eastus").code)
	assert.Equal(t, failure.Usage, runArr(t, nil, "", "regions", "--latency", "--rounds", "0").code)
}

func TestMedian(t *testing.T) {
	assert.Equal(
		t,
		2*time.Second,
		median([]time.Duration{3 * time.Second, time.Second, 2 * time.Second}),
	)
	assert.Equal(t, 1500*time.Millisecond, median([]time.Duration{2 * time.Second, time.Second}))
}

func TestMeasuringEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	results := probe{
		rounds:  3,
		timeout: time.Hour,
	}.measureAll(
		ctx,
		[]regionEntry{{Region: arr.RegionEastUS, Endpoint: "https://192.0.2.1"}},
	)
	assert.False(t, results[0].reachable())
}
