// SPDX-License-Identifier: MIT

package emulator_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator"
)

// restart ends an emulator and starts another on its state file. Its clients keep their tokens.
func (s *service) restart(options emulator.Options) {
	s.t.Helper()
	require.NoError(s.t, s.Close())
	s.restartAt(options)
}

// restartAt starts another emulator, for the same clients.
func (s *service) restartAt(options emulator.Options) {
	s.t.Helper()
	token := s.token
	*s = *start(s.t, options)
	s.token = token
}

// kept returns options with a state file.
func kept(t *testing.T) emulator.Options {
	return emulator.Options{StateFile: filepath.Join(t.TempDir(), "state")}
}

// copied returns a copy of a state file, as a crash would leave it.
func copied(t *testing.T, path string) string {
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	path = filepath.Join(t.TempDir(), "copy")
	require.NoError(t, os.WriteFile(path, content, 0o600))
	return path
}

// closeAfter closes the emulator that s then is.
func closeAfter(t *testing.T, s *service) {
	t.Cleanup(func() { assert.NoError(t, s.Close()) })
}

func TestRestartKeepsSessions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		options := kept(t)
		options.StartupTime = emulator.FixedStartup(time.Minute)
		s := start(t, options)
		defer func() { require.NoError(t, s.Close()) }()
		for _, id := range []string{"runs", "extended", "stopped", "failed", "odd", "starts"} {
			s.create(id, standard5)
			if id == "odd" {
				time.Sleep(2 * time.Minute)
			}
		}
		s.patch("extended", `{"maxLeaseTimeMinutes":30}`)
		s.stop("stopped")
		require.NoError(t, s.SetStatus("failed", "Error"))
		require.NoError(t, s.SetStatus("odd", "Moving"))
		var before []string
		ids := []string{"runs", "extended", "stopped", "failed", "odd", "starts"}
		for _, id := range ids {
			before = append(before, s.get(id).body)
		}
		list := s.call(http.MethodGet, s.list()+apiVersion, "").body

		s.restart(options)
		for i, id := range ids {
			assert.Equal(t, before[i], s.get(id).body)
		}
		assert.Equal(t, list, s.call(http.MethodGet, s.list()+apiVersion, "").body)
		assert.Equal(t, http.StatusOK, s.put("extended", standard5).status)

		time.Sleep(4 * time.Minute) // while no emulator runs, leases run on
		s.restart(options)
		assert.Equal(t, "Expired", s.look("runs").Status)
		assert.Equal(t, 5, s.look("runs").ElapsedTimeMinutes)
		assert.Equal(t, "Ready", s.look("extended").Status)
		assert.Equal(t, "Ready", s.look("starts").Status)
	})
}

// A walk over pages goes on after a restart, also if the session that it had reached is forgotten.
func TestRestartKeepsCursors(t *testing.T) {
	options := kept(t)
	options.Decisions.PageSize = 1
	options.Retention = time.Nanosecond
	s := start(t, options)
	closeAfter(t, s)
	s.create("a", standard5)
	s.create("b", standard5)
	var page struct {
		NextLink string `json:"@nextLink"`
	}
	first := s.call(http.MethodGet, s.list()+apiVersion, "").body
	require.NoError(t, json.Unmarshal([]byte(first), &page))
	s.stop("a")
	s.stop("b")
	s.restart(options)
	assert.Equal(t, http.StatusOK, s.call(http.MethodGet, page.NextLink, "").status)
	s.create("c", standard5)
	assert.Contains(t, s.call(http.MethodGet, page.NextLink, "").body, `"c"`)
}

func TestRestartKeepsKeysAndTokens(t *testing.T) {
	options := kept(t)
	options.Accounts = []emulator.AccountOptions{
		{PrimaryKey: "given", SecondaryKey: "given-too"},
		{ID: "7d0a3f52-4c1b-4e0e-9a51-2f6f3f0c8a77"},
	}
	s := start(t, options)
	closeAfter(t, s)
	random, _, err := s.Keys(options.Accounts[1].ID)
	require.NoError(t, err)
	rotated, err := s.RotateKey(s.Account().ID, emulator.PrimaryKey)
	require.NoError(t, err)
	s.restart(options)
	assert.Equal(t, rotated, s.Key(), "a rotated key stays")
	assert.Equal(t, "given-too", s.SecondaryKey())
	again, _, err := s.Keys(options.Accounts[1].ID)
	require.NoError(t, err)
	assert.Equal(t, random, again, "a random key stays")
	assert.Equal(t, http.StatusNotFound, s.get("a").status, "the token is still valid")

	require.NoError(t, s.RevokeTokens(""))
	s.restart(options)
	assert.Equal(t, http.StatusUnauthorized, s.get("a").status, "revoked tokens stay so")
	require.NoError(t, s.RevokeTokens(""))
	s.authorize()
	s.restart(options)
	assert.Equal(t, http.StatusNotFound, s.get("a").status, "a token of the same second is valid")
	require.NoError(t, s.RevokeTokens(""))
	assert.Equal(t, http.StatusUnauthorized, s.get("a").status, "until it is revoked, too")

	options.Accounts[0].PrimaryKey = "another"
	s.restart(options)
	assert.Equal(t, "another", s.Key(), "a key that the options change counts")
}

