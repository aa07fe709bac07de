// SPDX-License-Identifier: MIT

package emulator

import (
	"context"
	"time"

	"github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/service"
)

// Get implements [service.Store], as do the methods below it.
func (m *memory) Get(
	_ context.Context,
	in service.PartitionKey,
	id string,
) (service.Facts, error) {
	m.askAbout(in, id)
	m.lock()
	defer m.unlock()
	r := m.find(in, id)
	if r == nil {
		return service.Facts{}, service.ErrNotFound
	}
	return r.Facts, nil
}

// Extend is part of [service.Store].
func (m *memory) Extend(
	_ context.Context,
	in service.PartitionKey,
	id string,
	from, to time.Duration,
) (service.Facts, error) {
	r, facts, err := m.extend(in, id, from, to)
	if err == nil {
		m.tellLease(r, -1)
	}
	return facts, err
}

func (m *memory) extend(
	in service.PartitionKey,
	id string,
	from, to time.Duration,
) (*record, service.Facts, error) {
	now := m.lock()
	defer m.unlock()
	r := m.find(in, id)
	switch {
	case r == nil:
		return nil, service.Facts{}, service.ErrNotFound
	case r.EndedAs != "" || r.Lease != from:
		return nil, service.Facts{}, service.ErrChanged
	}
	r.Lease = to
	m.changed(r, now)
	return r, r.Facts, nil
}

// tellLease tells a server the lease of its session, unless it knows that already. Of two updates
// at the same time either may reach the server first; whoever returns and finds another lease than
// the one it told tells that too.
func (m *memory) tellLease(r *record, told time.Duration) {
	for {
		server, lease := m.leaseOf(r)
		if server == nil || lease == told {
			return
		}
		server.SetLease(lease)
		told = lease
	}
}

// leaseOf returns the server of a session, nil if there is none yet or any more, and its present
// lease.
func (m *memory) leaseOf(r *record) (BackendServer, time.Duration) {
	m.lock()
	defer m.unlock()
	if r.EndedAs != "" {
		return nil, 0
	}
	return r.server, r.Lease
}

// Stop is part of [service.Store].
func (m *memory) Stop(
	_ context.Context,
	in service.PartitionKey,
	id string,
) (stopped bool, err error) {
	m.askAbout(in, id)
	now := m.lock()
	defer m.unlock()
	r := m.find(in, id)
	switch {
	case r == nil:
		return false, service.ErrNotFound
	case r.EndedAs != "":
		return false, nil
	}
	m.finish(r, now, azremoterendering.SessionStatusStopped)
	return true, nil
}
