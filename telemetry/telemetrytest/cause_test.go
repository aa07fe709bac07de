// SPDX-License-Identifier: MIT

package telemetrytest_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator"
	"github.com/arr-go/azremoterendering/lease"
	"github.com/arr-go/azremoterendering/telemetry"
)

// Dashboards and alerts rely on these names.
func TestCauses(t *testing.T) {
	ended := func(status arr.SessionStatus) error {
		return &arr.SessionEndedError{Session: arr.Session{ID: "show", Status: status}}
	}
	refused := &arr.ServiceError{Operation: "get", StatusCode: 429}
	for _, c := range []struct {
		err  error
		want string
	}{
		{nil, ""},
		{errors.New("something else"), "_OTHER"},
		{refused, "429"},
		{fmt.Errorf("waiting: %w", refused), "429"},
		{&lease.NotStoppedError{SessionID: "show", Err: refused}, "not_stopped"},
		{errors.Join(refused, &lease.NotStoppedError{SessionID: "show", Err: refused}), "not_stopped"},
		{&arr.AuthenticationError{StatusCode: 401}, "authentication"},
		{ended(arr.SessionStatusError), "no_capacity"},
		{ended(arr.SessionStatusStopped), "stopped"},
		{ended(arr.SessionStatusExpired), "expired"},
		{fmt.Errorf("%w: %w", lease.ErrExpired, refused), "expired"},
		{fmt.Errorf("%w: %w", arr.ErrLeaseNotExtended, ended(arr.SessionStatusStopped)), "lease_not_extended"},
		{fmt.Errorf("%w: %w", context.DeadlineExceeded, lease.ErrStartTimeout), "start_timeout"},
		{lease.ErrBudget, "budget"},
		{lease.ErrPoolClosed, "pool_closed"},
		{lease.ErrIdle, "idle"},
		{lease.ErrReleased, "released"},
		{lease.ErrDetached, "detached"},
		{context.Canceled, "canceled"},
		{context.DeadlineExceeded, "timeout"},
		{&net.OpError{Op: "dial", Err: errors.New("refused")}, "network"},
	} {
		assert.Equal(t, c.want, telemetry.Cause(c.err), "%v", c.err)
	}
}

// What happens to a session decides how its end and its creation are counted.
func TestEndsOfSessionsAreCountedByCause(t *testing.T) {
	for name, c := range map[string]struct {
		start    emulator.StartFault
		meddle   func(*testing.T, *fixture)
		failures map[string]float64 // creations, by error.type
		end      string
	}{
		"fails while it starts": {
			start: emulator.StartFails, failures: map[string]float64{"no_capacity": 1}, end: "no_capacity",
		},
		"is stopped by another program while it starts": {
			meddle: func(t *testing.T, f *fixture) {
				time.Sleep(30 * time.Second)
				_, err := f.client.Stop(t.Context(), f.lives()[0].ID, nil)
				assert.NoError(t, err)
			},
			failures: map[string]float64{"stopped": 1, "no_capacity": 0}, end: "stopped",
		},
		"breaks when it is in use": {start: emulator.StartDies, end: "session_error"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFixture(t, emulator.Options{StartupTime: emulator.FixedStartup(time.Minute)})
				if c.start != "" {
					_, err := f.emulator.Inject(emulator.Fault{Start: c.start})
					require.NoError(t, err)
				}
				if c.meddle != nil {
					go c.meddle(t, f)
				}
				l, err := lease.Acquire(t.Context(), f.client, lease.AcquireOptions{
					Observe: f.metrics.Observe, LookEvery: time.Minute,
				})
				if err == nil {
					<-l.Context().Done()
					synctest.Wait()
				}
				assert.Equal(t, 1.0, f.sum("arr_session_ends_total"))
				assert.Equal(t, 1.0, f.sum("arr_session_ends_total", "arr_session_end", c.end))
				for cause, n := range c.failures {
					assert.Equal(t, n, f.sum("arr_session_failures_total", "error_type", cause), cause)
				}
			})
		})
	}
}
