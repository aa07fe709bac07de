// SPDX-License-Identifier: MIT

package lease

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/arr-go/azremoterendering/internal/wait"
)

// mostBetweenSteps is how long a pool of very many sessions takes to react to a change, at most.
const mostBetweenSteps = 100 * time.Millisecond

// run is the goroutine that creates and stops sessions as needed, until the pool is closed.
func (p *Pool) run() {
	p.takeOver()
	now := p.options.clock.Now()
	for p.ctx.Err() == nil {
		began := time.Now()
		again := p.step()
		// A step looks at all sessions. However many there are, and however often they are handed
		// out, steps take a tenth of the time of one core.
		rest := min(9*time.Since(began), mostBetweenSteps)
		if rest > 0 && wait.Sleep(p.ctx, rest) != nil {
			return
		}
		now = p.pause(now, again-rest)
	}
}

// pause returns after d, or when something has changed, the clock has leapt since before, or the
// pool is closed. It returns the present moment.
func (p *Pool) pause(before wait.Instant, d time.Duration) wait.Instant {
	for end := time.Now().Add(d); ; {
		left := time.Until(end)
		timer := time.NewTimer(min(left, wait.Tick))
		select {
		case <-timer.C:
		case <-p.wake:
			timer.Stop()
			return before
		case <-p.ctx.Done():
			timer.Stop()
			return before
		}
		now := p.options.clock.Now()
		if left <= wait.Tick || now.Leapt(before) {
			return now
		}
		before = now
	}
}

// step counts, decides and acts. It returns the time until the next step, unless something changes
// before.
func (p *Pool) step() time.Duration {
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		return time.Hour
	}
	next := decide(p.count())
	refusal := p.act(next)
	p.mu.Unlock()
	if refusal != nil {
		p.options.Logger.WarnContext(p.ctx, "pool creates no session",
			"pool", p.options.IDPrefix, "error", refusal)
	}
	return next.again
}

// act does what was decided. If the budget has begun to forbid a creation, it returns why. The lock
// is held, as by all functions below except reap.
func (p *Pool) act(next plan) (refusal error) {
	for range next.dropStarting {
		p.dropOne()
	}
	for range next.retireWarm {
		if e := p.entries.warm.oldest(); e != nil {
			p.retire(e)
		}
	}
	if next.retireQuarantined {
		p.retireQuarantined()
	}
	for range next.create {
		p.startCreation()
	}
	if next.create > 0 {
		p.pace.delay(next.createPause)
	}
	if next.overBudget {
		err := fmt.Errorf("pool %q: %w",
			p.options.IDPrefix, p.budget.allows(p.options.LeaseTime))
		p.failed(err)
		if next.failCalls {
			p.failWaiters(err)
		}
		if !p.overBudget {
			refusal = err
		}
	}
	p.overBudget = next.overBudget
	return refusal
}

// count takes the inventory. On the way it retires warm and quarantined sessions that can never
// again have MinRemaining left.
func (p *Pool) count() inventory {
	n := inventory{
		warm:           p.options.Warm,
		max:            p.options.Max,
		createInterval: p.pace.interval(p.options.CreateInterval),
		calls:          len(p.waiters) + len(p.retrying),
		starting:       p.pending(),
		total:          len(p.entries.all),
		affordable:     p.budget.leases(p.options.LeaseTime),
		probing:        p.pace.probing,
		recount:        time.Hour,
	}
	// A session is ageing for as long as its replacement may take to start.
	ageing := min(p.options.StartTimeout, (p.options.MaxLeaseTime-p.options.MinRemaining)/4)
	for _, e := range p.entries.all {
		if e.lost {
			n.lost++
		}
		if e.state != stateWarm && e.state != stateQuarantined || !e.alive() {
			continue
		}
		if e.managed.unconfirmed() {
			n.recount = min(n.recount, wait.Tick) // the look that follows shows what is left
		}
		switch left := e.managed.usableFor(p.options.MinRemaining); {
		case left <= 0:
			p.retire(e)
		case e.state == stateQuarantined:
			n.quarantined++
			n.recount = min(n.recount, left)
		case left <= ageing:
			n.ageing++
			n.recount = min(n.recount, left)
		default:
			n.ready++
			n.recount = min(n.recount, left-ageing)
		}
	}
	n.pause = time.Until(p.pace.notBefore) // last, because counting takes time
	return n
}

// pending returns the number of sessions that are expected to become Ready.
func (p *Pool) pending() (n int) {
	for _, e := range p.entries.all {
		if e.pending() {
			n++
		}
	}
	return n
}

// dropOne gives up the newest starting session.
func (p *Pool) dropOne() {
	for _, e := range slices.Backward(p.entries.all) {
		if e.pending() {
			p.retire(e)
			return
		}
	}
}

// retireQuarantined stops the quarantined sessions.
func (p *Pool) retireQuarantined() {
	for _, e := range p.entries.all {
		if e.state == stateQuarantined {
			p.retire(e)
		}
	}
}

// manage begins to keep the session of an entry alive. When that ends, for whatever reason, reap
// takes care of the rest.
func (p *Pool) manage(e *entry, r *renewer) {
	e.client, e.since = r.client, r.earliestReady()
	e.managed = newManagedSession(p.ctx, r, true)
	p.work.Go(func() {
		<-e.managed.done
		p.reap(e)
	})
}

// reap removes a session that is no longer kept alive: it has ended, it was retired, or its holder
// gave it up. It stops the session, which might be running, unless it was detached.
func (p *Pool) reap(e *entry) {
	p.mu.Lock()
	e.move(eventRetire)
	p.changed()
	p.mu.Unlock()
	p.noticeEnd(p.ctx, e.id, context.Cause(e.managed.ctx))
	var notStopped error
	isDetached := errors.Is(context.Cause(e.managed.ctx), ErrDetached)
	if !isDetached {
		notStopped = e.managed.stopUntilOver(p.ctx, ErrStopped)
	}
	e.managed.ended(context.Cause(e.managed.ctx), notStopped)
	p.mu.Lock()
	defer p.mu.Unlock()
	if isDetached {
		p.budget.forfeit(e.id)
	} else {
		p.budget.close(e.managed.renewer, notStopped)
	}
	p.forget(e, notStopped)
}

// forget removes a session of which nothing is left to do. notStopped is why it may run on, or nil.
func (p *Pool) forget(e *entry, notStopped error) {
	e.move(eventGone)
	p.entries.remove(e)
	if notStopped != nil {
		p.failed(notStopped)
		p.notStopped = append(p.notStopped, notStopped)
	}
	p.changed()
}
