// SPDX-License-Identifier: MIT

package memory

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/service"
)

var errClosed = errors.New("emulator: closed")

// Create is part of [service.Store]. A fault of the request may choose another server than that of
// the back end.
func (m *Store) Create(
	ctx context.Context,
	in service.PartitionKey,
	session service.NewSession,
) (facts service.Facts, created bool, err error) {
	// Each may have freed its place in the pool.
	m.ask(func(r *record) bool { return r.partition.key.Region == in.Region })
	if facts, group, found := m.present(in, session.ID); found {
		return facts, false, m.journal.Wait(group)
	}
	limit := -1
	if m.options.Capacity != nil {
		limit = m.options.Capacity(in.Region, session.Size)
	}
	fault := faultOf(ctx)
	r, facts, group, err := m.reserve(in, session, limit, fault.ReadLag)
	switch {
	case err != nil:
		return facts, false, err
	case r == nil:
		return facts, false, m.journal.Wait(group)
	}
	defer m.endCreation(r)
	m.startServer(r, facts, fault)
	return facts, true, m.journal.Wait(m.groupOf(r))
}

// present looks for a session.
func (m *Store) present(
	in service.PartitionKey, id string,
) (facts service.Facts, group uint64, found bool) {
	m.lock()
	defer m.unlock()
	r := m.find(in, id)
	if r == nil {
		return service.Facts{}, 0, false
	}
	return r.Facts, r.group, true
}

// groupOf returns the group of the journal that has the last change of a session.
func (m *Store) groupOf(r *record) uint64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return r.group
}

// reserve makes a session that has no server yet, and counts its creation as in flight. The record
// is nil if another request was faster, or if the emulator is closed.
func (m *Store) reserve(
	in service.PartitionKey,
	session service.NewSession,
	limit int,
	readLag time.Duration,
) (r *record, facts service.Facts, group uint64, err error) {
	now := m.lock()
	defer m.unlock()
	if r := m.find(in, session.ID); r != nil {
		return nil, r.Facts, r.group, nil
	}
	if m.closed {
		return nil, service.Facts{}, 0, errClosed
	}
	r = &record{standing: standsPending, Facts: service.Facts{
		ID:         session.ID,
		Size:       session.Size,
		CreatedAt:  now,
		FirstLease: session.Lease,
		Lease:      session.Lease,
	}}
	if readLag > 0 {
		r.hiddenUntil = now.Add(readLag)
		m.hiding.Store(true)
	}
	r.holdsServer = limit < 0 || m.running[pool{in.Region, session.Size}] < limit
	r.creating = true
	m.add(in, r)
	m.starting.Add(1)
	return r, r.Facts, r.group, nil
}

// endCreation notes that a creation is not in flight any more, and tells a reset that waits for it.
func (m *Store) endCreation(r *record) {
	m.mu.Lock()
	r.creating = false
	created := r.created
	m.mu.Unlock()
	m.starting.Done()
	if created != nil {
		close(created)
	}
}

// startServer gives a reserved session its server. If that panics, the session is discarded.
func (m *Store) startServer(r *record, facts service.Facts, fault Fault) {
	var server Server
	attached := false
	defer func() {
		if !attached {
			m.discard(r, server)
		}
	}()
	startup := func() time.Duration { return max(0, m.options.StartupTime(facts.Size)) }
	if r.holdsServer {
		server = fault.start(m, startup, Spec{
			AccountID: r.partition.key.AccountID,
			SessionID: facts.ID,
			Region:    r.partition.key.Region,
			Size:      facts.Size,
			Lease:     facts.FirstLease,
		})
	} else {
		server = r.pool().exhausted(m.clock.Now().Add(startup()))
	}
	if server == nil {
		server = failingServer(time.Time{}, failureOf(false))
	}
	m.attach(r, server, server.Status())
	attached = true
	m.tellLease(r, facts.FirstLease) // in case of an update meanwhile
}

func (m *Store) attach(r *record, server Server, status Status) {
	now := m.lock()
	defer m.unlock()
	r.server, r.standing = server, standingOf(server)
	if r.EndedAs != "" { // it was stopped meanwhile
		m.ending = append(m.ending, server)
		return
	}
	m.learn(r, now, status)
	m.note(r)
}

func (m *Store) discard(r *record, server Server) {
	m.lock()
	defer m.unlock()
	if r.EndedAs == "" {
		m.leave(r)
	} else if !r.forgotten {
		m.retained.remove(r)
	}
	m.forget(r)
	if server != nil {
		m.ending = append(m.ending, server)
	}
}

// codeCapacityExceeded is the error code of a session without a server. The service's own code is
// not known.
const codeCapacityExceeded = "CapacityExceeded"

// pool is what servers are taken from.
type pool struct {
	region azremoterendering.Region
	size   azremoterendering.SessionSize
}

// exhausted returns the server of a session for which the pool has none: its creation succeeds, and
// it fails at the time when it should be ready.
func (p pool) exhausted(at time.Time) Server {
	return failingServer(at, &azremoterendering.ErrorDetail{
		Code:    codeCapacityExceeded,
		Message: fmt.Sprintf("No server of size %s is available in region %s.", p.size, p.region),
	})
}
