// SPDX-License-Identifier: MIT

package emulator

import (
	"maps"
	"sync"
	"sync/atomic"

	"github.com/arr-go/azremoterendering/emulator/internal/statefile"
)

// The buckets of the state file.
const (
	sessionsBucket    = "sessions"    // by account, region and sequence
	partitionsBucket  = "partitions"  // the sequence of the newest session
	conversionsBucket = "conversions" // by account, region and sequence
	conversionNumbers = "conversion partitions"
	accountsBucket    = "accounts" // by id in lower case
	settingsBucket    = "settings" // of the emulator as a whole
)

// journal brings changes into the state file. Who changes something notes it, under a lock of its
// own, and before anybody is told of it waits until the group of changes with the note is written.
// While one group is being written the next one collects, so that many clients share one write to
// the disk. The journal has no goroutine: the first that waits for a group writes it.
//
// The zero value has no file, and keeps nothing.
type journal struct {
	file    *statefile.File
	written atomic.Uint64 // the last group that is in the file

	// mu guards what follows.
	mu       sync.Mutex
	changes  statefile.Changes // of the group that collects
	group    uint64            // its number, from 1
	progress *groupWrite       // nil if none is being written
}

// groupWrite is a group that is being written.
type groupWrite struct {
	group   uint64
	changes statefile.Changes
	done    chan struct{} // closed when err is set
	err     error
}

// openJournal opens the state file, unless the path is empty.
func openJournal(path string) (*journal, error) {
	j := &journal{changes: make(statefile.Changes), group: 1}
	if path == "" {
		return j, nil
	}
	file, err := statefile.Open(path)
	if err != nil {
		return nil, err
	}
	j.file = file
	return j, nil
}

// keeps reports whether there is a file.
func (j *journal) keeps() bool { return j.file != nil }

// note adds a change to the group that collects, and returns the number of that. A nil value
// removes the key.
func (j *journal) note(bucket, key string, value []byte) (group uint64) {
	if !j.keeps() {
		return 0
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.changes[statefile.Key{Bucket: bucket, Key: key}] = value
	return j.group
}

// wait returns when a group is in the file, and those before it. After an error the changes stay
// noted, and the next wait tries again to write them.
func (j *journal) wait(group uint64) error {
	for j.written.Load() < group {
		w, mine := j.join()
		if mine {
			j.write(w)
		} else {
			<-w.done
		}
		if w.err != nil && w.group >= group {
			return w.err
		}
	}
	return nil
}

// join returns the write that is in progress, or begins one, which the caller must perform.
func (j *journal) join() (w *groupWrite, mine bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.progress != nil {
		return j.progress, false
	}
	j.progress = &groupWrite{group: j.group, changes: j.changes, done: make(chan struct{})}
	j.changes = make(statefile.Changes)
	j.group++
	return j.progress, true
}

// write performs a write that join has begun.
func (j *journal) write(w *groupWrite) {
	w.err = j.file.Write(w.changes)
	j.mu.Lock()
	defer j.mu.Unlock()
	if w.err == nil {
		j.written.Store(w.group)
	} else {
		maps.Copy(w.changes, j.changes) // what was noted later counts
		j.changes = w.changes
	}
	j.progress = nil
	close(w.done)
}

// flush writes everything that is noted.
func (j *journal) flush() error {
	if !j.keeps() {
		return nil
	}
	j.mu.Lock()
	group := j.group
	if len(j.changes) == 0 {
		group-- // nothing collects; one may be in progress
	}
	j.mu.Unlock()
	return j.wait(group)
}

// close writes what is noted and closes the file. Later changes cannot be written any more.
func (j *journal) close() error {
	if !j.keeps() {
		return nil
	}
	err := j.flush()
	if closed := j.file.Close(); err == nil {
		err = closed
	}
	return err
}
