// SPDX-License-Identifier: MIT

package emulator

import (
	"encoding/binary"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator/internal/statefile"
	"github.com/arr-go/azremoterendering/service"
)

// codeServerLost is the error code of a session whose server has ended with the emulator.
const codeServerLost = "ServerLost"

// partitionName is the key of a partition in the state file, and the beginning of the keys in it.
func partitionName(key service.PartitionKey) string {
	return strings.ToLower(key.AccountID) + "\x00" + string(key.Region) + "\x00"
}

// storedName is the key of a session or conversion in the state file.
func storedName(in service.PartitionKey, sequence uint64) string {
	return string(binary.BigEndian.AppendUint64([]byte(partitionName(in)), sequence))
}

var errBadName = errors.New("a key in it cannot be read")

// parseStoredName is the reverse of storedName. accountID returns how an id is spelled.
func parseStoredName(
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

// restore takes the sessions over from the state file. Servers of a back end have ended with the
// emulator that started them, so their sessions fail now, unless their lease was over before.
// Creations that were in flight are completed.
func (m *memory) restore(accountID func(string) string) error {
	if !m.journal.keeps() {
		return nil
	}
	pending, err := m.load(accountID)
	if err != nil {
		return err
	}
	for _, r := range pending {
		m.complete(r)
	}
	return m.journal.flush()
}

// load reads the sessions, and returns those whose creation was in flight.
func (m *memory) load(accountID func(string) string) (pending []*record, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.clock.Now()
	m.now = now
	file := m.journal.file
	err = eachPartition(file, partitionsBucket, accountID,
		func(in service.PartitionKey, sequence uint64) { m.partition(in).sequence = sequence })
	if err != nil {
		return nil, err
	}
	err = file.Each(sessionsBucket, func(name, value []byte) error {
		in, sequence, err := parseStoredName(name, accountID)
		if err != nil {
			return err
		}
		r, err := newRecord(value)
		if err != nil {
			return err
		}
		m.readmit(in, sequence, r, now)
		if r.EndedAs == "" && r.standing == standsPending {
			pending = append(pending, r)
		}
		return nil
	})
	return pending, err
}

// eachPartition calls do with the sequence of the newest session or conversion of each partition.
func eachPartition(file *statefile.File, bucket string, accountID func(string) string,
	do func(in service.PartitionKey, sequence uint64),
) error {
	return file.Each(bucket, func(name, value []byte) error {
		in, sequence, err := parseStoredName(slices.Concat(name, value), accountID)
		if err == nil {
			do(in, sequence)
		}
		return err
	})
}

// noteSequence keeps the number of the newest session or conversion of a partition, so that cursors
// stay valid though it is forgotten.
func (j *journal) noteSequence(bucket string, in service.PartitionKey, sequence uint64) {
	if j.keeps() {
		j.note(bucket, partitionName(in), binary.BigEndian.AppendUint64(nil, sequence))
	}
}

// readmit puts a session of the state file where it was.
func (m *memory) readmit(in service.PartitionKey, sequence uint64, r *record, now time.Time) {
	p := m.partition(in)
	p.sequence = max(p.sequence, sequence)
	r.partition, r.sequence = p, sequence
	p.sessions[r.ID] = r
	p.listed = append(p.listed, r) // the file has them by sequence
	m.tell(r)
	if r.EndedAs != "" {
		m.retained.add(r)
		return
	}
	if r.standing == standsOnServer && !r.Ended(now) {
		r.standing = standsAlone
		r.Failure, r.FailedAt = serverLost(), now
		m.note(r)
	}
	m.living.add(r)
	if r.holdsServer {
		m.running[r.pool()]++
	}
}

// complete gives a session whose creation was in flight its server, if that is an invented one.
// Another one was lost.
func (m *memory) complete(r *record) {
	if _, synthetic := m.backend.(syntheticBackend); synthetic || !r.holdsServer {
		m.lock()
		m.starting.Add(1)
		m.unlock()
		defer m.starting.Done()
		m.startServer(r, r.Facts, startFault{})
		return
	}
	server := failingServer(time.Time{}, serverLost())
	m.attach(r, server, server.Status())
}

func serverLost() *azremoterendering.ErrorDetail {
	return &azremoterendering.ErrorDetail{
		Code:    codeServerLost,
		Message: "The emulator was restarted, and the server of the session ended with it.",
	}
}

// note brings the present facts of a session into the state file, and tells readers of events. Call
// it under the lock, and wait for the group of the record before any client is told.
func (m *memory) note(r *record) {
	m.tell(r)
	if m.journal.keeps() && !r.forgotten {
		r.group = m.journal.note(sessionsBucket, storedName(r.partition.key, r.sequence), r.image())
	}
}

// imageOf returns what a state file would have of a session, or nil if there is none.
func (m *memory) imageOf(r *record) image {
	if !m.journal.keeps() {
		return nil
	}
	return r.image()
}

// noteGone removes a session from the state file, and tells readers of events.
func (m *memory) noteGone(r *record) {
	m.tell(r)
	if m.journal.keeps() {
		m.journal.note(sessionsBucket, storedName(r.partition.key, r.sequence), nil)
	}
}

// partition returns a partition, which it makes if there is none.
func (m *memory) partition(in service.PartitionKey) *partition {
	p := m.partitions[in]
	if p == nil {
		p = &partition{key: in, sessions: make(map[string]*record)}
		m.partitions[in] = p
	}
	return p
}
