// SPDX-License-Identifier: MIT

package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering/cmd/arr/internal/failure"
	"github.com/arr-go/azremoterendering/emulator"
)

func TestTokenForADevice(t *testing.T) {
	service := newTestService(t, emulator.Options{})
	r := service.arr("token", "--quiet")
	require.Equal(t, failure.OK, r.code, r.stderr)
	assert.Regexp(t, `^[\w-]+\.[\w-]+\.[\w-]+\n$`, r.stdout)
	assert.Empty(t, r.stderr, "nobody reads it on a terminal")

	// The token opens the account without the key.
	environment := []string{
		"ARR_ENDPOINT=" + service.url,
		"ARR_ACCOUNT_ID=" + service.Account().ID,
		"ARR_ACCESS_TOKEN=" + strings.TrimSpace(r.stdout),
	}
	r = runArr(t, environment, "", "session", "list")
	assert.Equal(t, failure.OK, r.code, r.stderr)
}
