// SPDX-License-Identifier: MIT

package journal

import (
	"encoding/binary"
	"errors"
	"slices"
	"strings"

	"github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/service"
)

// partitionName is the key of a partition in the state file, and the beginning of the keys in it.
func partitionName(key service.PartitionKey) string {
	return strings.ToLower(key.AccountID) + "\x00" + string(key.Region) + "\x00"
}

// Name is the key of a session or conversion in the state file.
func Name(in service.PartitionKey, sequence uint64) string {
	return string(binary.BigEndian.AppendUint64([]byte(partitionName(in)), sequence))
}

var errBadName = errors.New("a key in it cannot be read")

// ParseName is the reverse of [Name]. accountID returns how an id is spelled.
func ParseName(
	name []byte, accountID func(string) string,
) (in service.PartitionKey, sequence uint64, err error) {
	account, rest, _ := strings.Cut(string(name), "\x00")
	region, number, found := strings.Cut(rest, "\x00")
	if !found || len(number) != 8 {
		return in, 0, errBadName
	}
	if spelled := accountID(account); spelled != "" {
		account = spelled
	}
	in = service.PartitionKey{AccountID: account, Region: azremoterendering.Region(region)}
	return in, binary.BigEndian.Uint64([]byte(number)), nil
}

// EachNumber calls do with the sequence of the newest session or conversion of each partition.
func (j *Journal) EachNumber(bucket string, accountID func(string) string,
	do func(in service.PartitionKey, sequence uint64),
) error {
	return j.Each(bucket, func(name, value []byte) error {
		in, sequence, err := ParseName(slices.Concat(name, value), accountID)
		if err == nil {
			do(in, sequence)
		}
		return err
	})
}

// NoteNumber keeps the number of the newest session or conversion of a partition, so that cursors
// stay valid though it is forgotten.
func (j *Journal) NoteNumber(bucket string, in service.PartitionKey, sequence uint64) {
	if j.Keeps() {
		j.Note(bucket, partitionName(in), binary.BigEndian.AppendUint64(nil, sequence))
	}
}

// Cursor spells a sequence number in a list so that nobody takes it for a number of sessions.
func Cursor(sequence uint64) string {
	return string(binary.BigEndian.AppendUint64(nil, sequence))
}

// ParseCursor is the reverse of [Cursor]. The empty text is the beginning.
func ParseCursor(text string) (sequence uint64, ok bool) {
	switch len(text) {
	case 0:
		return 0, true
	case 8:
		return binary.BigEndian.Uint64([]byte(text)), true
	}
	return 0, false
}
