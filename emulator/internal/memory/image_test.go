// SPDX-License-Identifier: MIT

package memory

import (
	"reflect"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/service"
)

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
