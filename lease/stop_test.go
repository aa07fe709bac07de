// SPDX-License-Identifier: MIT

package lease_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator"
	"github.com/arr-go/azremoterendering/lease"
)

// Stop makes sure, whatever stands in the way for less than half a minute.
func TestStopMakesSure(t *testing.T) {
	for name, prepare := range map[string]func(s *service){
		"nothing in the way":     func(*service) {},
		"eight lost answers":     func(s *service) { s.fault(emulator.Fault{Operation: "stop", Drop: emulator.DropAfter, Count: 8}) },
		"a service out of order": func(s *service) { s.outage("service", 20*time.Second) },
		"a session that ended":   func(s *service) { s.stop("demo") },
		"a session forgotten":    func(s *service) { s.stop("demo"); s.forget("demo") },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newService(t, emulator.Options{})
				s.ready("demo", 30*time.Minute)
				prepare(s)
				ctx, cancel := context.WithCancel(t.Context())
				cancel() // that is usually why a session is to be stopped
				require.NoError(t, lease.Stop(ctx, s.client, "demo"))
				assert.Empty(t, s.running())
			})
		})
	}
}

func TestStopSaysWhatItCouldNotStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t, emulator.Options{})
		s.ready("demo", 30*time.Minute)
		for name, test := range map[string]struct {
			fault emulator.Fault
			want  error
			most  time.Duration
		}{
			"refused":   {emulator.Fault{Operation: "stop", Status: 403}, arr.ErrForbidden, 0},
			"throttled": {emulator.Fault{Operation: "stop", Status: 429, RetryAfter: time.Minute}, arr.ErrThrottled, 30 * time.Second},
			"no answer": {emulator.Fault{Operation: "stop", Delay: time.Hour}, arr.ErrOutcomeUnknown, 30 * time.Second},
		} {
			mend := s.fault(test.fault)
			began := time.Now()
			err := lease.Stop(t.Context(), s.client, "demo")
			var notStopped *lease.NotStoppedError
			require.ErrorAs(t, err, &notStopped, name)
			assert.ErrorIs(t, err, test.want, name)
			assert.LessOrEqual(t, time.Since(began), test.most, name)
			assert.Equal(t, "demo", notStopped.SessionID)
			mend()
		}
		assert.ErrorIs(t, lease.Stop(t.Context(), nil, "demo"), arr.ErrInvalidArgument)
		assert.ErrorIs(t, lease.Stop(t.Context(), s.client, "not/an/id"), arr.ErrInvalidArgument)
	})
}
