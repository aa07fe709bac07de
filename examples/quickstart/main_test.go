// SPDX-License-Identifier: MIT

package main

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering/emulator"
)

// cancelling is an output that ends a context when a text is written to it, as a person would press
// Ctrl-C.
type cancelling struct {
	bytes.Buffer
	at     string
	cancel context.CancelFunc
}

func (c *cancelling) Write(p []byte) (int, error) {
	if c.at != "" && strings.Contains(string(p), c.at) {
		c.cancel()
	}
	return c.Buffer.Write(p)
}

func TestCtrlCStopsTheSession(t *testing.T) {
	t.Setenv("ARR_ENDPOINT", "")
	for _, at := range []string{"Creating session", "Starting"} {
		t.Run(at, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			out := &cancelling{at: at, cancel: cancel}
			err := run(ctx, out)
			require.ErrorIs(t, err, context.Canceled)
			if at == "Starting" {
				require.Contains(t, out.String(), "Stopped it: the service now says Stopped")
			}
			require.NotContains(t, out.String(), "A device opens it")
		})
	}
}

func TestTheEnvironmentNamesTheService(t *testing.T) {
	e, err := emulator.New(emulator.Options{})
	require.NoError(t, err)
	server, err := e.Listen("")
	require.NoError(t, err)
	defer server.Close()
	t.Setenv("ARR_ENDPOINT", server.URL)
	t.Setenv("ARR_ACCOUNT_DOMAIN", "")
	t.Setenv("ARR_STS_ENDPOINT", "")
	t.Setenv("ARR_ACCOUNT_ID", "")
	t.Setenv("ARR_ACCOUNT_KEY", "")
	var out bytes.Buffer
	require.EqualError(
		t,
		run(t.Context(), &out),
		"ARR_ENDPOINT is set, so these must be too: ARR_ACCOUNT_ID, ARR_ACCOUNT_KEY, "+
			"ARR_ACCOUNT_DOMAIN (or ARR_STS_ENDPOINT)",
	)

	t.Setenv("ARR_STS_ENDPOINT", server.URL)
	t.Setenv("ARR_ACCOUNT_ID", e.Account().ID)
	t.Setenv("ARR_ACCOUNT_KEY", "wrong")
	err = run(t.Context(), &out)
	require.ErrorContains(t, err, "check account id, account domain and key")
	require.NotContains(t, out.String(), "the emulator at")
}
