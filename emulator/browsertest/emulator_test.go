// SPDX-License-Identifier: MIT

//go:build browser

package browsertest

import (
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator"
)

const startup = time.Minute

// signingKey is shared by all emulators, because it takes time to make.
var signingKey = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })

// service is an emulator that listens. Its clock stands still, so that a page shows the same at any
// speed of the machine.
type service struct {
	*emulator.Emulator
	t      *testing.T
	server *emulator.Server
	client *azremoterendering.SessionsClient
}

func newService(t *testing.T, options emulator.Options) *service {
	t.Helper()
	return newServiceAt(t, "", options)
}

func newServiceAt(t *testing.T, address string, options emulator.Options) *service {
	t.Helper()
	var err error
	options.SigningKey, err = signingKey()
	require.NoError(t, err)
	options.StartFrozen = true
	options.Conversions.Linked = func(string) bool { return true }
	options.StartupTime = emulator.FixedStartup(startup)
	e, err := emulator.New(options)
	require.NoError(t, err)
	server, err := e.Listen(address)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, server.Close()) })
	client, err := e.SessionsClient(nil)
	require.NoError(t, err)
	return &service{e, t, server, client}
}

func (s *service) url(path string) string { return s.server.URL + path }

// create creates a session, which is Starting.
func (s *service) create(id string, lease time.Duration) {
	s.t.Helper()
	_, err := s.client.BeginCreate(s.t.Context(), id, azremoterendering.CreateSessionSettings{
		Size: azremoterendering.SessionSizeStandard, MaxLeaseTime: lease,
	}, nil)
	require.NoError(s.t, err)
}

func (s *service) advance(d time.Duration) {
	s.t.Helper()
	require.NoError(s.t, s.Clock().Advance(d))
}

func (s *service) set(id string, status azremoterendering.SessionStatus) {
	s.t.Helper()
	require.NoError(s.t, s.SetStatus(id, status))
}

func (s *service) inject(text string) {
	s.t.Helper()
	f, err := emulator.ParseFault(text)
	require.NoError(s.t, err)
	_, err = s.Inject(f)
	require.NoError(s.t, err)
}

// fill makes one of everything that the page can show.
func (s *service) fill() {
	s.t.Helper()
	s.create("expired", 5*time.Minute)
	s.create("stopped", 5*time.Minute)
	s.create("failed", 5*time.Minute)
	s.create("unknown-state", time.Hour)
	s.advance(2 * startup)
	_, err := s.client.Stop(s.t.Context(), "stopped", nil)
	require.NoError(s.t, err)
	s.set("failed", azremoterendering.SessionStatusError)
	s.set("unknown-state", "Migrating")
	s.create("long-"+strings.Repeat("identifier_", 22), 8*time.Hour)
	s.create("ready", 28*time.Minute)
	s.advance(10 * time.Minute)
	s.inject("operation=get status=503 count=1")
	_, err = s.client.Get(s.t.Context(), "ready", nil)
	require.NoError(s.t, err, "the client tries again")
	_, err = s.client.Get(s.t.Context(), "absent", nil)
	require.ErrorIs(s.t, err, azremoterendering.ErrNotFound)
	s.inject("name=slow-creates operation=create delay=2s session=slow-*")
	s.convert()
	s.create("starting", time.Hour)
}

func (s *service) convert() {
	s.t.Helper()
	conversions := s.client.NewConversionsClient()
	for i, container := range []string{"models", strings.Repeat("long-name", 6)} {
		_, err := conversions.BeginCreate(s.t.Context(), fmt.Sprint("conversion-", i),
			azremoterendering.ConversionSettings{
				Input: azremoterendering.ConversionInput{
					StorageContainerURL:    "https://storage.blob.core.windows.net/" + container,
					RelativeInputAssetPath: strings.Repeat("folder/", 12) + "engine.glb",
				},
				Output: azremoterendering.ConversionOutput{
					StorageContainerURL: "https://storage.blob.core.windows.net/assets",
				},
			}, nil)
		require.NoError(s.t, err)
	}
}

// status returns the state of a session.
func (s *service) status(id string) azremoterendering.SessionStatus {
	s.t.Helper()
	for _, session := range s.Sessions() {
		if session.ID == id {
			return session.Status
		}
	}
	require.Fail(s.t, "no such session", id)
	return ""
}

func (s *service) clientWithoutRetries() *azremoterendering.SessionsClient {
	s.t.Helper()
	options := new(azremoterendering.SessionsClientOptions)
	options.Retry.MaxRetries = -1
	client, err := s.SessionsClient(options)
	require.NoError(s.t, err)
	return client
}
