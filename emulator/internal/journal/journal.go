// SPDX-License-Identifier: MIT

// Package journal brings the changes of an emulator into its state file, in groups that many
// clients share, and spells the keys there.
package journal

import (
	"maps"
	"sync"
	"sync/atomic"

	"github.com/arr-go/azremoterendering/emulator/internal/statefile"
)

// The buckets of the state file.
const (
	Sessions          = "sessions"    // by account, region and sequence
	SessionNumbers    = "partitions"  // the sequence of the newest session, by account and region
	Conversions       = "conversions" // by account, region and sequence
	ConversionNumbers = "conversion partitions"
	Accounts          = "accounts" // by id in lower case
	Settings          = "settings" // of the emulator as a whole
)

// Journal brings changes into the state file. Who changes something notes it, under a lock of its
// own, and before anybody is told of it waits until the group of changes with the note is written.
// While one group is being written the next one collects, so that many clients share one write to
// the disk. A journal has no goroutine: the first that waits for a group writes it.
//
// The zero value has no file, and keeps nothing.
type Journal struct {
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

// Open opens the state file, unless the path is empty: then the journal keeps nothing.
func Open(path string) (*Journal, error) {
	j := &Journal{changes: make(statefile.Changes), group: 1}
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

// Keeps reports whether there is a file.
func (j *Journal) Keeps() bool { return j.file != nil }

// Each calls do for each key and value of a bucket, in the order of the keys. There must be a file.
// An error of do ends it, and names the file when it comes back.
func (j *Journal) Each(bucket string, do func(key, value []byte) error) error {
	return j.file.Each(bucket, do)
}

// Note adds a change to the group that collects, and returns the number of that. A nil value
// removes the key.
func (j *Journal) Note(bucket, key string, value []byte) (group uint64) {
	if !j.Keeps() {
		return 0
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.changes[statefile.Key{Bucket: bucket, Key: key}] = value
	return j.group
}

// Wait returns when a group is in the file, and those before it. After an error the changes stay
// noted, and the next wait tries again to write them.
func (j *Journal) Wait(group uint64) error {
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
func (j *Journal) join() (w *groupWrite, mine bool) {
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
func (j *Journal) write(w *groupWrite) {
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

// Flush writes everything that is noted.
func (j *Journal) Flush() error {
	if !j.Keeps() {
		return nil
	}
	j.mu.Lock()
	group := j.group
	if len(j.changes) == 0 {
		group-- // nothing collects; one may be in progress
	}
	j.mu.Unlock()
	return j.Wait(group)
}

// Close writes what is noted and closes the file. Later changes cannot be written any more.
func (j *Journal) Close() error {
	if !j.Keeps() {
		return nil
	}
	err := j.Flush()
	if closed := j.file.Close(); err == nil {
		err = closed
	}
	return err
}
