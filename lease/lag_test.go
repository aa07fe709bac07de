// SPDX-License-Identifier: MIT

package lease_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator"
	"github.com/arr-go/azremoterendering/internal/testkit"
	"github.com/arr-go/azremoterendering/lease"
)

// lagging starts a service whose reads show a session only so long after its creation. If lossy,
// the answer to the first creation is lost, and the client repeats the create.
func lagging(t *testing.T, lag, startup time.Duration, lossy bool) *service {
	t.Helper()
	s := newService(t, emulator.Options{StartupTime: emulator.FixedStartup(startup)})
	began := time.Now()
	s.handle(func(req *http.Request, forward testkit.Forward) (*http.Response, error) {
		if lossy && req.Method == http.MethodPut {
			lossy = false
			return testkit.LoseAnswer(req, forward)
		}
		_, session, sessions := strings.Cut(req.URL.Path, "/sessions")
		if time.Since(began) >= lag || !sessions || req.Method == http.MethodPut {
			return forward()
		}
		if session == "" {
			return testkit.Answer(req, http.StatusOK, `{"sessions":[]}`), nil
		}
		return answer(req, http.StatusNotFound), nil
	})
	return s
}

// A session that was created moments ago is not visible yet. Nobody gives it up.
func TestAReadThatLagsBehindItsOwnCreateIsTolerated(t *testing.T) {
	const startup = 10 * time.Second
	halfHour := arr.CreateSessionSettings{
		Size:         arr.SessionSizeStandard,
		MaxLeaseTime: 30 * time.Minute,
	}
	created := func(t *testing.T, s *service, tries int) {
		t.Helper()
		assert.Equal(t, tries, s.count("PUT"))
		assert.Len(t, s.emulator.Sessions(), 1)
	}
	for name, story := range map[string]func(t *testing.T, s *service, tries int){
		"Acquire": func(t *testing.T, s *service, tries int) {
			l := acquire(t, s, lease.AcquireOptions{})
			require.NoError(t, l.Release(t.Context()))
			created(t, s, tries)
		},
		"Acquire with a watcher": func(t *testing.T, s *service, tries int) {
			w, err := lease.NewWatcher(s.client, lease.WatcherOptions{})
			require.NoError(t, err)
			defer w.Close()
			l := acquire(t, s, lease.AcquireOptions{Watcher: w})
			require.NoError(t, l.Release(t.Context()))
			created(t, s, tries)
		},
		"Acquire, adopting": func(t *testing.T, s *service, _ int) {
			_, err := s.client.BeginCreate(t.Context(), "demo", halfHour, nil)
			require.NoError(t, err)
			l := acquire(t, s, lease.AcquireOptions{SessionID: "demo"})
			assert.Equal(t, "demo", l.Session().ID)
			require.NoError(t, l.Release(t.Context()))
		},
		"KeepAlive": func(t *testing.T, s *service, _ int) {
			_, err := s.client.BeginCreate(t.Context(), "demo", halfHour, nil)
			require.NoError(t, err)
			ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
			defer cancel()
			err = lease.KeepAlive(ctx, s.client, "demo", lease.KeepAliveOptions{})
			assert.ErrorIs(t, err, context.DeadlineExceeded)
		},
		"Watcher": func(t *testing.T, s *service, _ int) {
			_, err := s.client.BeginCreate(t.Context(), "demo", halfHour, nil)
			require.NoError(t, err)
			w, err := lease.NewWatcher(s.client, lease.WatcherOptions{})
			require.NoError(t, err)
			defer w.Close()
			session, err := w.Wait(t.Context(), "demo")
			require.NoError(t, err)
			assert.Equal(t, arr.SessionStatusReady, session.Status)
		},
		"Pool": func(t *testing.T, s *service, tries int) {
			p := s.newPool(lease.PoolOptions{IDPrefix: "pool-", Max: 1})
			_, err := p.Acquire(t.Context())
			require.NoError(t, err)
			created(t, s, tries)
		},
		"Stop": func(t *testing.T, s *service, _ int) {
			_, err := s.client.BeginCreate(t.Context(), "demo", halfHour, nil)
			require.NoError(t, err)
			require.NoError(t, lease.Stop(t.Context(), s.client, "demo"))
			assert.Empty(t, s.running())
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				story(t, lagging(t, 20*time.Second, startup, false), 1)
			})
			synctest.Test(t, func(t *testing.T) {
				story(t, lagging(t, 20*time.Second, startup, true), 2)
			})
		})
	}
}

// Anyone who did not create the session has no reason to wait, and 30 seconds are enough.
func TestASessionThatStaysUnknownIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := lagging(t, time.Hour, time.Second, false)
		s.create("theirs", arr.SessionSizeStandard, 30*time.Minute)
		began := time.Now()
		err := lease.KeepAlive(t.Context(), s.client, "theirs", lease.KeepAliveOptions{})
		assert.ErrorIs(t, err, arr.ErrNotFound)
		assert.Zero(t, time.Since(began))

		_, err = s.client.BeginCreate(t.Context(), "ours",
			arr.CreateSessionSettings{Size: arr.SessionSizeStandard, MaxLeaseTime: time.Hour}, nil)
		require.NoError(t, err)
		err = lease.KeepAlive(t.Context(), s.client, "ours", lease.KeepAliveOptions{})
		assert.ErrorIs(t, err, arr.ErrNotFound)
		assert.GreaterOrEqual(t, time.Since(began), 30*time.Second)
		assert.Less(t, time.Since(began), time.Minute+30*time.Second)
	})
}
