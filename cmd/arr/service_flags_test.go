// SPDX-License-Identifier: MIT

package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering/cmd/arr/internal/failure"
	"github.com/arr-go/azremoterendering/emulator"
)

func TestSettingsReachTheService(t *testing.T) {
	service := newTestService(t, emulator.Options{})
	service.environment = append(
		service.environment,
		"ARR_SIZE=premium",
		"ARR_LEASE=00:45:00",
		"ARR_OUTPUT=json",
	)
	r := service.arr("session", "create", "demo", "--no-wait")
	require.Equal(t, failure.OK, r.code, r.stderr)
	assert.Contains(t, r.stdout, `"size":"Premium"`)
	assert.Contains(t, r.stdout, `"maxLeaseTimeMinutes":45`)
}
