// SPDX-License-Identifier: MIT

package main

import (
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering/cmd/arr/internal/failure"
	"github.com/arr-go/azremoterendering/emulator"
)

// statusAt returns the status of a get.
func statusAt(t *testing.T, address string) int {
	t.Helper()
	resp, err := http.Get(address)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	return resp.StatusCode
}

// freePort returns a port that nobody uses now.
func freePort(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	_, port, err := net.SplitHostPort(listener.Addr().String())
	require.NoError(t, err)
	require.NoError(t, listener.Close())
	return port
}

func TestLocalhostListensOnBothFamilies(t *testing.T) {
	p, c := startEmulator(t, nil, "--listen", "localhost:0")
	assert.Regexp(t, `^http://localhost:[0-9]+$`, c.Endpoint)
	assert.Equal(t, emulator.DevelopmentKey, c.AccountKey, "only this machine can reach it")
	for _, host := range []string{"localhost", "127.0.0.1", "[::1]"} {
		address := "http://" + host + ":" + portOf(t, c)
		assert.Equal(t, http.StatusOK, statusAt(t, address+"/_emulator/faults"), host)
	}
	p.stop()
}

// Behind a proxy, others reach a loopback address too: what is open there without asking is not.
func TestBehindAProxyALoopbackAddressIsNotPrivate(t *testing.T) {
	for name, test := range map[string]struct {
		flags []string
		admin int
	}{
		"external URL":          {[]string{"--external-url", "https://arr.example"}, 404},
		"trusted proxy":         {[]string{"--trusted-proxy", "127.0.0.1"}, 404},
		"external URL, --admin": {[]string{"--external-url", "https://arr.example", "--admin"}, 200},
		"local external URL":    {[]string{"--external-url", "http://localhost:8080"}, 200},
	} {
		port := freePort(t)
		p, _ := startEmulator(t, nil, append(test.flags, "--listen", "127.0.0.1:"+port)...)
		assert.Equal(t, test.admin, statusAt(t, "http://127.0.0.1:"+port+"/_emulator/faults"), name)
		p.stop()
	}
}

func TestExternalURLIsPrinted(t *testing.T) {
	p, c := startEmulator(t, nil, "--external-url", "https://arr.example:8443/")
	assert.Equal(t, "https://arr.example:8443", c.Endpoint)
	assert.Equal(t, c.Endpoint, c.STSEndpoint)
	assert.NotEqual(t, emulator.DevelopmentKey, c.AccountKey)
	p.stop()
}

func TestWrongProxyFlags(t *testing.T) {
	for _, test := range []struct{ flag, value, want string }{
		{"--external-url", "arr.example", "--external-url"},
		{"--external-url", "https://arr.example/arr", "without a path"},
		{"--trusted-proxy", "proxy", "such as 10.0.0.0/8"},
		{"--trusted-proxy", "10.0.0.0/33", "such as 10.0.0.0/8"},
	} {
		r := runArr(t, nil, "", "emulator", "--listen", "127.0.0.1:0", test.flag, test.value)
		assert.Equal(t, failure.Usage, r.code, test.value)
		assert.Contains(t, r.stderr, test.want)
		assert.NotContains(t, strings.ToLower(r.stderr), "panic")
	}
}
