// SPDX-License-Identifier: MIT

package main

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestDelaysDoNotHoldUpTheEnd(t *testing.T) {
	p, c := startEmulator(t, nil, "--fault", "delay=1h")
	go func() {
		if response, err := http.Get(
			c.Endpoint + "/Accounts/" + c.AccountID + "/token",
		); err == nil {
			_ = response.Body.Close()
		}
	}()
	require.Eventually(t, func() bool {
		response, err := http.Get(c.Endpoint + "/_emulator/faults")
		require.NoError(t, err)
		defer response.Body.Close()
		faults, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		return strings.Contains(string(faults), `"matched":1`)
	}, patience, 10*time.Millisecond, "the request has arrived")
	start := time.Now()
	p.stop()
	assert.Less(
		t,
		time.Since(start),
		4*time.Second,
		"the graceful end has 5 s for requests that go on",
	)
}

// faultStatus asks for an access token, without authorization.
func faultStatus(t *testing.T, c connection) int {
	t.Helper()
	response, err := http.Get(c.Endpoint + "/Accounts/" + c.AccountID + "/token")
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	return response.StatusCode
}

func TestFaults(t *testing.T) {
	p, c := startEmulator(
		t,
		nil,
		"--fault",
		"operation=token status=503 count=1",
		"--fault",
		"operation=token,status=429,retry-after=7s,count=1",
	)
	assert.Equal(
		t,
		[]int{503, 429, 401},
		[]int{faultStatus(t, c), faultStatus(t, c), faultStatus(t, c)},
	)
	p.stop()
	assert.Contains(t, p.stderr.String(), `faults="[`)

	var draws [2][]int
	for i := range draws {
		_, c := startEmulator(
			t,
			nil,
			"--fault",
			"operation=token status=500 probability=0.5",
			"--seed",
			"7",
		)
		for range 30 {
			draws[i] = append(draws[i], faultStatus(t, c))
		}
	}
	assert.Equal(t, draws[0], draws[1], "the seed decides")
}

func TestAdministrativePathIsOpenOnLoopbackOnly(t *testing.T) {
	for _, test := range []struct {
		args   []string
		open   bool
		warned bool
	}{
		{[]string{"--listen", "127.0.0.1:0"}, true, false},
		{[]string{"--listen", "127.0.0.1:0", "--admin=false"}, false, false},
		{[]string{"--listen", "127.0.0.1:0", "--admin"}, true, false},
		{[]string{"--listen", "0.0.0.0:0"}, false, false},
		{[]string{"--listen", ":0", "--admin"}, true, true},
	} {
		p := start(t, nil, append([]string{"emulator", "--output", "json"}, test.args...)...)
		c := p.connection()
		response, err := http.Get(c.Endpoint + "/_emulator/faults")
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		assert.Equal(
			t,
			test.open,
			response.StatusCode == http.StatusOK,
			"%v: %d",
			test.args,
			response.StatusCode,
		)
		p.stop()
		assert.Equal(
			t,
			test.warned,
			strings.Contains(p.stderr.String(), "inject faults"),
			test.args,
		)
	}
}
