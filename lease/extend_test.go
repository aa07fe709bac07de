// SPDX-License-Identifier: MIT

package lease_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator"
	"github.com/arr-go/azremoterendering/lease"
)

// Callers think in time left, the service in totals of whole minutes since a moment that it does
// not tell.
func TestExtend(t *testing.T) {
	for name, test := range map[string]struct {
		lease, after, atLeast time.Duration
		total                 time.Duration
		patches               int
	}{
		"nothing to do":          {30 * time.Minute, 0, 10 * time.Minute, 30 * time.Minute, 0},
		"an hour from the start": {30 * time.Minute, 0, time.Hour, 61 * time.Minute, 1},
		"after a while":          {30 * time.Minute, 20 * time.Minute, time.Hour, 81 * time.Minute, 1},
		"a minute may be over without show": {
			30 * time.Minute, 20*time.Minute + 59*time.Second, 9 * time.Minute, 30 * time.Minute,
			0,
		},
		"and counts against it if it may be": {
			30 * time.Minute, 20 * time.Minute, 10 * time.Minute, 31 * time.Minute, 1,
		},
		"a fraction of a minute": {30 * time.Minute, 0, 30*time.Minute + 1, 32 * time.Minute, 1},
		"to the longest":         {30 * time.Minute, 0, 1438 * time.Minute, 1439 * time.Minute, 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newService(t, emulator.Options{})
				s.ready("demo", test.lease)
				time.Sleep(test.after)
				session, err := lease.Extend(t.Context(), s.client, "demo", test.atLeast)
				require.NoError(t, err)
				assert.Equal(t, test.total, session.MaxLeaseTime)
				assert.Equal(t, test.total, s.get("demo").MaxLeaseTime)
				assert.Equal(t, test.patches, s.count("PATCH"))
				assert.GreaterOrEqual(t, test.total-test.after, test.atLeast)
			})
		})
	}
}

// The lease of a session that is Starting has not begun: all of it is left.
func TestExtendWhileStarting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t, emulator.Options{StartupTime: emulator.FixedStartup(time.Hour)})
		s.create("demo", arr.SessionSizeStandard, 30*time.Minute)
		time.Sleep(10 * time.Minute)
		session, err := lease.Extend(t.Context(), s.client, "demo", 30*time.Minute)
		require.NoError(t, err)
		assert.Equal(t, 30*time.Minute, session.MaxLeaseTime)
		session, err = lease.Extend(t.Context(), s.client, "demo", 45*time.Minute)
		require.NoError(t, err)
		assert.Equal(t, 45*time.Minute, session.MaxLeaseTime)
	})
}

func TestExtendBeyondWhatTheServiceTakes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t, emulator.Options{})
		s.ready("demo", 30*time.Minute)
		time.Sleep(25 * time.Minute)
		session, err := lease.Extend(t.Context(), s.client, "demo", 24*time.Hour)
		assert.ErrorIs(t, err, arr.ErrLeaseNotExtended)
		assert.ErrorContains(t, err, "demo")
		assert.Equal(
			t,
			lease.LongestLease,
			session.MaxLeaseTime,
			"it is extended as far as it can be",
		)
	})
}

func TestExtendWhatCannotBeExtended(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t, emulator.Options{})
		s.ready("ended", 30*time.Minute)
		s.stop("ended")
		_, err := lease.Extend(t.Context(), s.client, "ended", time.Hour)
		assert.ErrorIs(t, err, arr.ErrLeaseNotExtended)
		assert.ErrorIs(t, err, lease.ErrStopped)
		_, err = lease.Extend(t.Context(), s.client, "unknown", time.Hour)
		assert.ErrorIs(t, err, arr.ErrNotFound)
		_, err = lease.Extend(t.Context(), s.client, "ended", -time.Hour)
		assert.ErrorIs(t, err, arr.ErrInvalidArgument)
		_, err = lease.Extend(t.Context(), nil, "ended", time.Hour)
		assert.ErrorIs(t, err, arr.ErrInvalidArgument)
	})
}

// Somebody else extends the session between the look and the update: that counts, too.
func TestExtendWhileAnotherExtends(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t, emulator.Options{})
		s.ready("demo", 30*time.Minute)
		s.beforeFirst("PATCH", func() {
			_, err := s.direct.Update(
				t.Context(),
				"demo",
				arr.UpdateSessionSettings{MaxLeaseTime: 2 * time.Hour},
				nil,
			)
			s.must(err)
		})
		session, err := lease.Extend(t.Context(), s.client, "demo", time.Hour)
		require.NoError(t, err)
		assert.Equal(t, 2*time.Hour, session.MaxLeaseTime)
	})
}
