// SPDX-License-Identifier: MIT

package lease

import (
	"context"
	"errors"
	"time"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/internal/wait"
)

// errNotNeeded ends a creation whose session is no longer needed.
var errNotNeeded = errors.New("the session is no longer needed")

// startCreation starts to create one session. The lock is held.
func (p *Pool) startCreation() {
	ctx, cancel := context.WithCancelCause(p.ctx)
	e := &entry{state: stateIntended, began: time.Now(), own: true, cancel: cancel}
	p.entries.add(e)
	p.work.Go(func() {
		defer cancel(nil)
		p.create(ctx, e)
	})
}

// create creates the session of an entry and waits until it is Ready.
func (p *Pool) create(ctx context.Context, e *entry) {
	a := p.acquisition()
	a.creating = func(r *renewer) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.entries.name(e, r.id)
		e.client = r.client
		e.move(eventCreate)
	}
	var lost *renewer
	a.lost = func(r *renewer) { lost = r }
	a.clients, a.failedIn = p.candidates(), p.creationFailedIn
	r, err := a.acquireTraced(ctx, spanPoolCreate)
	if err == nil {
		p.creationSucceeded(ctx, e, r)
		return
	}
	p.creationFailed(ctx, e, lost, err)
	if lost != nil {
		p.stopLost(e, lost)
	}
}

// acquisition returns what creates one session of the pool.
func (p *Pool) acquisition() *acquisition {
	options := p.options.session()
	options.Watcher = p.watcher
	return &acquisition{options: options, budget: p.budget}
}

// creationSucceeded makes a new session that is Ready available to callers.
func (p *Pool) creationSucceeded(ctx context.Context, e *entry, r *renewer) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.created++
	p.pace.succeeded()
	p.region(r.client).works()
	p.lastFailure = nil
	p.manage(e, r)
	if ctx.Err() != nil {
		p.retire(e) // it was dropped, or the pool closed, at the moment at which it was Ready
		return
	}
	p.offer(e)
}

// creationFailed records that no session became Ready. A failure that the next creation would meet
// too ends the calls that wait. lost, if non-nil, may run and has to be stopped.
func (p *Pool) creationFailed(ctx context.Context, e *entry, lost *renewer, err error) {
	if ctx.Err() == nil {
		p.options.Logger.WarnContext(ctx, "pool could not create a session",
			"pool", p.options.IDPrefix, "error", err)
		p.noticeEnd(ctx, e.id, err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if ctx.Err() == nil {
		p.pace.failed(e.began, err)
		p.failed(err)
		if permanent(err) {
			p.failWaiters(err)
		}
	}
	if lost == nil {
		p.forget(e, nil)
		return
	}
	e.lost = true
	p.region(lost.client).lost++
	e.move(eventRetire)
	p.changed()
}

// stopLost stops a session that did not become Ready and could not be stopped yet. It may become
// Ready at any time, so stopLost retries until Close.
func (p *Pool) stopLost(e *entry, r *renewer) {
	var err error
	for closing := false; !closing; {
		closing = wait.Sleep(p.ctx, maxPause) != nil
		err = Stop(r.span.In(p.ctx), r.client, r.id)
		if err == nil || r.mustBeOver() {
			err = nil
			break
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.region(r.client).lost--
	p.forget(e, err)
}

// permanent reports whether every further attempt would fail in the same way, whatever the session.
// A used-up budget is not permanent: it comes back when sessions end, and decide tells when it is
// used up.
func permanent(err error) bool {
	return !noCapacity(err) && !concernsOne(err) && !retryable(err) && !errors.Is(err, ErrBudget)
}

// mostHalvings is how often a pool may halve the interval between two creations: it then creates up
// to 64 times as many as at first.
const mostHalvings = 6

// pace says when the next creation is allowed.
type pace struct {
	notBefore time.Time
	slowed    time.Time     // the last failure that changed notBefore
	probing   bool          // no capacity: one creation at a time until one succeeds
	capacity  *wait.Backoff // while there is no capacity
	outage    *wait.Backoff // after failures that pass sooner
	ended     *wait.Backoff // after sessions that ended or were lost while they started
	halvings  int           // of the interval between two creations
}

func newPace() pace {
	return pace{
		capacity: wait.NewBackoff(10*time.Second, 5*time.Minute),
		outage:   wait.NewBackoff(minPause, maxPause),
		ended:    wait.NewBackoff(minPause, maxPause),
	}
}

// failed delays the next creation after one that began at a time failed. One that was in flight
// when another had failed already says nothing new.
func (p *pace) failed(began time.Time, err error) {
	if began.Before(p.slowed) {
		return
	}
	if !concernsOne(err) {
		p.halvings = 0
	}
	switch {
	case noCapacity(err):
		p.probing = true
		p.delay(p.capacity.Next(0))
	case errors.Is(err, ErrBudget):
		return // decide waits for budget
	case concernsOne(err):
		p.delay(p.ended.Next(0)) // short, unless every session ends
	case retryable(err):
		p.delay(p.outage.Next(arr.RetryAfter(err)))
	default:
		p.delay(maxPause)
	}
	p.slowed = time.Now()
}

// succeeded forgets earlier failures.
func (p *pace) succeeded() {
	p.probing = false
	p.halvings = min(p.halvings+1, mostHalvings)
	p.capacity.Reset()
	p.outage.Reset()
	p.ended.Reset()
}

// interval returns the time between two creations, which begins with the one of the options.
func (p *pace) interval(first time.Duration) time.Duration { return max(1, first>>p.halvings) }

// delay allows no creation for the next d.
func (p *pace) delay(d time.Duration) {
	if t := time.Now().Add(d); t.After(p.notBefore) {
		p.notBefore = t
	}
}
