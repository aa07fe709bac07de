// SPDX-License-Identifier: MIT

package lease

import (
	"context"
	"fmt"
	"slices"
	"time"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/internal/wait"
)

// lateLists are the times after the first list at which others are read, for sessions that the
// first did not show: lists may lag, and a creation that was in flight when the earlier run ended
// may have succeeded since.
var lateLists = [...]time.Duration{time.Minute, 3 * time.Minute}

// listGrace is how long a pool waits for regions that do not list their sessions, once another has.
const listGrace = 30 * time.Second

// Claim returns the lease on a session that is handed out: the one that [Pool.Acquire] returned, or
// a new one if an earlier run handed the session out. It waits until the sessions of the earlier
// run are known.
//   - ctx bounds the waiting
//   - sessionID names the session
//
// With Claim, a web service needs only the session id from its devices, even after a restart. But
// one session serves many devices under one id. So the service must make sure that a device that
// has returned its session, or claims it too late, cannot name it again, for instance with a secret
// for each device.
//
// The error is [arr.ErrNotFound] if the session is not handed out. That includes sessions that were
// not claimed within [PoolOptions.ClaimTime], and sessions that are not Ready, which no device can
// hold.
func (p *Pool) Claim(ctx context.Context, sessionID string) (*Lease, error) {
	defer logWaiting(
		ctx, p.options.Logger, "a claim waits for the first list", p.situation)()
	for {
		l, listing, err := p.claim(sessionID)
		if listing == nil {
			return l, err
		}
		select {
		case <-listing:
		case <-p.ctx.Done():
			return nil, ErrPoolClosed
		case <-ctx.Done():
			return nil, p.interrupted(ctx)
		}
	}
}

// claim is Claim without waiting. If the session may still be found, it returns what to wait for.
func (p *Pool) claim(sessionID string) (l *Lease, listing <-chan struct{}, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	e := p.entries.find(sessionID)
	switch {
	case p.closed:
		return nil, nil, ErrPoolClosed
	case e == nil && !p.allListed():
		return nil, p.listing, nil
	case e != nil && e.alive() && e.state == stateOut:
		return e.lease, nil, nil
	case e != nil && e.claimable() && e.move(eventClaim):
		e.lease, e.leftOver = newLease(e.managed, p.options.IdleTimeout), false
		p.changed()
		return e.lease, nil, nil
	}
	return nil, nil, fmt.Errorf("session %q of pool %q is not handed out: %w",
		sessionID, p.options.IDPrefix, arr.ErrNotFound)
}

// claimable reports whether a device may hold the session since an earlier run. A device cannot
// hold one that is not Ready.
func (e *entry) claimable() bool {
	return e.leftOver && e.alive() && e.managed.session().Status == arr.SessionStatusReady
}

// takeOver starts to find the sessions of an earlier run. It returns when the pool may create
// others: when all regions were listed, or when some were and listGrace is over for the others.
func (p *Pool) takeOver() {
	for _, region := range p.regions {
		p.work.Go(func() { p.takeOverRegion(region) })
	}
	grace := time.NewTimer(listGrace)
	defer grace.Stop()
	for waited := false; ; {
		begin, listing := p.mayBegin(waited)
		if begin {
			return
		}
		select {
		case <-listing:
		case <-grace.C:
			waited = true
		case <-p.ctx.Done():
			return
		}
	}
}

// mayBegin reports whether the pool may create sessions, and otherwise what to wait for.
func (p *Pool) mayBegin(waited bool) (begin bool, listing <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	listed := func(r *poolRegion) bool { return r.listed }
	return p.allListed() || waited && slices.ContainsFunc(p.regions, listed), p.listing
}

// takeOverRegion finds the sessions of an earlier run in one region, however long that takes:
// without them, the pool might exceed its limits.
func (p *Pool) takeOverRegion(region *poolRegion) {
	defer p.searched()
	retry := wait.NewBackoff(minPause, maxPause)
	for {
		err := p.takeOverListed(region, false)
		if err == nil {
			break
		}
		if wait.Sleep(p.ctx, retry.Next(arr.RetryAfter(err))) != nil {
			return
		}
	}
	// Find what the first list did not show. The pool works meanwhile, and may exceed Max.
	began := time.Now()
	listed := false
	for _, after := range lateLists {
		if wait.Sleep(p.ctx, time.Until(began.Add(after))) != nil {
			return
		}
		// What one late list did not show, and the next does, is new.
		listed = p.takeOverListed(region, listed) == nil // it logs its error
	}
}

