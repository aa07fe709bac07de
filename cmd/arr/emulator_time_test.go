// SPDX-License-Identifier: MIT

package main

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestParseTimeScale(t *testing.T) {
	for text, want := range map[string]float64{"60": 60, "0.5": 0.5, "1e4": 10_000, "0.001": 0.001} {
		scale, err := parseTimeScale(text)
		require.NoError(t, err, text)
		assert.InDelta(t, want, scale, 0)
	}
	for _, text := range []string{"", "0", "-1", "10001", "NaN", "Inf", "60x", "1m"} {
		_, err := parseTimeScale(text)
		assert.ErrorContains(t, err, "from 0.001 to 10000", text)
	}
}

func TestTheClockOfTheEmulator(t *testing.T) {
	p, c := startEmulator(t, nil, "--time-scale", "60", "--freeze-time")
	resp, err := http.Get(c.Endpoint + "/_emulator/clock")
	require.NoError(t, err)
	defer resp.Body.Close()
	var clock struct {
		Scale  float64
		Frozen bool
	}
	require.NoError(t, json.NewDecoder(resp.Body).Decode(&clock))
	assert.InDelta(t, 60, clock.Scale, 0)
	assert.True(t, clock.Frozen)

	resp, err = http.Post(c.Endpoint+"/_emulator/clock", "application/json",
		strings.NewReader(`{"freeze":false}`))
	require.NoError(t, err)
	defer resp.Body.Close()
	require.NoError(t, json.NewDecoder(resp.Body).Decode(&clock))
	assert.False(t, clock.Frozen)
	p.stop()
}
