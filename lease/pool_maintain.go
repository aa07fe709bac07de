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

// creation is the creation of a session, until it is Ready.
type creation struct {
	began   time.Time
	cancel  context.CancelCauseFunc
	dropped bool // no longer wanted, and about to be stopped
}

var errNotNeeded = errors.New("the session is no longer needed")

// pace says when the next session may be created.
type pace struct {
	interval    time.Duration
	notBefore   time.Time
	slowed      time.Time // when it was last slowed down by a failure
	probing     bool      // after want of capacity: one session is tried at a time until one is had
	capacity    *backoff  // after want of capacity
	unreachable *backoff  // after failures that pass sooner
}

func newPace(interval time.Duration) pace {
	return pace{
		interval:    interval,
		capacity:    newBackoff(10*time.Second, 5*time.Minute),
		unreachable: newBackoff(leastPause, mostPause),
	}
}

// slow takes a failed creation into account. One that was under way when another had failed already
// says nothing new.
func (p *pace) slow(began time.Time, err error) {
	if began.Before(p.slowed) {
		return
	}
	p.slowed = time.Now()
	switch {
	case wantOfCapacity(err):
		p.probing = true
		p.delay(p.capacity.next(0))
	case passing(err):
		p.delay(p.unreachable.next(arr.RetryAfter(err)))
	default:
		p.delay(mostPause)
	}
}

// hasten takes a success into account.
func (p *pace) hasten() {
	p.probing = false
	p.capacity.reset()
	p.unreachable.reset()
}

func (p *pace) delay(d time.Duration) {
	if t := time.Now().Add(d); t.After(p.notBefore) {
		p.notBefore = t
	}
}

// maintain is the goroutine that creates and stops sessions as they are needed, until the pool is
// closed.
func (p *Pool) maintain() {
	p.takeOver()
	for p.ctx.Err() == nil {
		wait := p.balance()
		timer := time.NewTimer(wait)
		select {
		case <-p.wake:
		case <-timer.C:
		case <-p.ctx.Done():
		}
		timer.Stop()
	}
}

// balance creates or stops what the pool has too few or too many of, and returns when to look again
// at the latest.
func (p *Pool) balance() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return time.Hour
	}
	ready, ageing, again := p.age()
	wanted := p.options.Warm + len(p.waiters) + len(p.retrying)
	need := wanted - ready - p.starting()
	for ; ageing > 0 && ready+ageing > wanted; ageing-- {
		p.retireOldest()
	}
	for ; need < 0; need++ {
		p.dropOne()
	}
	if ready >= wanted {
		p.retireQuarantined()
	}
	switch wait := time.Until(p.pace.notBefore); {
	case need == 0 || len(p.members)+len(p.creations)+p.lost >= p.options.Max:
		return again
	case p.pace.probing && len(p.creations) > 0:
		return again
	case wait > 0:
		return min(wait, again)
	}
	p.pace.delay(p.options.CreateInterval)
	p.startCreation()
	return min(p.options.CreateInterval, again)
}

// age counts the idle sessions: those that will do for a while, and those that are so old that they
// will soon have less of their lease left than is promised, so that others must be there by then.
// Those that cannot keep the promise are retired; doubtful ones count for nothing. again is when
// that will be different.
func (p *Pool) age() (ready, ageing int, again time.Duration) {
	again = time.Hour
	ahead := min(p.options.StartTimeout, (p.options.MaxLeaseTime-p.options.MinRemaining)/4)
	for _, m := range p.members {
		if m.state != idle || m.managed.ctx.Err() != nil {
			continue
		}
		switch left := m.managed.promises(p.options.MinRemaining); {
		case left <= 0:
			p.retire(m)
		case !m.quarantined.IsZero():
			again = min(again, left)
		case left <= ahead:
			ageing++
			again = min(again, left)
		default:
			ready++
			again = min(again, left-ahead)
		}
	}
	return ready, ageing, again
}

// dropOne gives up one session: of those that are starting, which are not billed yet, the youngest, or
// else the oldest idle one.
func (p *Pool) dropOne() {
	for _, b := range slices.Backward(p.creations) {
		if !b.dropped {
			b.dropped = true
			b.cancel(errNotNeeded)
			return
		}
	}
	p.retireOldest()
}

