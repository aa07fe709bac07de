// SPDX-License-Identifier: MIT

package main

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/arr-go/azremoterendering/cmd/arr/internal/failure"
)

func TestSessionsWithoutAService(t *testing.T) {
	for _, args := range [][]string{{"session", "list"}, {"session", "get", "sample"},
		{"session", "wait", "sample"}, {"session", "stop", "sample"},
		{
			"session", "update", "sample", "--lease", "1h",
		}, {"session", "create", "--no-wait"}, {"token"}, {"regions", "--latency"}} {
		r := runArr(t, nil, "", append(args, "--emulator")...)
		assert.Equal(t, failure.OK, r.code, r.stderr)
		assert.NotEmpty(t, r.stdout)
	}
	r := runArr(t, nil, "", "session", "list")
	assert.Equal(t, failure.Usage, r.code)
	assert.Contains(t, r.stderr, "ARR_ENDPOINT")
	assert.Contains(t, r.stderr, "--emulator")
	r = runArr(t, nil, "", "session", "list", "--emulator", "--endpoint", "westeurope")
	assert.Equal(t, failure.Usage, r.code)
}
