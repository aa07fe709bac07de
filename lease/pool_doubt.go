// SPDX-License-Identifier: MIT

package lease

import (
	"context"
	"errors"
	"time"

	arr "github.com/arr-go/azremoterendering"
)

const (
	// checkTimeout bounds the check of a session that is to be handed out. Somebody waits, and
	// there may be another session.
	checkTimeout = 20 * time.Second
	// slowCheck is how long a check may take before the session becomes doubtful though the failure
	// was that the call ended.
	slowCheck = 5 * time.Second
	// longestQuarantine is how long a session may stay doubtful while the service answers. It is billed,
	// and of no use.
	longestQuarantine = 5 * time.Minute
)

// errNotReady means that a session which was Ready is in a state that nobody knows.
var errNotReady = errors.New("not Ready")

// useless reports whether a session whose check failed in this way will never do.
func (m *member) useless(failure error) bool {
	return m.managed.end() != nil || errors.Is(failure, arr.ErrLeaseNotExtended) ||
		errors.Is(failure, arr.ErrNotFound) ||
		errors.Is(failure, ErrBudget)
}

// quarantine sets a session aside whose check failed. It is given to nobody until it passes one: others
// may be healthy, and would not get their turn if it was tried again and again. The pool's lock is
// held.
func (p *Pool) quarantine(m *member) {
	switch {
	case m.managed.ctx.Err() != nil || m.state == stopping: // on its way out
	case p.closed:
		p.retire(m)
	default:
		since := time.Now()
		m.state, m.quarantined = idle, since
		p.work.Go(func() { p.recheck(m, since) })
	}
	p.changed()
}

// recheck checks a doubtful session until the doubt is settled.
func (p *Pool) recheck(m *member, since time.Time) {
	retry := newBackoff(leastPause, mostPause/4)
	for pause := retry.next(0); sleep(m.managed.ctx, pause) == nil; {
		answers := p.answers()
		failure := p.checkAgain(m)
		if failure != nil {
			p.options.Logger.WarnContext(
				m.managed.ctx,
				"pool has a session of doubtful use",
				"session",
				m.managed.id,
				"error",
				failure,
			)
		}
		if p.finishRecheck(m, since, answers, failure) {
			return
		}
		pause = retry.next(arr.RetryAfter(failure))
	}
}

// checkAgain is check with all the time that a try may take, and without trust in what was seen a
// moment ago: a list may show a session of which nothing else can be had.
func (p *Pool) checkAgain(m *member) error {
	ctx, cancel := context.WithTimeout(m.managed.ctx, tryTimeout)
	defer cancel()
	if err := m.managed.look(ctx); err != nil {
		return err
	}
	return p.vouch(ctx, m)
}

// finishRecheck takes note of a check of a doubtful session, and reports whether it is doubtful no more:
// it is used again, or retired. Nothing is held against a session while the service does not answer
// at all.
func (p *Pool) finishRecheck(m *member, since time.Time, answers bool, failure error) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case m.state != idle || !m.quarantined.Equal(since): // it was claimed, or retired
		return true
	case failure == nil:
		m.quarantined, p.lastFailure = time.Time{}, nil
		p.offer(m)
		return true
	case m.managed.ctx.Err() != nil:
		return true
	case m.useless(failure), answers && time.Since(since) >= longestQuarantine:
		p.lastError = failure
		p.retire(m)
		return true
	}
	p.lastError, p.lastFailure = failure, failure
	if !errors.Is(failure, errNotReady) && len(p.creations) == 0 {
		p.failed(failure)
	}
	return false
}

// answers reports whether the service has shown a session of the pool lately.
func (p *Pool) answers() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, m := range p.members {
		if m.managed.seenAfter(time.Now().Add(-longestQuarantine / 2)) {
			return true
		}
	}
	return false
}

// seenAfter reports whether the session was seen as it was after a time.
func (r *renewer) seenAfter(t time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.last.sent.After(t)
}

// retireQuarantined stops the doubtful sessions, because there are enough others. The pool's lock is
// held.
func (p *Pool) retireQuarantined() {
	for _, m := range p.members {
		if m.state == idle && !m.quarantined.IsZero() {
			p.retire(m)
		}
	}
}
