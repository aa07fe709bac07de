// SPDX-License-Identifier: MIT

package lease

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	arr "github.com/arr-go/azremoterendering"
)

// member is a session of a pool. The pool's lock guards all but hold.
type member struct {
	managed *managedSession
	state   memberState
	// when it became Ready at the earliest, as far as was known when the pool came to have it
	since time.Time
	// created by this pool, and so of a size that will do, however the service spells it
	own bool
	// by an earlier run, perhaps in the hands of a device, and not handed out since
	leftOver bool
	// since when it is of doubtful use, because its check failed; zero if it is not
	quarantined time.Time
	lease       *Lease // while it is handed out and has been checked
}

// claimable reports whether a device may hold the session since an earlier run. One that is not
// Ready cannot be held.
func (m *member) claimable() bool {
	return m.leftOver && (m.state == unclaimed || m.state == idle) && m.managed.ctx.Err() == nil &&
		m.managed.session().Status == arr.SessionStatusReady
}

type memberState int

const (
	idle memberState = iota
	handedOut
	unclaimed // of an earlier run: perhaps in use, or not Ready yet
	stopping
)

// waiter is a call of Acquire that waits for a session.
type waiter struct {
	// its number: those that came first are served first, also when the session that they were
	// given turned out to be of no use
	call   uint64
	served chan *member // of capacity 1
	failed chan error   // of capacity 1
}

// next takes an idle session, or waits for one, for the call of Acquire with that number.
func (p *Pool) next(ctx context.Context, call uint64) (*member, error) {
	p.mu.Lock()
	delete(p.retrying, call)
	if p.closed {
		p.mu.Unlock()
		return nil, fmt.Errorf("lease: %w", ErrPoolClosed)
	}
	if m := p.youngest(idle); m != nil && len(p.waiters) == 0 {
		m.state = handedOut
		p.changed()
		p.mu.Unlock()
		return m, nil
	}
	w := &waiter{call, make(chan *member, 1), make(chan error, 1)}
	place := slices.IndexFunc(p.waiters, func(other *waiter) bool { return other.call > call })
	if place < 0 {
		place = len(p.waiters)
	}
	p.waiters = slices.Insert(p.waiters, place, w)
	p.changed()
	p.mu.Unlock()

	select {
	case m := <-w.served:
		return m, nil
	case err := <-w.failed:
		return nil, err
	case <-ctx.Done():
	}
	p.mu.Lock()
	p.waiters = slices.DeleteFunc(p.waiters, func(other *waiter) bool { return other == w })
	p.changed()
	p.mu.Unlock()
	select {
	case m := <-w.served: // at the same moment
		p.putBack(m, false)
	default:
	}
	return nil, p.interrupted(ctx)
}

// youngest returns the session in a state that has lived the shortest, and so can live the longest;
// nil if there is none. Doubtful ones do not count.
func (p *Pool) youngest(state memberState) *member { return p.extreme(state, time.Time.After) }

// oldest returns the session in a state that has lived the longest. Doubtful ones do not count.
func (p *Pool) oldest(state memberState) *member { return p.extreme(state, time.Time.Before) }

func (p *Pool) extreme(state memberState, before func(a, b time.Time) bool) (found *member) {
	for _, m := range p.members {
		if m.state == state && m.quarantined.IsZero() && m.managed.ctx.Err() == nil &&
			(found == nil || before(m.since, found.since)) {
			found = m
		}
	}
	return found
}

// offer gives a session to the call that has waited longest, or makes it idle. One of a size that
// will not do, as an earlier run may have left it, is retired. The pool's lock is held.
func (p *Pool) offer(m *member) {
	switch {
	case m.managed.ctx.Err() != nil || m.state == stopping: // on its way out
	case p.closed || !m.own && !p.suits(m.managed.session().Size):
		p.retire(m)
	case len(p.waiters) > 0:
		m.state = handedOut
		p.waiters[0].served <- m
		p.waiters = p.waiters[1:]
	default:
		m.state = idle
	}
	p.changed()
}

// suits reports whether a session of an earlier run is of a size that will do. One whose size is
// not told is given the benefit of the doubt.
func (p *Pool) suits(size arr.SessionSize) bool {
	return size == "" || among(p.options.Sizes, size)
}

// putBack takes back a session that nobody wants any more, because the call that had it has ended.
// If its check took suspiciously long, it is doubtful.
func (p *Pool) putBack(m *member, doubtful bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case m.managed.end() != nil:
		p.retire(m)
	case doubtful:
		p.quarantine(m)
	default:
		p.offer(m)
	}
}

// refuse takes back a session whose check failed, and reports whether the call is to try again: not
// if the failure does not pass, and there is no other session to try.
func (p *Pool) refuse(m *member, call uint64, failure error) (again bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lastError, p.lastFailure = failure, failure
	if m.useless(failure) {
		p.retire(m)
	} else {
		p.quarantine(m)
	}
	gone := m.state == stopping || m.managed.ctx.Err() != nil
	if !gone && !passing(failure) && !errors.Is(failure, errNotReady) && p.youngest(idle) == nil {
		return false
	}
	p.retrying[call] = struct{}{}
	return true
}

// handOut makes the lease on a session that has been checked; nil if the session has ended or the
// pool was closed meanwhile.
func (p *Pool) handOut(m *member) *Lease {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		p.retire(m)
	}
	if m.state != handedOut || m.managed.ctx.Err() != nil {
		return nil
	}
	m.lease = newLease(m.managed, p.options.IdleTimeout)
	m.leftOver, p.lastFailure = false, nil
	return m.lease
}

// admit takes a session into the pool. The pool's lock is held.
func (p *Pool) admit(r *renewer, state memberState) *member {
	m := &member{managed: newManagedSession(p.ctx, r), state: state, since: r.begin()}
	m.managed.pooled = true
	p.members[r.id] = m
	p.work.Go(func() {
		<-m.managed.done
		p.reap(m)
	})
	return m
}

// reap removes a session that is no longer kept: it has ended, it was stopped, or its holder
// detached it. Unless it is known to have ended or is left running on purpose, it is stopped, for
// it might be running.
func (p *Pool) reap(m *member) {
	p.mu.Lock()
	m.state = stopping // and no longer counted among those that can be handed out
	p.changed()
	p.mu.Unlock()
	var notStopped error
	detached := errors.Is(context.Cause(m.managed.ctx), ErrDetached)
	if !detached {
		notStopped = m.managed.chase(p.ctx, ErrStopped)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.members, m.managed.id)
	if notStopped != nil {
		p.lastError, p.lastFailure = notStopped, notStopped
		p.notStopped = append(p.notStopped, notStopped)
	}
	if detached {
		p.budget.forfeit(m.managed.id)
	} else {
		p.budget.close(m.managed.renewer, notStopped)
	}
	p.changed()
}

// retire stops a session in the background. The pool's lock is held.
func (p *Pool) retire(m *member) {
	if m.state != stopping {
		m.state = stopping
		m.managed.cancel(ErrReleased)
	}
	p.changed()
}

// begin returns when the session became Ready at the earliest.
func (r *renewer) begin() time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.bounds.earliest
}

// promises returns for how long the session can still be handed out with so much of its lease left,
// however often the lease is extended.
func (r *renewer) promises(minRemaining time.Duration) time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	most := max(r.bounds.total, r.options.MaxLeaseTime)
	if r.refusedTotal == r.bounds.total {
		most = r.refusedTotal
	}
	return time.Until(r.bounds.earliest.Add(most)) - minRemaining
}

// changed makes the pool look at what it has.
func (p *Pool) changed() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}
