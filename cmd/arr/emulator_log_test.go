// SPDX-License-Identifier: MIT

package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	arr "github.com/arr-go/azremoterendering"
)

func TestLogHoldsNoSecret(t *testing.T) {
	for _, format := range []string{"text", "json"} {
		p, c := startEmulator(
			t,
			[]string{keyVariable + "=the-secret-key"},
			"--log-level",
			"debug",
			"--log-format",
			format,
		)
		client := c.client(t, nil)
		session := create(t, client)
		token, err := client.AccessToken(t.Context(), nil)
		require.NoError(t, err)
		wrong := c
		wrong.AccountKey = "another-secret-key"
		_, err = wrong.client(t, nil).Get(t.Context(), session.ID, nil)
		require.ErrorIs(t, err, arr.ErrUnauthorized)
		p.stop()
		log := p.stderr.String()
		for _, part := range []string{"CreateSession", "GetSession", session.ID, "201", "401"} {
			assert.Contains(t, log, part)
		}
		for _, secret := range []string{"secret-key", token.Token, strings.Split(token.Token, ".")[2]} {
			assert.NotContains(t, log, secret)
		}
	}
}

func TestLogLevel(t *testing.T) {
	p, c := startEmulator(t, nil, "--log-level", "error")
	create(t, c.client(t, nil))
	p.stop()
	assert.Empty(t, p.stderr.String())

	p = start(t, nil, "emulator", "--listen", ":0", "--output", "json", "--log-level", "error")
	assert.Regexp(t, `^http://127\.0\.0\.1:`, p.connection().Endpoint)
	p.stop()
	assert.Contains(
		t,
		p.stderr.String(),
		"WARNING: keys and tokens cross the network unencrypted",
		"whatever the level",
	)

	p = start(t, nil, "emulator", "--listen", ":0", "--output", "json", "--tls")
	p.connection()
	p.stop()
	assert.Contains(t, p.stderr.String(), "give --domain")
}
