// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"sync"

	"github.com/arr-go/azremoterendering/lease"
)

// holders records which device holds which lease. A session is handed out many times, each time
// with a new lease. So a device whose DELETE is repeated on the way, or that comes back after
// hours, must not return the session of another device.
type holders struct {
	mu     sync.Mutex
	device map[*lease.Lease]string
}

// claim reports whether the device holds the lease. A lease without a holder is new, or that of a
// session handed out before a restart: it goes to the first device that claims it.
func (h *holders) claim(l *lease.Lease, device string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if holder, held := h.device[l]; held {
		return holder == device
	}
	if h.device == nil {
		h.device = make(map[*lease.Lease]string)
	}
	h.device[l] = device
	context.AfterFunc(l.Context(), func() { h.forget(l) })
	return true
}

func (h *holders) forget(l *lease.Lease) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.device, l)
}
