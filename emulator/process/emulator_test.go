// SPDX-License-Identifier: MIT

package process_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator"
	"github.com/arr-go/azremoterendering/emulator/process"
)

// service is an emulator with processes behind it, and a client.
type service struct {
	fixture
	emulator *emulator.Emulator
	client   *azremoterendering.SessionsClient
}

func newService(t *testing.T, options process.Options) service {
	t.Helper()
	f := backend(t, options)
	e, err := emulator.New(emulator.Options{Backend: f.Backend})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, e.Close()) })
	client, err := e.SessionsClient(nil)
	require.NoError(t, err)
	return service{fixture: f, emulator: e, client: client}
}

func (s service) create(id string) azremoterendering.Session {
	s.t.Helper()
	poller, err := s.client.BeginCreate(
		context.Background(),
		id,
		azremoterendering.CreateSessionSettings{
			Size:         azremoterendering.SessionSizeStandard,
			MaxLeaseTime: time.Minute,
		},
		nil,
	)
	require.NoError(s.t, err)
	return poller.Session()
}

// await polls a session until it is in a state.
func (s service) await(
	id string,
	status azremoterendering.SessionStatus,
) azremoterendering.Session {
	s.t.Helper()
	var session azremoterendering.Session
	eventually(s.t, func() bool {
		response, err := s.client.Get(context.Background(), id, nil)
		require.NoError(s.t, err)
		session = response.Session
		require.False(s.t, session.Status.Ended() && session.Status != status,
			"session %s is %s: %+v", id, session.Status, session.Error)
		return session.Status == status
	})
	return session
}

func TestSessionFromCreationToStop(t *testing.T) {
	t.Parallel()
	s := newService(t, process.Options{Command: program("listen late")})
	created := s.create("a")
	assert.Equal(t, azremoterendering.SessionStatusStarting, created.Status)
	assert.Empty(t, created.Hostname)

	session := s.await("a", azremoterendering.SessionStatusReady)
	assert.Equal(t, "127.0.0.1", session.Hostname)
	assert.NotZero(t, session.ArrInspectorPort)
	assert.True(t, connects(session.HandshakePort))

	pid := s.output.pids(t, 1)[0]
	_, err := s.client.Stop(context.Background(), "a", nil)
	require.NoError(t, err)
	s.await("a", azremoterendering.SessionStatusStopped)
	eventually(t, func() bool { return gone(pid) })
	assert.False(t, connects(session.HandshakePort))
}

func TestSessionWhoseProgramEnds(t *testing.T) {
	t.Parallel()
	for role, want := range map[string]azremoterendering.ErrorDetail{
		"exit early": {
			Code:    "ServerStartFailed",
			Message: "The server ended before it accepted connections: exit status 3.",
		},
		"die after ready": {Code: "ServerFailed", Message: "The server ended by itself: exit status 4."},
	} {
		s := newService(t, process.Options{Command: program(role)})
		s.create("a")
		session := s.await("a", azremoterendering.SessionStatusError)
		assert.Equal(t, &want, session.Error)
		assert.Empty(t, session.Hostname)
	}
}

func TestClosingTheEmulatorEndsThePrograms(t *testing.T) {
	t.Parallel()
	s := newService(t, process.Options{Command: program("listen")})
	s.create("a")
	s.create("b")
	pids := s.output.pids(t, 2)
	require.NoError(t, s.emulator.Close())
	for _, pid := range pids {
		assert.True(t, gone(pid))
	}
}

// Programs have ended before a reset returns, and programs of sessions that stay go on.
func TestResettingTheEmulatorEndsThePrograms(t *testing.T) {
	t.Parallel()
	s := newService(t, process.Options{Command: program("listen")})
	s.create("a-1")
	s.create("a-2")
	s.await("a-1", azremoterendering.SessionStatusReady)
	pids := s.output.pids(t, 2)
	s.create("b")
	other := s.output.pids(t, 3)
	require.NoError(t, s.emulator.Reset(emulator.Scope{Prefix: "a-"}))
	for _, pid := range pids {
		assert.True(t, gone(pid))
	}
	living := 0
	for _, pid := range other {
		if !gone(pid) {
			living++
		}
	}
	assert.Equal(t, 1, living)
	require.NoError(t, s.emulator.Reset(emulator.Scope{}))
	for _, pid := range other {
		assert.True(t, gone(pid))
	}
}

// A lease that the clock has ended takes its program with it, before Advance returns.
func TestAdvancingTheClockEndsThePrograms(t *testing.T) {
	t.Parallel()
	s := newService(t, process.Options{Command: program("listen")})
	s.emulator.Clock().Freeze()
	s.create("a")
	s.create("b")
	s.await("a", azremoterendering.SessionStatusReady)
	s.await("b", azremoterendering.SessionStatusReady)
	pids := s.output.pids(t, 2)
	_, err := s.client.Update(context.Background(), "b",
		azremoterendering.UpdateSessionSettings{MaxLeaseTime: 31 * time.Minute}, nil)
	require.NoError(t, err)

	living := func() (n int) {
		for _, pid := range pids {
			if !gone(pid) {
				n++
			}
		}
		return n
	}
	for _, step := range []struct {
		advance time.Duration
		living  int
	}{{time.Minute - 1, 2}, {1, 1}, {30*time.Minute - 1, 1}, {1, 0}} {
		require.NoError(t, s.emulator.Clock().Advance(step.advance))
		assert.Equal(t, step.living, living(), "after %v more", step.advance)
	}
	for _, id := range []string{"a", "b"} {
		session := s.await(id, azremoterendering.SessionStatusExpired)
		assert.Nil(t, session.Error)
	}
}

// On a fast clock a lease of a minute is over after a second, with no request that looks at it.
func TestLeasesOfProgramsFollowTheScale(t *testing.T) {
	t.Parallel()
	s := newService(t, process.Options{Command: program("listen")})
	s.create("a")
	s.await("a", azremoterendering.SessionStatusReady)
	pid := s.output.pids(t, 1)[0]
	require.NoError(t, s.emulator.Clock().SetScale(600))
	eventually(t, func() bool { return gone(pid) })
	s.await("a", azremoterendering.SessionStatusExpired)
}
