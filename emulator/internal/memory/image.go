// SPDX-License-Identifier: MIT

package memory

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/arr-go/azremoterendering"
)

// The fields of a session in the state file. Numbers are never given a second meaning, and those
// that are not known are passed over, so that fields can be added without a migration. It is a
// format of its own because a start reads all sessions, a hundred thousand of them in well under a
// second.
const (
	fieldID uint64 = iota + 1
	fieldSize
	fieldCreatedAt
	fieldFirstLease
	fieldLease
	fieldReadyAt
	fieldHostname
	fieldHandshakePort
	fieldArrInspectorPort
	fieldTeraflops
	fieldFailure
	fieldFailedAt
	fieldEndedAt
	fieldEndedAs
	fieldShown
	fieldShownSince
	fieldHoldsServer
	fieldStanding
)

// standing is how a session stands to its server, as far as a restart of the emulator matters.
type standing int64

const (
	// standsAlone needs nothing: its server is invented, or has failed.
	standsAlone standing = iota
	// standsPending has no server yet: the creation is in flight.
	standsPending
	// standsOnServer has a server of the back end, which ends with the emulator.
	standsOnServer
)

// standingOf returns how the session of a server stands to it.
func standingOf(server Server) standing {
	if dying, ok := server.(dyingServer); ok {
		server = dying.Server
	}
	if _, invents := server.(invented); invents {
		return standsAlone
	}
	return standsOnServer
}

// image is the encoded form of a session: for each field that is not zero its number, doubled, and
// the value; the lowest bit says that the value is bytes after their length, and not an integer.
type image []byte

func (i image) integer(field uint64, value int64) image {
	if value == 0 {
		return i
	}
	return binary.AppendVarint(binary.AppendUvarint(i, field<<1), value)
}

func (i image) text(field uint64, value string) image {
	if value == "" {
		return i
	}
	i = binary.AppendUvarint(binary.AppendUvarint(i, field<<1|1), uint64(len(value)))
	return append(i, value...)
}

// time is seconds since 1970, and nanoseconds.
func (i image) time(field uint64, value time.Time) image {
	if value.IsZero() {
		return i
	}
	var both [2 * binary.MaxVarintLen64]byte
	n := binary.PutVarint(both[:], value.Unix())
	n += binary.PutVarint(both[n:], int64(value.Nanosecond()))
	return i.text(field, string(both[:n]))
}

// image returns the encoded form of the session.
func (r *record) image() image {
	i := make(image, 0, 256).
		text(fieldID, r.ID).
		text(fieldSize, string(r.Size)).
		time(fieldCreatedAt, r.CreatedAt).
		integer(fieldFirstLease, int64(r.FirstLease)).
		integer(fieldLease, int64(r.Lease)).
		time(fieldReadyAt, r.ReadyAt).
		text(fieldHostname, r.Hostname).
		integer(fieldHandshakePort, int64(r.HandshakePort)).
		integer(fieldArrInspectorPort, int64(r.ArrInspectorPort)).
		integer(fieldTeraflops, int64(math.Float32bits(r.Teraflops))).
		time(fieldEndedAt, r.EndedAt).
		text(fieldEndedAs, string(r.EndedAs)).
		text(fieldShown, string(r.Shown)).
		time(fieldShownSince, r.shownSince).
		integer(fieldStanding, int64(r.standing))
	if r.holdsServer {
		i = i.integer(fieldHoldsServer, 1)
	}
	if r.Failure == nil {
		return i
	}
	failure, err := json.Marshal(r.Failure) // an ErrorDetail is texts, so there is no error
	if err != nil {
		failure = []byte("{}")
	}
	return i.text(fieldFailure, string(failure)).time(fieldFailedAt, r.FailedAt)
}

var errBadImage = errors.New("a session in it cannot be read")

// newRecord returns the session of an image.
func newRecord(i image) (*record, error) {
	r := &record{}
	for len(i) > 0 {
		tag, n := binary.Uvarint(i)
		if n <= 0 {
			return nil, errBadImage
		}
		i = i[n:]
		var text []byte
		var integer int64
		if tag&1 == 1 {
			length, n := binary.Uvarint(i)
			if n <= 0 || length > uint64(len(i)-n) {
				return nil, errBadImage
			}
			text, i = i[n:n+int(length)], i[n+int(length):]
		} else {
			if integer, n = binary.Varint(i); n <= 0 {
				return nil, errBadImage
			}
			i = i[n:]
		}
		if err := r.set(tag>>1, text, integer); err != nil {
			return nil, fmt.Errorf("%w: %w", errBadImage, err)
		}
	}
	return r, nil
}

// set sets a field: to text or to integer, as the field is one or the other.
func (r *record) set(field uint64, text []byte, integer int64) error {
	switch field {
	case fieldID:
		r.ID = string(text)
	case fieldSize:
		r.Size = azremoterendering.SessionSize(text)
	case fieldCreatedAt:
		r.CreatedAt = timeOf(text)
	case fieldFirstLease:
		r.FirstLease = time.Duration(integer)
	case fieldLease:
		r.Lease = time.Duration(integer)
	case fieldReadyAt:
		r.ReadyAt = timeOf(text)
	case fieldHostname:
		r.Hostname = string(text)
	case fieldHandshakePort:
		r.HandshakePort = int32(integer)
	case fieldArrInspectorPort:
		r.ArrInspectorPort = int32(integer)
	case fieldTeraflops:
		r.Teraflops = math.Float32frombits(uint32(integer))
	case fieldFailure:
		r.Failure = new(azremoterendering.ErrorDetail)
		return json.Unmarshal(text, r.Failure)
	case fieldFailedAt:
		r.FailedAt = timeOf(text)
	case fieldEndedAt:
		r.EndedAt = timeOf(text)
	case fieldEndedAs:
		r.EndedAs = azremoterendering.SessionStatus(text)
	case fieldShown:
		r.Shown = azremoterendering.SessionStatus(text)
	case fieldShownSince:
		r.shownSince = timeOf(text)
	case fieldHoldsServer:
		r.holdsServer = integer != 0
	case fieldStanding:
		r.standing = standing(integer)
	}
	return nil
}

func timeOf(text []byte) time.Time {
	seconds, n := binary.Varint(text)
	if n <= 0 {
		return time.Time{}
	}
	nanoseconds, _ := binary.Varint(text[n:])
	return time.Unix(seconds, nanoseconds)
}