// retireOldest stops the oldest idle session, if there is one. The pool's lock is held.
func (p *Pool) retireOldest() {
	if m := p.oldest(idle); m != nil {
		p.retire(m)
	}
}

// starting returns how many sessions are being created that are still wanted.
func (p *Pool) starting() (n int) {
	for _, b := range p.creations {
		if !b.dropped {
			n++
		}
	}
	return n
}

// startCreation starts the creation of a session.
func (p *Pool) startCreation() {
	ctx, cancel := context.WithCancelCause(p.ctx)
	b := &creation{began: time.Now(), cancel: cancel}
	p.creations = append(p.creations, b)
	p.work.Go(func() {
		defer cancel(nil)
		r, err := p.acquisition().acquire(ctx)
		if err != nil && ctx.Err() == nil {
			p.options.Logger.WarnContext(
				ctx,
				"pool has no new session",
				"pool",
				p.options.IDPrefix,
				"error",
				err,
			)
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		p.creations = slices.DeleteFunc(p.creations, func(other *creation) bool { return other == b })
		if err != nil {
			p.failedCreation(ctx, b, err)
			return
		}
		p.created++
		p.pace.hasten()
		p.lastFailure = nil
		m := p.admit(r, idle)
		m.own = true
		if ctx.Err() != nil {
			p.retire(m) // it was shed, or the pool closed, at the moment in which it was Ready
			return
		}
		p.offer(m)
	})
}

// acquisition makes what creates one session for the pool.
func (p *Pool) acquisition() *acquisition {
	options := p.options.session()
	options.Watcher = p.watcher
	return &acquisition{
		options: options,
		clients: []*arr.SessionsClient{p.client},
		budget:  p.budget,
		lost:    p.chaseLost,
	}
}

// chaseLost stops a session that did not become Ready and could not be stopped, in the background.
// One that was never seen Ready may become so at any time, so there is no end to it.
func (p *Pool) chaseLost(r *renewer) {
	p.mu.Lock()
	p.lost++
	p.mu.Unlock()
	p.work.Go(func() {
		var err error
		for closing := false; !closing; {
			closing = sleep(p.ctx, mostPause) != nil
			err = Stop(p.ctx, p.client, r.id)
			if err == nil || r.surelyOver() {
				err = nil // it has ended, perhaps by itself
				break
			}
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		p.lost--
		if err != nil {
			p.notStopped = append(p.notStopped, err)
		}
		p.changed()
	})
}

// failedCreation takes note of a session that could not be had. The pool's lock is held.
func (p *Pool) failedCreation(ctx context.Context, b *creation, err error) {
	p.changed()
	if ctx.Err() != nil {
		return
	}
	p.pace.slow(b.began, err)
	p.failed(err)
}

// failed takes note of a failure, and ends the calls that wait in vain. The pool's lock is held.
func (p *Pool) failed(err error) {
	p.lastError, p.lastFailure = err, err
	hopeless := !wantOfCapacity(err) && !passing(err)
	if errors.Is(err, ErrBudget) {
		hopeless = len(p.members)+len(p.creations) == 0
	}
	if !hopeless {
		return
	}
	for _, w := range p.waiters {
		w.failed <- err
	}
	p.waiters = nil
}

// shutDown is what Close does once.
func (p *Pool) shutDown() {
	p.mu.Lock()
	for _, w := range p.waiters {
		w.failed <- fmt.Errorf("lease: %w", ErrPoolClosed)
	}
	p.waiters = nil
	for _, m := range p.members {
		switch {
		case m.state == idle, m.state == unclaimed && !m.leftOver:
			p.retire(m)
		case m.state == unclaimed:
			m.managed.cancel(ErrDetached)
		case m.lease != nil && m.lease.settle(detached):
			m.lease.cancel(ErrDetached)
			m.managed.cancel(ErrDetached)
		}
	}
	p.mu.Unlock()
	p.end(ErrPoolClosed)
	p.work.Wait()
	p.watcher.Close()
}
