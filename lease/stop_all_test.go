// SPDX-License-Identifier: MIT

package lease_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator"
	"github.com/arr-go/azremoterendering/lease"
)

// three creates sessions of two programs: "show-old" an hour ago, "show-new" and "other" now.
func three(t *testing.T) *service {
	s := newService(t, emulator.Options{})
	s.ready("show-old", 5*time.Hour)
	time.Sleep(time.Hour)
	s.ready("show-new", 5*time.Hour)
	s.create("other", arr.SessionSizeStandard, 5*time.Hour)
	return s
}

func TestStopAllStopsWhatIsMeant(t *testing.T) {
	for name, test := range map[string]struct {
		options lease.StopAllOptions
		left    []string
	}{
		"a prefix":                      {lease.StopAllOptions{Prefix: "show-"}, []string{"other"}},
		"old ones":                      {lease.StopAllOptions{Prefix: "show-", OlderThan: 30 * time.Minute}, []string{"show-new", "other"}},
		"all but one":                   {lease.StopAllOptions{Prefix: "show-", Keep: func(s arr.Session) bool { return s.ID == "show-old" }}, []string{"show-old", "other"}},
		"everything":                    {lease.StopAllOptions{EveryPrefix: true}, []string{}},
		"everything old":                {lease.StopAllOptions{EveryPrefix: true, OlderThan: time.Hour}, []string{"show-new", "other"}},
		"a prefix that nobody has":      {lease.StopAllOptions{Prefix: "none-"}, []string{"show-old", "show-new", "other"}},
		"a prefix is case-sensitive":    {lease.StopAllOptions{Prefix: "SHOW-"}, []string{"show-old", "show-new", "other"}},
		"a prefix is not any substring": {lease.StopAllOptions{Prefix: "old"}, []string{"show-old", "show-new", "other"}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := three(t)
				stopped, err := lease.StopAll(t.Context(), s.client, test.options)
				require.NoError(t, err)
				assert.ElementsMatch(t, test.left, s.running())
				assert.Len(t, stopped, 3-len(test.left))
			})
		})
	}
}

func TestStopAllRefusesToStopEverythingByMistake(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := three(t)
		for _, options := range []lease.StopAllOptions{{}, {Prefix: "show-", EveryPrefix: true}, {Prefix: "show-", OlderThan: -1}} {
			_, err := lease.StopAll(t.Context(), s.client, options)
			assert.ErrorIs(t, err, arr.ErrInvalidArgument)
		}
		_, err := lease.StopAll(t.Context(), nil, lease.StopAllOptions{Prefix: "show-"})
		assert.ErrorIs(t, err, arr.ErrInvalidArgument)
		assert.Len(t, s.running(), 3)
	})
}

// One request in five fails, on many pages; everything is stopped all the same.
func TestStopAllThroughFailures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t, emulator.Options{Decisions: emulator.Decisions{PageSize: 7}, Seed: 5})
		for i := range 100 {
			s.create(fmt.Sprintf("show-%d", i), arr.SessionSizeStandard, time.Hour)
		}
		for _, f := range []emulator.Fault{{Status: 503}, {Drop: emulator.DropBefore}, {Drop: emulator.DropAfter}, {Body: emulator.BodyTruncated}} {
			f.Probability = 0.05
			s.fault(f)
		}
		stopped, err := lease.StopAll(t.Context(), s.client, lease.StopAllOptions{Prefix: "show-"})
		require.NoError(t, err)
		assert.Len(t, stopped, 100)
		assert.Empty(t, s.running())
	})
}

// What could not be stopped is named, and everything else is stopped.
func TestStopAllNamesWhatItCouldNotStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := three(t)
		s.fault(emulator.Fault{Operation: "stop", Session: "show-old", Status: 403})
		stopped, err := lease.StopAll(
			t.Context(),
			s.client,
			lease.StopAllOptions{EveryPrefix: true},
		)
		var notStopped *lease.NotStoppedError
		require.ErrorAs(t, err, &notStopped)
		assert.Equal(t, "show-old", notStopped.SessionID)
		assert.ErrorIs(t, err, arr.ErrForbidden)
		assert.Len(t, stopped, 2)
		assert.Equal(t, []string{"show-old"}, s.running())
	})
}

// A list that breaks off is no reason to leave running what it has shown.
func TestStopAllWithAnIncompleteList(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t, emulator.Options{Decisions: emulator.Decisions{PageSize: 10}})
		for i := range 30 {
			s.create(fmt.Sprintf("show-%02d", i), arr.SessionSizeStandard, time.Hour)
		}
		s.fault(emulator.Fault{Operation: "list", Skip: 1, Status: 403})
		stopped, err := lease.StopAll(t.Context(), s.client, lease.StopAllOptions{Prefix: "show-"})
		assert.ErrorIs(t, err, arr.ErrForbidden)
		assert.Len(t, stopped, 10)
		assert.False(
			t,
			slices.ContainsFunc(
				s.running(),
				func(id string) bool { return strings.HasPrefix(id, "show-0") },
			),
		)
	})
}
