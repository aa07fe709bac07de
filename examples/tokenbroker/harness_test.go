// SPDX-License-Identifier: MIT

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/stretchr/testify/require"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator"
	"github.com/arr-go/azremoterendering/examples/internal/backend"
	"github.com/arr-go/azremoterendering/internal/testkit"
	"github.com/arr-go/azremoterendering/internal/wait"
)

const (
	endpoint    = "https://remoterendering.westeurope.mixedreality.azure.com"
	sessionID   = "shared-session"
	leaseTime   = 23 * time.Hour
	exchangeLag = time.Second
)

// fixture is a broker in front of an emulator in memory, with one device.
type fixture struct {
	emulator *emulator.Emulator
	wire     *testkit.Wire
	handler  http.Handler
	secret   string
	log      *bytes.Buffer
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	e, err := emulator.New(emulator.Options{})
	require.NoError(t, err)
	owner, err := e.SessionsClient(nil)
	require.NoError(t, err)
	_, err = owner.BeginCreate(
		t.Context(),
		sessionID,
		arr.CreateSessionSettings{Size: arr.SessionSizeStandard, MaxLeaseTime: leaseTime},
		nil,
	)
	require.NoError(t, err)

	f := &fixture{emulator: e, wire: &testkit.Wire{Next: e.Transport()}, log: new(bytes.Buffer)}
	f.setOutage(false)
	s := &service{
		endpoint: endpoint,
		account:  e.Account(),
		key:      e.Key(),
		options:  azcore.ClientOptions{Transport: f.wire},
	}
	one, secret := backend.NewDevice("one")
	two, _ := backend.NewDevice("two")
	f.secret = secret
	b, err := s.newBroker(
		sessionID,
		backend.Devices{two, one},
		slog.New(slog.NewTextHandler(f.log, nil)),
	)
	require.NoError(t, err)
	f.handler = b.handler()
	return f
}

// setOutage makes exchanges slow, and fail if there is an outage.
func (f *fixture) setOutage(outage bool) {
	f.wire.Handle(func(req *http.Request, forward testkit.Forward) (*http.Response, error) {
		if !testkit.IsExchange(req) {
			return forward()
		}
		if err := wait.Sleep(req.Context(), exchangeLag); err != nil {
			return nil, err
		}
		if outage {
			return nil, testkit.ErrLost
		}
		return forward()
	})
}

// ask sends what a device with this Authorization header sends.
func (f *fixture) ask(ctx context.Context, authorization string) *httptest.ResponseRecorder {
	req := httptest.NewRequestWithContext(ctx, http.MethodPost, sessionPath, nil)
	if authorization != "" {
		req.Header.Set("Authorization", authorization)
	}
	w := httptest.NewRecorder()
	f.handler.ServeHTTP(w, req)
	return w
}

// get asks as the device does and returns the access it got.
func (f *fixture) get(t *testing.T) sessionAccess {
	t.Helper()
	w := f.ask(t.Context(), "Bearer "+f.secret)
	require.Equal(t, http.StatusOK, w.Code, w.Body)
	var access sessionAccess
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &access))
	return access
}

// requireNoSecret checks that the log, and texts, hold neither key nor device secret nor token.
func (f *fixture) requireNoSecret(t *testing.T, tokens []string, texts ...string) {
	t.Helper()
	for _, text := range append(texts, f.log.String()) {
		for _, secret := range append(tokens, f.emulator.Key(), f.secret) {
			require.NotContains(t, text, secret)
		}
	}
}
