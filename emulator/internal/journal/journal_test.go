// SPDX-License-Identifier: MIT

package journal_test

import (
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering/emulator/internal/journal"
	"github.com/arr-go/azremoterendering/service"
)

const accountID = "0000000A-1111-2222-3333-444455556666"

var west = service.PartitionKey{AccountID: accountID, Region: "westeurope"}

// spelled returns the id of the one account as its options spell it.
func spelled(id string) string {
	if strings.EqualFold(id, accountID) {
		return accountID
	}
	return ""
}

func TestWithoutAFileNothingIsKept(t *testing.T) {
	j, err := journal.Open("")
	require.NoError(t, err)
	assert.False(t, j.Keeps())
	assert.NoError(t, j.Wait(j.Note(journal.Sessions, "a", []byte("1"))))
	j.NoteNumber(journal.SessionNumbers, west, 7)
	assert.NoError(t, j.Flush())
	assert.NoError(t, j.Close())
}

// What was waited for is in the file, and what was not is there once the journal is closed.
func TestNotesAreKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state")
	j, err := journal.Open(path)
	require.NoError(t, err)
	var clients sync.WaitGroup
	for i := range 50 {
		clients.Go(func() {
			name := journal.Name(west, uint64(i))
			assert.NoError(t, j.Wait(j.Note(journal.Sessions, name, []byte(strconv.Itoa(i)))))
		})
	}
	clients.Wait()
	j.NoteNumber(journal.SessionNumbers, west, 49)
	j.Note(journal.Sessions, journal.Name(west, 0), nil)
	require.NoError(t, j.Close())
	require.Error(t, j.Wait(j.Note(journal.Sessions, "late", nil)))

	j, err = journal.Open(path)
	require.NoError(t, err)
	next := uint64(1)
	err = j.Each(journal.Sessions, func(name, value []byte) error {
		in, sequence, err := journal.ParseName(name, spelled)
		require.NoError(t, err)
		assert.Equal(t, west, in)
		assert.Equal(t, next, sequence, "in their order")
		assert.Equal(t, strconv.FormatUint(sequence, 10), string(value))
		next++
		return nil
	})
	require.NoError(t, err)
	assert.Equal(t, uint64(50), next)
	numbers := map[service.PartitionKey]uint64{}
	err = j.EachNumber(journal.SessionNumbers, spelled,
		func(in service.PartitionKey, sequence uint64) { numbers[in] = sequence })
	require.NoError(t, err)
	assert.Equal(t, map[service.PartitionKey]uint64{west: 49}, numbers)
	require.NoError(t, j.Close())
}

func TestMalformedNames(t *testing.T) {
	for _, name := range []string{"", "account", "account\x00region", "account\x00region\x001234567"} {
		_, _, err := journal.ParseName([]byte(name), spelled)
		assert.Error(t, err, "%q", name)
	}
}
