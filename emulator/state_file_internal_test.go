// SPDX-License-Identifier: MIT

package emulator

import (
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/service"
	"github.com/arr-go/azremoterendering/service/storetest"
)

func TestStateFileIsAStore(t *testing.T) {
	storetest.Run(t, func(t *testing.T) service.Store {
		e := newEmulator(t, Options{StateFile: filepath.Join(t.TempDir(), "state")})
		t.Cleanup(func() { assert.NoError(t, e.Close()) })
		return e.store
	})
}

// Every field of the facts is in the file. A new one makes this test fail until it is there, too.
func TestImageOfASessionIsComplete(t *testing.T) {
	at := func(second int64) time.Time { return time.Unix(second, 123456789) }
	r := &record{
		Facts: service.Facts{
			ID: "a", Size: "Premium", CreatedAt: at(1), FirstLease: time.Minute, Lease: time.Hour,
			ReadyAt: at(-2), Hostname: "host", HandshakePort: 1, ArrInspectorPort: 65535,
			Teraflops: 10.6, FailedAt: at(3), EndedAt: at(4), EndedAs: "Error", Shown: "Moving",
			Failure: &azremoterendering.ErrorDetail{
				Code: "C", Message: "M", Target: "T",
				Details:    []azremoterendering.ErrorDetail{{Code: "D"}},
				InnerError: &azremoterendering.ErrorDetail{Code: "I"},
			},
		},
		holdsServer: true, shownSince: at(5), standing: standsOnServer,
	}
	facts := reflect.ValueOf(r.Facts)
	for i := range facts.NumField() {
		require.False(t, facts.Field(i).IsZero(), "field %s", facts.Type().Field(i).Name)
	}
	got, err := newRecord(r.image())
	require.NoError(t, err)
	assert.Equal(t, r, got)
	assert.True(t, got.CreatedAt.Equal(at(1)))
}

func TestImageOfASessionMayBeNewerOrBroken(t *testing.T) {
	whole := (&record{Facts: service.Facts{ID: "a", Lease: time.Hour}}).image()
	newer := whole.text(100, "of a later version").integer(101, 7)
	got, err := newRecord(newer)
	require.NoError(t, err)
	assert.Equal(t, service.Facts{ID: "a", Lease: time.Hour}, got.Facts)
	for length := range newer {
		_, _ = newRecord(newer[:length]) // must not panic
	}
	_, err = newRecord(whole[:2])
	assert.ErrorIs(t, err, errBadImage)
}

func FuzzImageOfASession(f *testing.F) {
	f.Add([]byte((&record{Facts: service.Facts{ID: "a", Lease: time.Hour}}).image()))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := newRecord(data)
		if err != nil {
			return
		}
		again, err := newRecord(r.image())
		require.NoError(t, err)
		assert.Equal(t, r.image(), again.image())
	})
}

// Numbers of conversions are not given twice either, or a cursor would skip new ones.
func TestRestartKeepsNumbersOfConversions(t *testing.T) {
	options := Options{StateFile: filepath.Join(t.TempDir(), "state"), Retention: time.Nanosecond}
	e := newEmulator(t, options)
	_, created, err := e.conversions.Create(t.Context(), e.home, service.NewConversion{
		ID: "a", ReadListSAS: "s", WriteSAS: "s",
	})
	require.NoError(t, err)
	require.True(t, created)
	_, err = e.conversions.Get(t.Context(), e.home, "a")
	require.ErrorIs(t, err, service.ErrNotFound)
	require.NoError(t, e.Close())
	e = newEmulator(t, options)
	assert.Equal(t, uint64(1), e.conversions.partition(e.home).sequence)
	require.NoError(t, e.Close())
}
