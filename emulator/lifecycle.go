// SPDX-License-Identifier: MIT

package emulator

import (
	"fmt"
	"net/http"
	"time"

	"github.com/arr-go/azremoterendering"
)

// create makes a session, or returns the one that was made by the same request before. Function
// start starts its server; it is not called if the pool has none.
func (f *fleet) create(
	h home,
	id string,
	size sessionSize,
	lease time.Duration,
	start func(ServerSpec) BackendServer,
) (s session, created bool, refused *refusal) {
	// each may have freed its place in the pool
	f.ask(func(r *record) bool { return r.shelf.region == h.region })
	if s, found, refused := f.repeated(h, id, size, lease); found {
		return s, false, refused
	}
	limit := -1
	if f.capacity != nil {
		limit = f.capacity(h.region, size)
	}
	r, s, refused := f.reserve(h, id, size, lease, limit)
	if r == nil {
		return s, false, refused
	}
	defer f.starting.Done()
	f.equip(r, start)
	return r.starting(), true, nil
}

// repeated looks for an earlier creation of the same id.
func (f *fleet) repeated(
	h home,
	id string,
	size sessionSize,
	lease time.Duration,
) (s session, found bool, refused *refusal) {
	now := f.lock()
	defer f.unlock()
	r := f.find(h, id)
	if r == nil {
		return session{}, false, nil
	}
	s, refused = f.repeat(r, now, size, lease)
	return s, true, refused
}

// repeat answers a creation whose id is taken by r.
func (f *fleet) repeat(
	r *record,
	now time.Time,
	size sessionSize,
	lease time.Duration,
) (session, *refusal) {
	if f.decisions.RefuseEndedID && r.ended(now) || !f.decisions.SameSettings.same(r, size, lease) {
		return session{}, conflict
	}
	return r.at(now), nil
}

// reserve makes a session that has no server yet, and counts the creation as under way. The record
// is nil if somebody was faster, or if the emulator is closed.
func (f *fleet) reserve(
	h home,
	id string,
	size sessionSize,
	lease time.Duration,
	limit int,
) (*record, session, *refusal) {
	now := f.lock()
	defer f.unlock()
	if r := f.find(h, id); r != nil {
		s, refused := f.repeat(r, now, size, lease)
		return nil, s, refused
	}
	if f.closed {
		return nil, session{}, internalServerError
	}
	r := &record{id: id, size: size, created: now, lease: lease, firstLease: lease}
	r.holdsServer = limit < 0 || f.running[pool{h.region, size}] < limit
	f.add(h, r)
	f.starting.Add(1)
	return r, session{}, nil
}

// equip gives a reserved session its server. If that panics the session never was.
func (f *fleet) equip(r *record, start func(ServerSpec) BackendServer) {
	var server BackendServer
	attached := false
	defer func() {
		if !attached {
			f.discard(r, server)
		}
	}()
	if r.holdsServer {
		server = start(ServerSpec{
			AccountID: r.shelf.account.id,
			SessionID: r.id,
			Region:    r.shelf.region,
			Size:      r.size,
			Lease:     r.firstLease,
		})
	} else {
		server = r.pool().exhausted(f.startupTime(r.size))
	}
	if server == nil {
		failure := failureOf(false)
		server = doomedServer(time.Time{}, failure.Code, failure.Message)
	}
	f.attach(r, server, server.Status())
	attached = true
	f.tellLease(r, r.firstLease) // in case of an update meanwhile
}

func (f *fleet) attach(r *record, server BackendServer, status ServerStatus) {
	now := f.lock()
	defer f.unlock()
	r.server = server
	if r.endedAs != "" { // it was stopped meanwhile
		f.ending = append(f.ending, server)
		return
	}
	f.learn(r, now, status)
}

func (f *fleet) discard(r *record, server BackendServer) {
	now := f.lock()
	defer f.unlock()
	if r.endedAs == "" {
		f.leave(r)
	} else if !r.forgotten {
		f.retained.remove(r)
	}
	f.forget(r, now)
	if server != nil {
		f.ending = append(f.ending, server)
	}
}

// tellLease tells a server the lease of its session, unless it knows that already. Of two updates
// at the same time either may reach the server first; whoever comes back and finds another lease
// than the one it told tells that too.
func (f *fleet) tellLease(r *record, told time.Duration) {
	for {
		server, lease := f.leaseOf(r)
		if server == nil || lease == told {
			return
		}
		server.SetLease(lease)
		told = lease
	}
}

// leaseOf returns the server of a session, nil if there is none yet or any more, and its present
// lease.
func (f *fleet) leaseOf(r *record) (BackendServer, time.Duration) {
	f.lock()
	defer f.unlock()
	if r.endedAs != "" {
		return nil, 0
	}
	return r.server, r.lease
}

// get returns a session.
func (f *fleet) get(h home, id string) (session, *refusal) {
	f.askAbout(h, id)
	now := f.lock()
	defer f.unlock()
	r := f.find(h, id)
	if r == nil {
		return session{}, notFound
	}
	return r.at(now), nil
}

// update changes the lease of a session.
func (f *fleet) update(h home, id string, lease time.Duration) (session, *refusal) {
	f.askAbout(h, id)
	r, s, refused := f.extend(h, id, lease)
	if refused == nil {
		f.tellLease(r, -1)
	}
	return s, refused
}

func (f *fleet) extend(h home, id string, lease time.Duration) (*record, session, *refusal) {
	now := f.lock()
	defer f.unlock()
	r := f.find(h, id)
	if r == nil {
		return nil, session{}, notFound
	}
	if refused := f.refuseLease(r, now, lease); refused != nil {
		return nil, session{}, refused
	}
	r.lease = lease
	f.changed(r, now)
	return r, r.at(now), nil
}

// refuseLease returns why a session cannot get a lease, or nil if it can.
func (f *fleet) refuseLease(r *record, now time.Time, lease time.Duration) *refusal {
	current, limit := r.lease, f.decisions.MaxLease
	switch {
	case r.ended(now) && f.decisions.UpdateEndedStatus == http.StatusNotFound:
		return notFound
	case r.ended(now):
		return unprocessable("The session has ended; its lease cannot be extended.")
	case lease > limit, lease == limit && !f.decisions.AcceptUpdateToMaxLease:
		return unprocessable(
			fmt.Sprintf("The maxLeaseTimeMinutes value must be less than %d.", limit/time.Minute),
		)
	case lease > current:
		return nil
	case !f.decisions.AcceptShorterLease:
		return unprocessable(
			fmt.Sprintf(
				"The maxLeaseTimeMinutes value must be larger than the current value %d.",
				current/time.Minute,
			),
		)
	case lease <= 0, r.wasReady(now) && !now.Before(r.readyAt.Add(lease)):
		// Shortened so far the session would have ended in the past, and its elapsed time would run
		// backwards.
		return unprocessable("The maxLeaseTimeMinutes value must be larger than the time elapsed.")
	}
	return nil
}

// stop ends a session.
func (f *fleet) stop(h home, id string) *refusal {
	f.askAbout(h, id)
	now := f.lock()
	defer f.unlock()
	r := f.find(h, id)
	if r == nil {
		return notFound
	}
	if r.ended(now) {
		if f.decisions.StopEndedStatus == http.StatusNotFound {
			return notFound
		}
		return nil
	}
	f.finish(r, now, azremoterendering.SessionStatusStopped)
	return nil
}
