// SPDX-License-Identifier: MIT

package emulator_test

import (
	"context"
	"io"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering/emulator"
)

// What cannot be written to the state file is a failure of the emulator, which its text names once.
func TestAdminFailures(t *testing.T) {
	s := start(t, emulator.Options{Admin: true, StateFile: filepath.Join(t.TempDir(), "state")})
	s.create("a", standard5)
	s.create("b", standard5)
	require.NoError(t, s.Close()) // nothing can be written any more
	for _, test := range []struct{ path, body string }{
		{"/sessions/a", `{"status":"Error"}`},
		{"/reset", ""},
		{"/accounts/" + s.Account().ID + "/keys/primary", ""},
		{"/tokens/revoke", ""},
	} {
		r := s.admin("POST", test.path, test.body)
		assert.Equal(t, http.StatusInternalServerError, r.status, test.path+r.body)
		assert.Equal(t, "InternalServerError", r.code(t), test.path)
		assert.NotContains(t, r.body, "emulator: ", test.path)
	}
}

// angryBackend has servers that panic once they are told to.
type angryBackend struct{ angry *bool }

func (b angryBackend) Start(emulator.ServerSpec) emulator.BackendServer { return b }
func (b angryBackend) SetLease(time.Duration)                           {}
func (b angryBackend) Stop()                                            {}
func (b angryBackend) Status() emulator.ServerStatus {
	if *b.angry {
		panic("angry")
	}
	return emulator.ServerStatus{}
}

// A back end that panics is answered with 500, and takes no place of a reader of events.
func TestEventsWhenTheBackendPanics(t *testing.T) {
	angry := false
	s := start(t, emulator.Options{Admin: true, Backend: angryBackend{&angry}})
	s.create("a", standard5)
	angry = true
	for range 20 { // more than there are places
		assert.Equal(t, http.StatusInternalServerError, s.admin("GET", "/events", "").status)
		assert.Equal(t, http.StatusInternalServerError, s.browse("/_page/events").status)
		assert.Equal(t, http.StatusInternalServerError, s.browse("/").status)
	}
	angry = false
	ctx, leave := context.WithCancel(t.Context())
	e := s.events(ctx, s.Transport(), "http://localhost", "", nil)
	leave()
	_, err := io.ReadAll(e.body)
	require.Error(t, err)
}
