// SPDX-License-Identifier: MIT

package emulator

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

const (
	maxStreams    = 16                     // readers of events at once
	eventBatch    = 100                    // requests that are sent at once
	eventInterval = 100 * time.Millisecond // between two looks at what has changed
	eventTick     = time.Second            // the same while no request comes: time changes sessions
	heartbeat     = 15 * time.Second       // the longest silence
)

// eventStream is the body of an answer that does not end: what happens in the emulator, as
// server-sent events. It looks for changes when it is read, so it needs no goroutine, and a reader
// that is slow costs no memory: it gets fewer, larger steps.
type eventStream struct {
	emulator *Emulator
	context  context.Context
	interval time.Duration // between two looks
	brief    bool          // whether it says only that something has changed
	seen     eventsSeen
	pending  bytes.Buffer
	more     bool      // whether the last look left changes
	looked   time.Time // when it last looked for changes
	wrote    time.Time // when there was something to send
	closed   chan struct{}
	end      func() // frees the place of the reader
}

// newEventStream returns a stream of what happens from now on or, if since is not nil, of the
// requests after a number. The place of the reader, which is taken, is free again when the context
// ends or the stream is closed.
func (e *Emulator) newEventStream(
	ctx context.Context, since *uint64, places *atomic.Int64,
) *eventStream {
	opened := false
	defer func() {
		if !opened { // a back end has panicked
			places.Add(-1)
		}
	}()
	seen := e.eventsNow()
	opened = true
	s := &eventStream{
		emulator: e, context: ctx, interval: eventInterval, closed: make(chan struct{}), seen: seen,
	}
	free := sync.OnceFunc(func() { places.Add(-1); e.forgetReader(seen) })
	stop := context.AfterFunc(ctx, free)
	s.end = sync.OnceFunc(func() { stop(); free(); close(s.closed) })
	if since != nil {
		s.seen.requests = *since
	}
	// Without a first line, the client would not see the headers until something happens.
	s.pending.WriteString("retry: 1000\n: connected\n\n")
	s.wrote = time.Now()
	return s
}

// Close implements [io.Closer]. It ends a Read that is waiting.
func (s *eventStream) Close() error { s.end(); return nil }

// Read implements [io.Reader].
func (s *eventStream) Read(p []byte) (int, error) {
	for s.pending.Len() == 0 {
		if err := s.next(); err != nil {
			return 0, err
		}
	}
	return s.pending.Read(p)
}

// next waits until it is time to look for changes, and looks.
func (s *eventStream) next() (err error) {
	defer func() {
		if cause := recover(); cause != nil { // of a back end, which is asked about its servers
			s.emulator.logger.LogAttrs(s.context, slog.LevelError, "panic", slog.Any("cause", cause))
			err = io.ErrUnexpectedEOF
		}
	}()
	pause := s.interval - time.Since(s.looked)
	if s.more {
		pause = 0
	}
	if err := s.sleep(nil, pause); err != nil {
		return err
	}
	changed := s.emulator.requests.since(s.seen.requests).changed
	if err := s.look(); err != nil || s.pending.Len() > 0 {
		return err
	}
	if time.Since(s.wrote) >= heartbeat {
		s.wrote = time.Now()
		s.pending.WriteString(":\n\n")
		return nil
	}
	return s.sleep(changed, eventTick)
}

// sleep waits for a change, or for some time. It ends with the stream and with the emulator.
func (s *eventStream) sleep(changed <-chan struct{}, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-s.emulator.closing:
		return io.EOF
	case <-s.closed:
		return http.ErrBodyReadAfterClose
	case <-s.context.Done():
		return s.context.Err()
	case <-changed:
	case <-timer.C:
	}
	return nil
}

// look appends the changes since the last look, or as many of them as are sent at once.
func (s *eventStream) look() (err error) {
	s.looked = time.Now()
	if s.brief {
		s.notice()
	} else {
		s.more, err = s.emulator.changes(&s.seen, s.send)
	}
	if s.pending.Len() > 0 {
		s.wrote = s.looked
	}
	return err
}

// notice appends one event if anything has changed.
func (s *eventStream) notice() {
	if s.emulator.anyChange(&s.seen) {
		s.pending.WriteString("event: change\ndata: {}\n\n")
	}
}

// send appends an event. A request has its number as id, with which a reader can go on.
func (s *eventStream) send(name string, id uint64, data any) {
	encoded, err := json.Marshal(data)
	if err != nil { // does not happen: every event has a JSON form
		return
	}
	fmt.Fprintf(&s.pending, "event: %s\n", name)
	if id != 0 {
		fmt.Fprintf(&s.pending, "id: %d\n", id)
	}
	fmt.Fprintf(&s.pending, "data: %s\n\n", encoded)
}
