// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator"
	"github.com/arr-go/azremoterendering/lease"
)

func TestADeviceThatFallsSilentLosesItsSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		start := time.Now()
		out, code, err := f.run(t, "", nil)
		require.NoError(t, err)
		require.Zero(t, code)
		require.WithinDuration(
			t,
			start.Add(62*time.Minute),
			time.Now(),
			5*time.Second,
			"a minute to start, an hour of life, a minute of silence",
		)
		require.Contains(t, out, "The lease has ended: no heartbeat")
		require.Empty(t, f.running(t))
		require.NoFileExists(t, string(f.file))
	})
}

func TestCtrlCStopsTheSession(t *testing.T) {
	for _, at := range []string{"Starting", "The device opens it", "The device is there", "The device has gone"} {
		t.Run(at, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFixture(t)
				out, code, err := f.run(t, at, func(d *device) { d.alive = 30 * time.Second })
				require.ErrorIs(t, err, context.Canceled)
				require.Equal(t, 130, code)
				require.Contains(t, out, at)
				require.Empty(t, f.running(t))
				require.NoFileExists(t, string(f.file))
			})
		})
	}
}

// TestTheNextRunTakesUpTheSession: the machine loses its network and then the program, with the
// session Ready, or still Starting.
func TestTheNextRunTakesUpTheSession(t *testing.T) {
	for _, at := range []string{"Starting", "The device is there"} {
		t.Run(at, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFixture(t)
				ctx, cut := context.WithCancel(t.Context())
				defer cut()
				f.cut(ctx)
				_, code, err := f.run(t, at, func(d *device) {
					out := d.out.(*cancelling)
					ctrlC := out.cancel
					out.cancel = func() { cut(); ctrlC() }
				})
				notStopped, ok := errors.AsType[*lease.NotStoppedError](err)
				require.True(t, ok, err)
				require.Equal(t, 1, code)
				require.Equal(t, []string{notStopped.SessionID}, f.running(t))

				f.network.Handle(nil)
				out, code, err := f.run(t, "", func(d *device) { d.alive = 10 * time.Second })
				require.NoError(t, err)
				require.Zero(t, code)
				require.Contains(t, out, "session id         "+notStopped.SessionID)
				require.Empty(t, f.running(t))
				require.NoFileExists(t, string(f.file))
			})
		})
	}
}

func TestCtrlCStopsASessionTakenUpWhileItIsStarting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		_, err := f.owner.BeginCreate(
			t.Context(),
			"saved",
			arr.CreateSessionSettings{Size: arr.SessionSizeStandard, MaxLeaseTime: time.Hour},
			nil,
		)
		require.NoError(t, err)
		require.NoError(t, f.file.write("saved"))
		_, code, err := f.run(t, "saved is Starting", nil)
		require.ErrorIs(t, err, context.Canceled)
		require.Equal(t, 130, code)
		require.Empty(t, f.running(t))
		require.NoFileExists(t, string(f.file))
	})
}

func TestTheTokenIsPrintedOnlyIfAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		brief := func(d *device) { d.alive = time.Second }
		token, err := f.owner.AccessToken(t.Context(), nil)
		require.NoError(t, err)
		header, _, _ := strings.Cut(token.Token, ".") // tokens differ, but all begin alike
		out, _, err := f.run(t, "", brief)
		require.NoError(t, err)
		require.NotContains(t, out, header)
		require.NotContains(t, out, f.emulator.Key())
		out, _, err = f.run(t, "", func(d *device) { brief(d); d.printToken = true })
		require.NoError(t, err)
		require.Contains(t, out, header)
	})
}

func TestTheEnvironmentNamesTheService(t *testing.T) {
	for _, name := range []string{"ARR_ACCOUNT_DOMAIN", "ARR_STS_ENDPOINT", "ARR_ACCOUNT_ID", "ARR_ACCOUNT_KEY"} {
		t.Setenv(name, "")
	}
	t.Setenv("ARR_ENDPOINT", "https://remoterendering.arr.test")
	_, err := findService(os.Stdout)
	require.EqualError(
		t,
		err,
		"ARR_ENDPOINT is set, so these must be too: ARR_ACCOUNT_ID, ARR_ACCOUNT_KEY, "+
			"ARR_ACCOUNT_DOMAIN (or ARR_STS_ENDPOINT)",
	)

	t.Setenv("ARR_ACCOUNT_ID", emulator.DevelopmentAccountID)
	t.Setenv("ARR_ACCOUNT_KEY", "key")
	t.Setenv("ARR_ACCOUNT_DOMAIN", "arr.test")
	s, err := findService(os.Stdout)
	require.NoError(t, err)
	require.Equal(t, "https://remoterendering.arr.test", s.client.Endpoint())
}
