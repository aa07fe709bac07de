// SPDX-License-Identifier: MIT

package main

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/arr-go/azremoterendering/cmd/arr/internal/failure"
)

func TestEmulatorHealth(t *testing.T) {
	p, c := startEmulator(t, nil)
	r := runArr(t, nil, "", "emulator", "health", "--url", c.Endpoint)
	assert.Equal(t, failure.OK, r.code, r.stderr)
	assert.Equal(t, "ready\n", r.stdout)
	p.stop()
	r = runArr(t, nil, "", "emulator", "health", "--url", c.Endpoint)
	assert.Equal(t, failure.Other, r.code)
	assert.Contains(t, r.stderr, "is not ready")

	p, c = startEmulator(t, nil, "--tls", "--ca-dir", t.TempDir())
	r = runArr(t, nil, "", "emulator", "health", "--url", c.Endpoint+"/")
	assert.Equal(t, failure.OK, r.code, r.stderr)
	p.stop()
}

func TestEmulatorHealthOfSomethingElse(t *testing.T) {
	server := httptest.NewServer(http.RedirectHandler("/", http.StatusFound))
	defer server.Close()
	r := runArr(t, nil, "", "emulator", "health", "--url", server.URL)
	assert.Equal(t, failure.Other, r.code)
	assert.Contains(t, r.stderr, "302 Found")
	for _, address := range []string{"", "localhost:1", "ftp://localhost", "http://"} {
		r := runArr(t, nil, "", "emulator", "health", "--url", address)
		assert.Equal(t, failure.Usage, r.code, address)
	}
}
