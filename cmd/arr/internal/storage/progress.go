// SPDX-License-Identifier: MIT

package storage

import (
	"io"
	"sync"
	"time"
)

// Progress is how far an upload has come. Bytes and files that need no upload count as done.
type Progress struct {
	Files, FilesDone, FilesUnchanged int
	Bytes, BytesDone, BytesUnchanged int64
}

// progressEvery is how often Progress is reported.
const progressEvery = 100 * time.Millisecond

// meter adds up what all workers do and reports it, one call at a time.
type meter struct {
	mu     sync.Mutex
	now    Progress
	report func(Progress)
	last   time.Time
}

func (m *meter) add(change func(*Progress)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	change(&m.now)
	if m.report != nil && time.Since(m.last) >= progressEvery {
		m.report(m.now)
		m.last = time.Now()
	}
}

// finish reports the last state.
func (m *meter) finish() Progress {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.report != nil {
		m.report(m.now)
	}
	return m.now
}

// body is a part of a file on its way. A retry reads it again from the start, and takes back what
// was counted.
type body struct {
	*io.SectionReader
	meter   *meter
	counted int64
}

func (b *body) Read(p []byte) (int, error) {
	n, err := b.SectionReader.Read(p)
	b.count(int64(n))
	return n, err
}

func (b *body) Seek(offset int64, whence int) (int64, error) {
	at, err := b.SectionReader.Seek(offset, whence)
	if err == nil && at == 0 {
		b.count(-b.counted)
	}
	return at, err
}

func (b *body) count(n int64) {
	if n != 0 {
		b.counted += n
		b.meter.add(func(p *Progress) { p.BytesDone += n })
	}
}

func (b *body) Close() error { return nil }