// searched records that the search in one region has ended.
func (p *Pool) searched() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.searching--
	p.conflict.settled = p.searching == 0
}

// takeOverListed takes over what one region lists under the prefix. settled says that its sessions
// of an earlier run should be known by now.
func (p *Pool) takeOverListed(region *poolRegion, settled bool) error {
	asked := p.options.clock.Now()
	found, _, err := list(p.ctx, region.client)
	if err != nil && p.ctx.Err() != nil {
		return err // the pool has been closed, which is no failure of the list
	}
	if err != nil {
		err = fmt.Errorf("listing the sessions of pool %q: %w", p.options.IDPrefix,
			&arr.RegionError{Endpoint: region.client.Endpoint(), Err: err})
		p.options.Logger.WarnContext(p.ctx, "pool cannot list its sessions",
			"pool", p.options.IDPrefix, "endpoint", region.client.Endpoint(), "error", err)
		if observe := p.options.observe(); observe != nil {
			observe(Event{Kind: EventFailed, Client: region.client, Err: err})
		}
		p.listFailed(region, err)
		return err
	}
	found = slices.DeleteFunc(found, func(s arr.Session) bool { return !p.unknown(s) })
	if settled && len(found) > 0 {
		p.noticeCreated(region.client, found[0])
	}
	p.admitListed(region.client, found, asked)
	p.mu.Lock()
	defer p.mu.Unlock()
	if region.refused = false; !region.listed {
		region.listed = true
		close(p.listing)
		p.listing = make(chan struct{})
	}
	return nil
}

// listFailed records that a region could not be listed. While that keeps the pool from creating
// sessions, and will not pass by itself, it ends the calls that wait.
func (p *Pool) listFailed(region *poolRegion, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if region.listed {
		return
	}
	p.failed(err)
	// an unknown host too: it never answered
	region.refused = !foreign(err) && !arr.IsTransient(err)
	if p.allRefused() {
		p.failWaiters(err)
	}
}

// admitListed makes entries of listed sessions that this pool has never had. A list may show those
// that it has before they are known to be Ready, and after they were stopped or detached; the
// budget knows all their ids.
func (p *Pool) admitListed(client *arr.SessionsClient, found []arr.Session, asked wait.Instant) {
	a := p.acquisition()
	for _, session := range found { // before the lock is held: a logger may call the pool
		p.options.Logger.Info("session of an earlier run taken over",
			"session", session.ID, "status", session.Status, "endpoint", client.Endpoint())
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, session := range found {
		if p.closed {
			return
		}
		r := a.newRenewer(client, session.ID)
		r.learn(observed(session, asked, ""))
		r.since = time.Now()
		p.budget.adopt(session.ID, session.MaxLeaseTime)
		e := &entry{id: session.ID, state: stateUnclaimed, began: asked.Time()}
		leftOver := session.Status != arr.SessionStatusStarting // else nobody can hold it
		if e.leftOver = leftOver; !leftOver {
			e.state = stateStarting
		}
		p.entries.add(e)
		p.manage(e, r)
		p.work.Go(func() { p.settleTakenOver(e, leftOver) })
		p.changed()
	}
}

// settleTakenOver decides what happens to a session of an earlier run. One that nobody can hold, as
// it was Starting or the options say so, serves any caller once it is Ready. Any other is stopped
// if nobody claims it in time: a device might still use it.
func (p *Pool) settleTakenOver(e *entry, leftOver bool) {
	e.managed.observe(EventAdopted, 0, nil)
	usable := true
	switch {
	case !leftOver:
		usable = p.acquisition().wait(e.managed.ctx, e.managed.renewer, nil) == nil
	case p.options.ClaimTime > 0:
		_ = wait.Sleep(e.managed.ctx, p.options.ClaimTime) // or until it has ended
		usable = false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case e.state != stateUnclaimed && e.state != stateStarting:
	case usable:
		p.offer(e)
	default:
		p.retire(e)
	}
}
