// SPDX-License-Identifier: MIT

package main

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/stretchr/testify/require"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator"
	"github.com/arr-go/azremoterendering/internal/testkit"
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

// cut cuts the program off from the service once ctx ends.
func (f *fixture) cut(ctx context.Context) {
	f.network.Handle(func(_ *http.Request, forward testkit.Forward) (*http.Response, error) {
		if ctx.Err() != nil {
			return nil, errors.New("network is unreachable")
		}
		return forward()
	})
}

// fixture is an emulator in memory, and the program in front of it.
type fixture struct {
	emulator *emulator.Emulator
	network  *testkit.Wire
	owner    *arr.SessionsClient // past the network, for what the test wants to know
	file     sessionFile
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	e, err := emulator.New(emulator.Options{StartupTime: emulator.FixedStartup(time.Minute)})
	require.NoError(t, err)
	owner, err := e.SessionsClient(nil)
	require.NoError(t, err)
	return &fixture{
		emulator: e,
		network:  &testkit.Wire{Next: e.Transport()},
		owner:    owner,
		file:     sessionFile(filepath.Join(t.TempDir(), "session.txt")),
	}
}

// run runs the program until it ends, with Ctrl-C when it prints a text. It returns the output and
// the exit code as well.
func (f *fixture) run(t *testing.T, ctrlC string, change func(*device)) (string, int, error) {
	t.Helper()
	client, err := f.emulator.SessionsClient(
		&arr.SessionsClientOptions{ClientOptions: azcore.ClientOptions{Transport: f.network}},
	)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	out := &cancelling{at: ctrlC, cancel: cancel}
	d := &device{
		service: &service{client: client, account: f.emulator.Account()},
		file:    f.file, alive: time.Hour, idle: time.Minute, out: out,
	}
	if change != nil {
		change(d)
	}
	err = d.use(ctx)
	return out.String(), exitCode(ctx, err), err
}

// running returns the ids of the sessions that cost money, or soon will.
func (f *fixture) running(t *testing.T) (ids []string) {
	t.Helper()
	for session, err := range f.owner.All(t.Context(), nil) {
		require.NoError(t, err)
		ids = append(ids, session.ID)
	}
	return ids
}
