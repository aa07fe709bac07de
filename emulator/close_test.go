// SPDX-License-Identifier: MIT

package emulator_test

import (
	"context"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering/emulator"
	"github.com/arr-go/azremoterendering/emulator/conversion"
)

func TestClose(t *testing.T) {
	options := twoAccounts
	options.Capacity = emulator.FixedCapacity(3)
	withBackend(t, options, func(s *service, b *scripted) {
		s.create("a", standard5)
		s.as(otherID).create("b", standard5)
		b.started = func(*scriptedServer) { time.Sleep(time.Minute) }
		go s.put("late", standard5)
		synctest.Wait()
		begin := time.Now()
		require.EqualError(t, s.Close(), "closed", "what the backend says")
		assert.Equal(t, time.Minute, time.Since(begin), "a creation under way is waited for")
		synctest.Wait()
		for _, id := range []string{"a", "b", "late"} {
			assert.Equal(t, 1, b.server(id).stops, id)
		}
		assert.Equal(t, "Stopped", s.look("a").Status)
		assert.Equal(t, "Stopped", s.look("late").Status)
		assert.Equal(t, http.StatusInternalServerError, s.put("new", standard5).status)
		assert.Equal(t, http.StatusOK, s.put("a", standard5).status, "it can still be read")
		assert.Len(t, b.specs, 3)
		require.EqualError(t, s.Close(), "closed")
		assert.Equal(t, 1, b.closed)
		assert.Equal(t, 1, b.server("a").stops)
	})
}

func TestCloseWithoutABackend(t *testing.T) {
	s := start(t, emulator.Options{})
	s.create("a", standard5)
	require.NoError(t, s.Close())
	assert.Equal(t, "Ready", s.look("a").Status)
	s.create("b", standard5)
}

// A closed emulator refuses new conversions in storage, and shows the ones before.
func TestCloseWithStorage(t *testing.T) {
	s := start(t, emulator.Options{Storage: converts{}})
	assert.Equal(t, http.StatusCreated, s.convert("a").status)
	require.NoError(t, s.Close())
	assert.Equal(t, http.StatusInternalServerError, s.convert("new").status)
	assert.Equal(t, http.StatusOK, s.conversion("a").status)
}

// converts is a converter that has nothing to do.
type converts struct{}

func (converts) Convert(context.Context, conversion.Request) (conversion.Result, error) {
	return conversion.Result{}, nil
}
