// SPDX-License-Identifier: MIT

package lease

import (
	"context"
	"errors"
	"time"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/internal/wait"
)

// quarantineLimit is how long a session may stay quarantined while the service answers for others.
// It is billed, and nobody can use it.
const quarantineLimit = 5 * time.Minute

// hopeless reports whether a session whose check failed with this error cannot be used again.
func (e *entry) hopeless(failure error) bool {
	return e.managed.end() != nil ||
		errors.Is(failure, arr.ErrLeaseNotExtended) ||
		errors.Is(failure, arr.ErrNotFound) && !arr.IsTransient(failure) && !isPage(failure) ||
		errors.Is(failure, ErrBudget)
}

// quarantine sets a session aside whose check failed, and checks it again in the background. The
// lock is held.
func (p *Pool) quarantine(e *entry) {
	switch {
	case !e.alive():
	case p.closed:
		p.retire(e)
	case e.move(eventFail):
		e.failures++
		number := e.failures
		p.work.Go(func() { p.recheck(e, number) })
	}
	p.changed()
}

// recheck checks a quarantined session until it leaves quarantine. number tells one quarantine of
// the session from another.
func (p *Pool) recheck(e *entry, number int) {
	began := time.Now()
	retry := wait.NewBackoff(minPause, maxPause/4)
	for pause := retry.Next(0); wait.Sleep(e.managed.ctx, pause) == nil; {
		answering := p.answering(e.managed.client)
		failure := p.lookAgain(e)
		if failure != nil {
			e.managed.observe(EventFailed, 0, failure)
			p.options.Logger.WarnContext(e.managed.ctx, "quarantined session fails its check",
				"session", e.id, "error", failure)
		}
		expired := answering && time.Since(began) >= quarantineLimit
		if p.finishRecheck(e, number, expired, failure) {
			return
		}
		pause = retry.Next(arr.RetryAfter(failure))
	}
}

// lookAgain checks a session. A recent observation of the watcher does not count, because a list
// may show a session for which every other request fails.
func (p *Pool) lookAgain(e *entry) error {
	ctx, cancel := context.WithTimeout(e.managed.span.In(e.managed.ctx), tryTimeout)
	defer cancel()
	return p.lookAndCheck(ctx, e)
}

// finishRecheck acts on the result of a recheck, and reports whether the session has left
// quarantine. expired says that it has been there for too long.
func (p *Pool) finishRecheck(e *entry, number int, expired bool, failure error) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case e.state != stateQuarantined || e.failures != number || !e.alive():
		return true // it was claimed or retired, or it has ended
	case failure == nil:
		p.lastFailure = nil
		p.offer(e)
		return true
	case expired, e.hopeless(failure):
		p.lastError = failure
		p.retire(e)
		return true
	}
	p.failed(failure)
	if permanent(failure) && p.pending() == 0 {
		p.failWaiters(failure)
	}
	return false
}

// answering reports whether a region has recently shown a session of the pool. While it has not,
// none of its quarantined sessions is given up.
func (p *Pool) answering(client *arr.SessionsClient) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, e := range p.entries.all {
		if e.managed != nil && e.managed.client == client &&
			e.managed.seenAfter(time.Now().Add(-quarantineLimit/2)) {
			return true
		}
	}
	return false
}
