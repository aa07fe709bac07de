// SPDX-License-Identifier: MIT

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/stretchr/testify/require"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator"
	"github.com/arr-go/azremoterendering/examples/internal/backend"
	"github.com/arr-go/azremoterendering/internal/testkit"
	"github.com/arr-go/azremoterendering/lease"
)

const (
	startup = 2 * time.Minute
	idle    = time.Minute
	wait    = 10 * time.Second
)

// fixture is the web service in front of an emulator in memory, with two devices.
type fixture struct {
	emulator *emulator.Emulator
	wire     *testkit.Wire
	withKey  *lockedBuffer       // the paths that the account key was sent to, one a line
	owner    *arr.SessionsClient // past the wire, for what the test wants to know
	service  *service
	handler  http.Handler
	one, two string // their secrets
	devices  backend.Devices
	log      *lockedBuffer
	answers  bytes.Buffer // all that devices got, except for access tokens
}

// lockedBuffer is a log that the pool's goroutines write to.
type lockedBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// newFixture starts the service and waits until its pool is warm and at rest: the pool reads its
// last list for sessions of an earlier run after three minutes, and looks at its sessions on the
// half minute.
func newFixture(t *testing.T, warm, most int) *fixture {
	t.Helper()
	e, err := emulator.New(emulator.Options{StartupTime: emulator.FixedStartup(startup)})
	require.NoError(t, err)
	owner, err := e.SessionsClient(nil)
	require.NoError(t, err)
	f := &fixture{
		emulator: e,
		wire:     &testkit.Wire{Next: e.Transport()},
		withKey:  new(lockedBuffer),
		owner:    owner,
		log:      new(lockedBuffer),
	}
	f.wire.Handle(func(req *http.Request, forward testkit.Forward) (*http.Response, error) {
		if strings.Contains(req.Header.Get("Authorization"), e.Key()) {
			fmt.Fprintln(f.withKey, req.URL.Path)
		}
		return forward()
	})
	one, secret := backend.NewDevice("one")
	f.one = secret
	two, secret := backend.NewDevice("two")
	f.two = secret
	f.devices = backend.Devices{two, one}
	f.start(t, settings{prefix: "test-", warm: warm, max: most, idle: idle, wait: wait})
	time.Sleep(startup + 70*time.Second)
	synctest.Wait()
	return f
}

// start starts the program, on the sessions that there are.
func (f *fixture) start(t *testing.T, s settings) {
	t.Helper()
	client, err := f.emulator.SessionsClient(
		&arr.SessionsClientOptions{ClientOptions: azcore.ClientOptions{Transport: f.wire}},
	)
	require.NoError(t, err)
	f.service = &service{
		client: client, account: f.emulator.Account(), devices: f.devices, settings: s,
		metrics: newMetrics(),
		log:     slog.New(slog.NewTextHandler(f.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	f.service.pool, err = lease.NewPool(client, f.service.poolOptions())
	require.NoError(t, err)
	f.handler = f.service.handler()
	pool := f.service.pool
	t.Cleanup(func() { require.NoError(t, pool.Close(context.WithoutCancel(t.Context()))) })
}

// stop ends the program, as SIGTERM does.
func (f *fixture) stop(t *testing.T) {
	t.Helper()
	require.NoError(t, f.service.pool.Close(t.Context()))
}

// send sends a request of the device with that secret.
func (f *fixture) send(
	ctx context.Context,
	secret, method, path string,
) *httptest.ResponseRecorder {
	req := httptest.NewRequestWithContext(ctx, method, path, nil)
	if secret != "" {
		req.Header.Set("Authorization", "Bearer "+secret)
	}
	w := httptest.NewRecorder()
	f.handler.ServeHTTP(w, req)
	return w
}

// open gets a session for a device.
func (f *fixture) open(t *testing.T, secret string) access {
	t.Helper()
	w := f.send(t.Context(), secret, http.MethodPost, "/sessions")
	require.Equal(t, http.StatusCreated, w.Code, w.Body)
	var got access
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &got))
	require.Equal(t, "/sessions/"+got.SessionID, w.Header().Get("Location"))
	f.answers.WriteString(strings.ReplaceAll(w.Body.String(), got.AccessToken, ""))
	return got
}

// expect sends a request about a session and checks the status.
func (f *fixture) expect(
	t *testing.T,
	status int,
	secret, method, path string,
) *httptest.ResponseRecorder {
	t.Helper()
	w := f.send(t.Context(), secret, method, path)
	require.Equal(t, status, w.Code, w.Body)
	f.answers.WriteString(w.Body.String())
	return w
}

func (f *fixture) heartbeat(
	t *testing.T,
	status int,
	secret, id string,
) *httptest.ResponseRecorder {
	t.Helper()
	return f.expect(t, status, secret, http.MethodPut, "/sessions/"+id+"/heartbeat")
}

func (f *fixture) giveBack(t *testing.T, status int, secret, id string) {
	t.Helper()
	f.expect(t, status, secret, http.MethodDelete, "/sessions/"+id)
}

// running returns the ids of the sessions that cost money, or soon will.
func (f *fixture) running(t *testing.T) (ids []string) {
	t.Helper()
	for session, err := range f.owner.All(context.WithoutCancel(t.Context()), nil) {
		require.NoError(t, err)
		ids = append(ids, session.ID)
	}
	return ids
}