func TestRestartKeepsTheSigningKey(t *testing.T) {
	options := kept(t)
	e, err := emulator.New(options)
	require.NoError(t, err)
	s := &service{Emulator: e, t: t}
	s.authorize()
	require.NoError(t, e.Close())
	s.Emulator, err = emulator.New(options)
	require.NoError(t, err)
	closeAfter(t, s)
	assert.Equal(t, http.StatusNotFound, s.get("a").status)
}

func TestRestartKeepsConversions(t *testing.T) {
	options := kept(t)
	s := start(t, options)
	closeAfter(t, s)
	path := "/accounts/" + s.Account().ID + "/conversions/"
	body := func(asset string) string {
		return fmt.Sprintf(`{"settings":{"inputLocation":{"storageContainerUri":"https://a.test/in",`+
			`"storageContainerReadListSas":"sig=secret","relativeInputAssetPath":%q},`+
			`"outputLocation":{"storageContainerUri":"https://a.test/out",`+
			`"storageContainerWriteSas":"sig=secret"}}}`, asset)
	}
	var before []string
	for id, asset := range map[string]string{"good": "a.fbx", "bad": "DoesNotExist.fbx"} {
		r := s.call(http.MethodPut, path+id+apiVersion, body(asset))
		require.Equal(t, http.StatusCreated, r.status, r.body)
		before = append(before, s.call(http.MethodGet, path+id+apiVersion, "").body)
	}
	list := s.call(http.MethodGet, "/accounts/"+s.Account().ID+"/conversions"+apiVersion, "").body
	s.restart(options)
	for _, want := range before {
		assert.Contains(t, list, want)
	}
	assert.Equal(t, list,
		s.call(http.MethodGet, "/accounts/"+s.Account().ID+"/conversions"+apiVersion, "").body)
}

// crashing is a back end whose servers end with the process: here, with the emulator.
type crashing struct{}

func (crashing) Start(emulator.ServerSpec) emulator.BackendServer { return crashingServer{} }

type crashingServer struct{}

func (crashingServer) Status() emulator.ServerStatus {
	return emulator.ServerStatus{ReadyAt: time.Now(), Hostname: "host", HandshakePort: 1, Settled: true}
}
func (crashingServer) SetLease(time.Duration) {}
func (crashingServer) Stop()                  {}

// Without Close, as after a crash, sessions of a back end are lost.
func TestRestartEndsServers(t *testing.T) {
	options := kept(t)
	options.Backend = crashing{}
	s := start(t, options)
	s.create("a", standard5)
	s.create("stopped", standard5)
	s.stop("stopped")
	require.Equal(t, "Ready", s.look("a").Status)
	crashed := copied(t, options.StateFile)
	require.NoError(t, s.Close())
	s.restartAt(options)
	assert.Equal(t, "Stopped", s.look("a").Status, "Close stops sessions")
	require.NoError(t, s.Close())

	options.StateFile = crashed
	s.restartAt(options)
	closeAfter(t, s)
	assert.Equal(t, "Stopped", s.look("stopped").Status)
	lost := s.look("a")
	assert.Equal(t, "Error", lost.Status)
	assert.Equal(t, "ServerLost", lost.Error.Code)
}

func TestEndedSessionsAreBounded(t *testing.T) {
	var log strings.Builder
	s := start(t, emulator.Options{KeepEnded: 10, Logger: slog.New(slog.NewTextHandler(&log, nil))})
	for i := range 30 {
		id := fmt.Sprintf("s%02d", i)
		s.create(id, standard5)
		s.stop(id)
	}
	for i := range 30 {
		status := s.get(fmt.Sprintf("s%02d", i)).status
		assert.Equal(t, i >= 20, status == http.StatusOK, "session %d: %d", i, status)
	}
	assert.Equal(t, 1, strings.Count(log.String(), "forgotten before its retention is over"))
	_, err := emulator.New(emulator.Options{KeepEnded: -1})
	require.ErrorIs(t, err, azremoterendering.ErrInvalidArgument)
}

// What was reset stays so, also after a crash.
func TestRestartKeepsAReset(t *testing.T) {
	options := kept(t)
	s := start(t, options)
	s.create("mine-1", standard5)
	s.create("yours-1", standard5)
	require.NoError(t, s.Reset(emulator.Scope{Prefix: "mine-"}))
	options.StateFile = copied(t, options.StateFile)
	require.NoError(t, s.Close())
	s.restartAt(options)
	closeAfter(t, s)
	assert.Equal(t, http.StatusNotFound, s.get("mine-1").status)
	assert.Equal(t, http.StatusOK, s.get("yours-1").status)
}
