// SPDX-License-Identifier: MIT

package process

import (
	"fmt"
	"sync"
	"time"

	"github.com/arr-go/azremoterendering/emulator"
)

// Backend starts one process for each session. Create one with [New], and close it at the end;
// [emulator.Emulator.Close] does that too. It is safe for concurrent use.
type Backend struct {
	options Options
	output  sync.Mutex // held during a Write to options.Output

	mu     sync.Mutex
	closed bool
	live   map[*server]struct{} // servers that have not ended
}

var _ emulator.Backend = (*Backend)(nil)

// Start begins to start a program for a session and returns at once. Failures are reported in the
// status of the server: code ServerStartFailed if it did not accept connections, and ServerFailed
// if it ended by itself after that.
func (b *Backend) Start(spec emulator.ServerSpec) emulator.BackendServer {
	s := newServer(b, spec)
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		s.fail(codeStartFailed, "The server cannot start: the emulator is closing.")
		close(s.done)
		return s
	}
	b.live[s] = struct{}{}
	go s.run()
	return s
}

// Settle returns when every program that is to end has ended: those of stopped sessions and those
// whose lease is over. [emulator.Clock.Advance] calls it. It takes at most [Options.StopGrace] and a
// few seconds.
func (b *Backend) Settle() {
	b.mu.Lock()
	var ending []*server
	for s := range b.live {
		if s.ends() {
			ending = append(ending, s)
		}
	}
	b.mu.Unlock()
	limit := time.NewTimer(b.endTime())
	defer limit.Stop()
	for _, s := range ending {
		select {
		case <-s.done:
		case <-limit.C:
			return
		}
	}
}

// endTime is how long the end of programs takes at most.
func (b *Backend) endTime() time.Duration {
	return b.options.StopGrace + killTimeout + 2*drainTimeout + time.Second
}

// Close ends all programs and waits for their end. After it no server can be started. It may be
// called several times.
//
// It takes at most [Options.StopGrace] and a few seconds. It is an error if something is left then,
// such as a program that the system cannot kill because it waits for a device, or a Write to
// [Options.Output] that does not return.
func (b *Backend) Close() error {
	b.mu.Lock()
	b.closed = true
	left := make([]*server, 0, len(b.live))
	for s := range b.live {
		left = append(left, s)
	}
	b.mu.Unlock()

	for _, s := range left {
		s.Stop()
	}
	limit := time.NewTimer(b.endTime())
	defer limit.Stop()
	var failed int
	for _, s := range left {
		select {
		case <-s.done:
			if s.leftBehind {
				failed++
			}
		case <-limit.C:
			return fmt.Errorf("process: not all of %d servers have ended", len(left))
		}
	}
	if failed > 0 {
		return fmt.Errorf(
			"process: %d of %d servers could not be ended completely",
			failed,
			len(left),
		)
	}
	return nil
}

func (b *Backend) forget(s *server) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.live, s)
}
