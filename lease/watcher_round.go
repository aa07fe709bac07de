// SPDX-License-Identifier: MIT

package lease

import (
	"context"
	"errors"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"

	arr "github.com/arr-go/azremoterendering"
)

const (
	// answerTimeout bounds one page and one lookup, including the retries of the client, so that an
	// answer that hangs does not stall the round.
	answerTimeout = time.Minute
	// concurrentLookups limits the lookups in flight.
	concurrentLookups = 8
	// longestRest is the largest number of rounds between two lookups of a session that is alive
	// but not listed.
	longestRest = 32
)

// round lists all sessions once and returns. Lookups of sessions that the list did not show run
// beside the next rounds, so that one that hangs delays nothing else.
func (w *regionWatcher) round(ctx context.Context, start time.Time) {
	number := w.begin(start)
	err := w.list(ctx, number)
	switch {
	case ctx.Err() != nil:
	case err != nil:
		w.failed(number, err)
	default:
		for _, entry := range w.complete(number) {
			w.lookups.Go(func() { w.lookUp(ctx, entry) })
		}
	}
}

// begin counts a round. It need not show sessions that are first needed from now on.
func (w *regionWatcher) begin(start time.Time) uint64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.rounds++
	w.started, w.fresh, w.hurry = start, false, false
	return w.rounds
}

// list reads pages until all needed sessions are found. Each page is shown at once: a failure of a
// later page does not change that.
func (w *regionWatcher) list(ctx context.Context, number uint64) error {
	var l listing
	for pager := w.client.NewListPager(nil); pager.More() && (l.pages == 0 || w.wantsMore(number)); {
		sessions, err := w.page(ctx, pager, number)
		if err != nil {
			return err
		}
		if err := l.add(w.client, sessions); err != nil {
			return err
		}
	}
	return nil
}

// wantsMore reports whether a needed session was not on the pages so far.
func (w *regionWatcher) wantsMore(number uint64) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.feeds) > 0 {
		return true
	}
	for _, entry := range w.watched {
		if entry.listed != number {
			return true
		}
	}
	return false
}

// page gets the next page, shows the sessions on it and returns them.
func (w *regionWatcher) page(
	ctx context.Context,
	pager *runtime.Pager[arr.ListSessionsResponse],
	number uint64,
) ([]arr.Session, error) {
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	asked := w.clock.Now()
	page, err := pager.NextPage(ctx)
	received := time.Now()
	if err != nil {
		return nil, err
	}
	if w.listed != nil {
		w.listed(w.client, page.Sessions)
	}

	w.mu.Lock()
	defer w.mu.Unlock()
	w.answered = true
	for _, session := range page.Sessions {
		if session.ID == "" || session.Status == "" {
			continue // it counts as missing; a lookup requires both
		}
		entry := w.watched[session.ID]
		if entry == nil {
			if len(w.feeds) == 0 {
				continue
			}
			entry = w.want(session.ID)
		}
		entry.listed, entry.lookups, entry.nextLookup = number, 0, 0
		w.show(
			entry,
			observation{
				session:  session,
				sent:     asked.Time(),
				received: received,
				vector:   page.CorrelationVector,
				asked:    asked,
			},
		)
	}
	return page.Sessions, nil
}

// failed records a round that ended in an error. Sessions it did not reach keep their last known
// state.
func (w *regionWatcher) failed(number uint64, failure error) {
	pause := w.retry.Next(arr.RetryAfter(failure))
	w.mu.Lock()
	w.failure, w.notBefore = failure, time.Now().Add(pause)
	temporary := w.temporary(failure)
	if temporary {
		for _, entry := range w.watched {
			if entry.listed != number {
				w.noteFailure(entry, failure)
			}
		}
	} else {
		w.endAll(failure)
	}
	w.mu.Unlock()
	w.log.Warn("listing sessions failed", "endpoint", w.client.Endpoint(),
		"error", failure, "temporary", temporary, "pause", pause)
}

// temporary reports whether a failure is tolerated. An unknown host that has never answered is not.
func (w *regionWatcher) temporary(failure error) bool {
	if w.answered {
		return retryable(failure)
	}
	return arr.IsTransient(failure)
}

// complete records a round that read the list to its end. It returns the sessions to look up
// because the list did not show them. Sessions first needed after its first request are not among
// them: they may be newer than the page that would have shown them.
func (w *regionWatcher) complete(number uint64) (missing []*watched) {
	w.retry.Reset()
	now := time.Now()
	w.mu.Lock()
	recovered := w.failure != nil
	w.failure, w.notBefore = nil, time.Time{}
	for _, entry := range w.watched {
		switch {
		case entry.listed == number || entry.since >= number || entry.looking || now.Before(entry.notBefore):
		case entry.nextLookup > number:
			// It was alive when last looked up, and the next lookup is not due.
			entry.failure, entry.good = nil, now
		default:
			entry.looking = true
			missing = append(missing, entry)
		}
	}
	w.mu.Unlock()
	if recovered {
		w.log.Info("listing sessions works again", "endpoint", w.client.Endpoint())
	}
	return missing
}

// lookUp gets one session, if it is still needed when its turn comes.
func (w *regionWatcher) lookUp(ctx context.Context, entry *watched) {
	select {
	case w.slots <- struct{}{}:
		defer func() { <-w.slots }()
	case <-ctx.Done():
		return
	}
	w.mu.Lock()
	needed := w.watched[entry.id] == entry
	w.mu.Unlock()
	if !needed {
		return
	}
	bounded, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	asked := w.clock.Now()
	answer, err := w.client.Get(bounded, entry.id, nil)
	received := time.Now()
	if ctx.Err() != nil {
		return
	}
	if err != nil && !errors.Is(err, arr.ErrNotFound) {
		w.log.Warn("looking up a session failed",
			"session", entry.id, "endpoint", w.client.Endpoint(), "error", err)
	}
	w.lookedUp(
		entry,
		observation{
			session:  answer.Session,
			sent:     asked.Time(),
			received: received,
			vector:   answer.CorrelationVector,
			asked:    asked,
		},
		err,
	)
}

// lookedUp records the result of a lookup.
func (w *regionWatcher) lookedUp(entry *watched, o observation, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	entry.looking = false
	if w.watched[entry.id] != entry {
		return
	}
	switch {
	case err == nil:
		w.answered = true
		// Lists may lag, so the session may be alive although the list does not show it. With a
		// lookup in every round, the number of requests would grow with the sessions.
		entry.lookups++
		entry.nextLookup = w.rounds + min(uint64(1)<<min(entry.lookups, 16), longestRest)
		w.show(entry, o)
	case w.temporary(err):
		entry.notBefore = time.Now().Add(arr.RetryAfter(err))
		w.noteFailure(entry, err)
	case concernsAll(err):
		w.endAll(err)
	default:
		w.end(entry, err)
		for f := range w.feeds {
			f.note(arr.Session{ID: entry.id}, true)
		}
	}
}

// concernsAll reports whether a lookup failed for a reason that concerns every session.
func concernsAll(failure error) bool {
	if _, refused := errors.AsType[*arr.ServiceError](failure); refused {
		return errors.Is(failure, arr.ErrUnauthorized) || errors.Is(failure, arr.ErrForbidden)
	}
	return !errors.Is(failure, arr.ErrInvalidArgument)
}
