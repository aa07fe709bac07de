// SPDX-License-Identifier: MIT

package conversions

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering/emulator/internal/journal"
	"github.com/arr-go/azremoterendering/service"
)

// Numbers of conversions are not given twice either, or a cursor would skip new ones.
func TestRestartKeepsNumbersOfConversions(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state")
	start := func() (*Store, *journal.Journal) {
		file, err := journal.Open(path)
		require.NoError(t, err)
		c := newStore(t, Options{Retention: time.Nanosecond, Journal: file})
		require.NoError(t, c.Restore(func(id string) string { return id }))
		return c, file
	}
	c, file := start()
	_, created, err := c.Create(t.Context(), in, service.NewConversion{
		ID: "a", ReadListSAS: "s", WriteSAS: "s",
	})
	require.NoError(t, err)
	require.True(t, created)
	_, err = c.Get(t.Context(), in, "a")
	require.ErrorIs(t, err, service.ErrNotFound)
	require.NoError(t, file.Close())
	c, file = start()
	assert.Equal(t, uint64(1), c.partition(in).sequence)
	require.NoError(t, file.Close())
}
