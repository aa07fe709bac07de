// SPDX-License-Identifier: MIT

package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	arr "github.com/arr-go/azremoterendering"
)

func TestParseStartupTime(t *testing.T) {
	for text, bounds := range map[string][2]time.Duration{
		"0s":        {0, 0},
		"30s":       {30 * time.Second, 30 * time.Second},
		"150s-180s": {150 * time.Second, 180 * time.Second},
		"recorded":  {8 * time.Second, 180 * time.Second},
	} {
		startup, err := parseStartupTime(text)
		require.NoError(t, err, text)
		for range 100 {
			d := startup(arr.SessionSizeStandard)
			assert.True(t, d >= bounds[0] && d <= bounds[1], "%s: %v", text, d)
		}
	}
	for _, text := range []string{"", "-", "-5s", "5s-", "5s-1s", "1s--2s", "1s-2s-3s", "5", "Recorded"} {
		_, err := parseStartupTime(text)
		assert.Error(t, err, text)
	}
}

func TestParseCapacity(t *testing.T) {
	// Standard, Premium, a size that this program does not know
	for text, want := range map[string][3]int{
		"4":                    {4, 4, 4},
		"0":                    {0, 0, 0},
		"Standard=4,Premium=1": {4, 1, -1},
		"premium=2":            {-1, 2, -1},
		"Standard=0, Premium=": {},
	} {
		limit, err := parseCapacity(text)
		if want == [3]int{} && text != "0" {
			assert.Error(t, err, text)
			continue
		}
		require.NoError(t, err, text)
		assert.Equal(
			t,
			want,
			[3]int{
				limit("", arr.SessionSizeStandard),
				limit("", arr.SessionSizePremium),
				limit("", "Huge"),
			},
			text,
		)
	}
	for _, text := range []string{
		"", "-1", "4,Premium=1", "Standard", "Standard=-1", "Standard=1,standard=2", "Huge=1",
		"Standard=1,", "1.5",
	} {
		_, err := parseCapacity(text)
		assert.Error(t, err, text)
	}
}

func TestParseRateLimit(t *testing.T) {
	for text, per := range map[string]time.Duration{
		"60":     time.Minute,
		"60/1m":  time.Minute,
		"60/90s": 90 * time.Second,
	} {
		limit, err := parseRateLimit(text)
		require.NoError(t, err, text)
		assert.Equal(t, 60, limit.Requests)
		assert.Equal(t, per, limit.Per)
	}
	for _, text := range []string{"", "0", "-1", "60/", "60/0s", "60/-1s", "60/m", "/1m", "x/1m"} {
		_, err := parseRateLimit(text)
		assert.Error(t, err, text)
	}
}
