// SPDX-License-Identifier: MIT

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/arr-go/azremoterendering/examples/internal/backend"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/stretchr/testify/require"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator"
)

const (
	endpoint    = "https://remoterendering.westeurope.mixedreality.azure.com"
	sessionID   = "shared-session"
	leaseTime   = 23 * time.Hour
	exchangeLag = time.Second
)

// wire is the network between the broker and the emulator. It counts exchanges, and breaks them as
// a test wants.
type wire struct {
	next policy.Transporter

	mu        sync.Mutex
	exchanges int
	outage    bool
}

func (w *wire) Do(req *http.Request) (*http.Response, error) {
	if !strings.HasSuffix(req.URL.Path, "/token") {
		return w.next.Do(req)
	}
	w.mu.Lock()
	w.exchanges++
	outage := w.outage
	w.mu.Unlock()
	select {
	case <-time.After(exchangeLag):
	case <-req.Context().Done():
		return nil, req.Context().Err()
	}
	if outage {
		return nil, errors.New("connection reset by peer")
	}
	return w.next.Do(req)
}

func (w *wire) count() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.exchanges
}

func (w *wire) setOutage(outage bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.outage = outage
}

// fixture is a broker in front of an emulator in memory, with one device.
type fixture struct {
	emulator *emulator.Emulator
	wire     *wire
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

	f := &fixture{emulator: e, wire: &wire{next: e.Transport()}, log: new(bytes.Buffer)}
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
