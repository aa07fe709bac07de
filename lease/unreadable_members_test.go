// SPDX-License-Identifier: MIT

package lease_test

import (
	"context"
	"net/http"
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

// spoil makes a member unreadable in every session that the service shows.
func spoil(s *service, member string) {
	odd := func(object any) {
		if m := object.(map[string]any); m["id"] != nil {
			m[member] = map[string]any{"odd": true}
		}
	}
	s.handle(func(req *http.Request, forward testkit.Forward) (*http.Response, error) {
		created := false
		resp, err := changeAnswers(req, func() (*http.Response, error) {
			resp, err := forward()
			if err == nil && resp.StatusCode == http.StatusCreated {
				created, resp.StatusCode = true, http.StatusOK
			}
			return resp, err
		}, func(m map[string]any) {
			odd(m)
			list, _ := m["sessions"].([]any)
			for _, session := range list {
				odd(session)
			}
		})
		if created {
			resp.StatusCode = http.StatusCreated
		}
		return resp, err
	})
}

// Only id and status are needed. Whatever else cannot be read, in any answer, a session is kept
// alive, and known not to be stopped too early.
func TestNoOtherMemberIsNeededToKeepASession(t *testing.T) {
	for _, member := range []string{
		"creationTime", "arrInspectorPort", "handshakePort", "elapsedTimeMinutes", "hostname",
		"maxLeaseTimeMinutes", "size", "teraflops", "error",
	} {
		for name, hold := range map[string]func(*testing.T, *service) *lease.Lease{
			"acquire": func(t *testing.T, s *service) *lease.Lease {
				l, err := lease.Acquire(t.Context(), s.client, lease.AcquireOptions{})
				require.NoError(t, err)
				return l
			},
			"pool": func(t *testing.T, s *service) *lease.Lease {
				pool, err := lease.NewPool(s.client, lease.PoolOptions{IDPrefix: "p-", Max: 2})
				require.NoError(t, err)
				t.Cleanup(func() { _ = pool.Close(context.Background()) })
				l, err := pool.Acquire(t.Context())
				require.NoError(t, err)
				return l
			},
		} {
			synctest.Test(t, func(t *testing.T) {
				s := newService(t, emulator.Options{})
				spoil(s, member)
				l := hold(t, s)
				time.Sleep(3 * time.Hour)
				assert.NoError(t, context.Cause(l.Context()), "%s, %s", member, name)
				assert.Equal(t, []string{l.Session().ID}, s.running())
				assert.NoError(t, l.Release(t.Context()))
			})
		}
		synctest.Test(t, func(t *testing.T) {
			s := newService(t, emulator.Options{})
			s.ready("demo", 30*time.Minute)
			time.Sleep(17 * time.Minute)
			spoil(s, member)
			ctx, cancel := context.WithTimeout(t.Context(), 3*time.Hour)
			defer cancel()
			err := lease.KeepAlive(ctx, s.client, "demo", lease.KeepAliveOptions{})
			if member == "maxLeaseTimeMinutes" { // nobody knows to what it could be extended
				assert.ErrorIs(t, err, lease.ErrExpired)
				assert.Empty(t, s.running(), "not given up before its end")
				return
			}
			assert.ErrorIs(t, err, context.DeadlineExceeded, member)
			assert.Equal(t, []string{"demo"}, s.running(), member)
		})
	}
}

// An age that is not known is not zero.
func TestAnUnknownAgeGuaranteesNothing(t *testing.T) {
	for age, atLeast := range map[string]time.Duration{
		`0`: 29 * time.Minute, `5`: 24 * time.Minute, `null`: 0, `-5`: 0, `{}`: 0,
	} {
		var session arr.Session
		require.NoError(t, session.UnmarshalJSON([]byte(
			`{"id":"demo","status":"Ready","maxLeaseTimeMinutes":30,"elapsedTimeMinutes":`+age+`}`)))
		got, _ := session.RemainingLease()
		assert.Equal(t, atLeast, got, age)
	}
}
