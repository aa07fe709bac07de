// SPDX-License-Identifier: MIT

package lease

import (
	"fmt"
	"slices"
	"strings"
	"time"

	arr "github.com/arr-go/azremoterendering"
)

// lateLists is when, after the first list, others are read for sessions that the first did not
// show. The service's list may lag behind, and a creation that was under way when the earlier run
// ended may have become a session since.
var lateLists = [...]time.Duration{time.Minute, 3 * time.Minute}

// takeOver finds what an earlier run has left, however long that takes: without knowing, the pool
// might exceed its bounds.
func (p *Pool) takeOver() {
	retry := newBackoff(leastPause, mostPause)
	for {
		err := p.takeListed()
		if err == nil {
			close(p.tookOver)
			p.work.Go(p.takeLate)
			return
		}
		p.mu.Lock()
		p.failed(err)
		p.mu.Unlock()
		if sleep(p.ctx, retry.next(arr.RetryAfter(err))) != nil {
			return
		}
	}
}

// takeLate finds what the first list did not show. The pool is at work meanwhile, and may for a
// while have more sessions than it should.
func (p *Pool) takeLate() {
	began := time.Now()
	for _, after := range lateLists {
		if sleep(p.ctx, time.Until(began.Add(after))) != nil {
			return
		}
		_ = p.takeListed() // it has been logged
	}
	p.budget.forgetIDs()
}

// takeListed takes in what the service lists.
func (p *Pool) takeListed() error {
	sent := time.Now()
	found, err := list(p.ctx, p.client)
	if err != nil {
		err = fmt.Errorf(
			"lease: the sessions of pool %q cannot be listed: %w",
			p.options.IDPrefix,
			err,
		)
		p.options.Logger.WarnContext(
			p.ctx,
			"pool has no list of its sessions",
			"pool",
			p.options.IDPrefix,
			"error",
			err,
		)
		return err
	}
	p.takeIn(found, sent)
	return nil
}

// takeIn makes members of the listed sessions that are not the pool's own, present or past. The
// list may show those before they are known to be Ready and after they were stopped or detached;
// all that the pool ever had to do with is in its budget.
func (p *Pool) takeIn(found []arr.Session, sent time.Time) {
	a, received := p.acquisition(), time.Now()
	found = slices.DeleteFunc(found, func(session arr.Session) bool {
		return session.Status.Ended() || !strings.HasPrefix(session.ID, p.options.IDPrefix) ||
			p.budget.knows(session.ID)
	})
	for _, session := range found { // before the mu is held: a logger may ask the pool
		p.options.Logger.Info(
			"session of an earlier run taken over",
			"session",
			session.ID,
			"status",
			session.Status,
		)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, session := range found {
		if p.closed {
			return
		}
		r := a.newRenewer(p.client, session.ID)
		r.learn(observation{session: session, sent: sent, received: received})
		p.budget.adopt(session.ID, session.MaxLeaseTime)
		held := session.Status != arr.SessionStatusStarting // perhaps
		m := p.admit(r, unclaimed)
		m.leftOver = held
		p.work.Go(func() { p.expectClaim(m, held) })
		p.changed()
	}
}

// expectClaim settles what becomes of a session of an earlier run. One that was not Ready was not
// handed out, so nobody will claim it; it is waited for like a new one. Any other is stopped if
// nobody claims it in time, unless it is known that nobody can.
func (p *Pool) expectClaim(m *member, held bool) {
	usable := true
	switch {
	case !held:
		usable = p.acquisition().wait(m.managed.ctx, m.managed.renewer, nil) == nil
	case p.options.ClaimTime > 0:
		_ = sleep(m.managed.ctx, p.options.ClaimTime) // or until it is over
		usable = false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case m.state != unclaimed:
	case usable:
		p.offer(m)
	default:
		p.retire(m)
	}
}
