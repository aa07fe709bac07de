// SPDX-License-Identifier: MIT

package main

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/cmd/arr/internal/config"
	"github.com/arr-go/azremoterendering/cmd/arr/internal/failure"
	"github.com/arr-go/azremoterendering/emulator"
)

// The cost is that of the time in Ready, of which only whole minutes are known.
func TestCostOfASession(t *testing.T) {
	price, err := config.ParsePrice("EUR 6")
	require.NoError(t, err)
	for _, c := range []struct {
		status      arr.SessionStatus
		elapsed     time.Duration
		least, most float64
		line        string
	}{
		{arr.SessionStatusStarting, 0, 0, 0, "0.00 EUR so far, 6.00 EUR for the whole lease, at 6.00 EUR per hour"},
		{
			arr.SessionStatusReady, 10 * time.Minute, 1, 1.1,
			"1.00 EUR to 1.10 EUR so far, 6.00 EUR for the whole lease, at 6.00 EUR per hour",
		},
		{arr.SessionStatusStopped, 10 * time.Minute, 1, 1.1, "1.00 EUR to 1.10 EUR in all, at 6.00 EUR per hour"},
		{arr.SessionStatusExpired, time.Hour, 6, 6, "6.00 EUR in all, at 6.00 EUR per hour"},
	} {
		cost := costOf(arr.Session{
			Status: c.status, ElapsedTime: c.elapsed, MaxLeaseTime: time.Hour, Size: arr.SessionSizeStandard,
		}, price)
		assert.InDelta(t, c.least, cost.SoFarAtLeast, 1e-9, c.status)
		assert.InDelta(t, c.most, cost.SoFarAtMost, 1e-9, c.status)
		assert.InDelta(t, 6, cost.WholeLease, 1e-9)
		assert.Equal(t, c.line, cost.line())
	}
}

func TestDescribe(t *testing.T) {
	service := newTestService(t, emulator.Options{})
	service.ready("demo")
	priced := append(service.environment, "ARR_PRICE_STANDARD=6 EUR")

	r := service.arr("session", "describe", "demo")
	require.Equal(t, failure.OK, r.code, r.stderr)
	assert.Regexp(t, `(?m)^lease +\[\.{24}\] 0s of 30m, 29m to 30m left$`, r.stdout)
	assert.Regexp(t, `(?m)^cost +not known; set the price of an hour: arr config set price.standard AMOUNT$`, r.stdout)
	assert.Regexp(t, `(?m)^MS-CV +\S+\.0$`, r.stdout)
	assert.Regexp(t, `(?m)^account id +`+service.Account().ID+`$`, r.stdout)
	assert.Regexp(t, `(?m)^rendering domain +\S+$`, r.stdout)
	assert.NotContains(t, r.stdout, "eyJ", "a token that nobody asked for")

	r = runArr(t, priced, "", "session", "describe", "demo", "-o", "json")
	require.Equal(t, failure.OK, r.code, r.stderr)
	var described description
	require.NoError(t, json.Unmarshal([]byte(r.stdout), &described))
	assert.Equal(t, "demo", described.ID)
	assert.NotEmpty(t, described.CorrelationVector)
	require.NotNil(t, described.Cost)
	assert.InDelta(t, 3, described.Cost.WholeLease, 1e-9)
	assert.Equal(t, "EUR", described.Cost.Currency)
	assert.Empty(t, described.Device.AccessToken)

	r = runArr(t, priced, "", "session", "describe", "demo", "--token", "--format",
		"{{.device.accessToken}} {{.cost.perHour}}")
	require.Equal(t, failure.OK, r.code, r.stderr)
	assert.True(t, strings.HasPrefix(r.stdout, "eyJ"), r.stdout)
	assert.True(t, strings.HasSuffix(r.stdout, " 6\n"), r.stdout)

	r = runArr(t, append(service.environment, "ARR_PRICE_PREMIUM=cheap"), "", "session", "describe", "demo")
	assert.Equal(t, failure.Usage, r.code)
	assert.Contains(t, r.stderr, "ARR_PRICE_PREMIUM: a price is an amount per hour")
	assert.Equal(t, failure.NotFound, service.arr("session", "describe", "nobody").code)
}
