// SPDX-License-Identifier: MIT

package lease

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"

	arr "github.com/arr-go/azremoterendering"
)

const (
	// answerTimeout bounds one page and one lookup, retries of the client included: an answer that
	// hangs must not hang the round.
	answerTimeout = time.Minute
	// lookupsAtOnce is how many lookups run at the same time.
	lookupsAtOnce = 8
	// longestRest is how many rounds at most lie between two lookups of a session that lives but is
	// not listed.
	longestRest = 32
	// mostPages ends a list that has no end.
	mostPages = 1000
)

// round looks at all sessions once. It returns when the list is read; the lookups of sessions that
// are missing from it go on beside the next rounds, so that one that hangs delays nobody else.
func (w *Watcher) round(ctx context.Context, start time.Time) {
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

// begin counts a round. It need not show the sessions that come to be wanted from now on.
func (w *Watcher) begin(start time.Time) uint64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.rounds++
	w.started, w.fresh = start, false
	return w.rounds
}

// list reads the list until all that is wanted is found. Each page is shown as it comes, for a
// failure of a later one takes nothing from it.
func (w *Watcher) list(ctx context.Context, number uint64) error {
	pages := 0
	for pager := w.client.NewListPager(nil); pager.More() && (pages == 0 || w.wantsMore(number)); {
		if pages++; pages > mostPages {
			return fmt.Errorf(
				"the list of sessions at %s has more than %d pages",
				w.client.Endpoint(),
				mostPages,
			)
		}
		if err := w.page(ctx, pager, number); err != nil {
			return err
		}
	}
	return nil
}

// wantsMore reports whether a round is to go on: a wanted session was not on the pages so far.
func (w *Watcher) wantsMore(number uint64) bool {
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

// page gets the next page and shows what is on it.
func (w *Watcher) page(
	ctx context.Context,
	pager *runtime.Pager[arr.ListSessionsResponse],
	number uint64,
) error {
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	sent := time.Now()
	page, err := pager.NextPage(ctx)
	received := time.Now()
	if err != nil {
		return err
	}

	w.mu.Lock()
	defer w.mu.Unlock()
	w.answered = true
	for _, session := range page.Sessions {
		if session.ID == "" || session.Status == "" {
			continue // as if it were missing: a lookup insists on both
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
				sent:     sent,
				received: received,
				vector:   page.CorrelationVector,
			},
		)
	}
	return nil
}

// failed takes a round that a failure interrupted into account. It proves nothing about the
// sessions that it has not shown.
func (w *Watcher) failed(number uint64, failure error) {
	pause := w.retry.Next(arr.RetryAfter(failure))
	w.mu.Lock()
	w.failure, w.notBefore = failure, time.Now().Add(pause)
	passes := w.passes(failure)
	if passes {
		for _, entry := range w.watched {
			if entry.listed != number {
				w.hinder(entry, failure)
			}
		}
	} else {
		w.endAll(failure)
	}
	w.mu.Unlock()
	w.log.Warn("listing sessions failed", "error", failure, "passing", passes, "pause", pause)
}

// passes reports whether a failure is borne. A host that has never answered may not exist.
func (w *Watcher) passes(failure error) bool {
	if w.answered {
		return retryable(failure)
	}
	return arr.IsTransient(failure)
}

// complete takes a complete round into account, and returns the sessions that are to be looked up
// because they were missing from it. Those that came to be wanted after its first request are not:
// they may be younger than the page that would have shown them.
func (w *Watcher) complete(number uint64) (missing []*watched) {
	w.retry.Reset()
	now := time.Now()
	w.mu.Lock()
	again := w.failure != nil
	w.failure, w.notBefore = nil, time.Time{}
	for _, entry := range w.watched {
		switch {
		case entry.listed == number || entry.since >= number || entry.looking || now.Before(entry.notBefore):
		case entry.nextLookup > number:
			// all is well: it was alive, and it is not yet time to ask again
			entry.failure, entry.good = nil, now
		default:
			entry.looking = true
			missing = append(missing, entry)
		}
	}
	w.mu.Unlock()
	if again {
		w.log.Info("listing sessions works again")
	}
	return missing
}

// lookUp asks for one session, if somebody still wants to know about it when its turn comes.
func (w *Watcher) lookUp(ctx context.Context, entry *watched) {
	select {
	case w.slots <- struct{}{}:
		defer func() { <-w.slots }()
	case <-ctx.Done():
		return
	}
	w.mu.Lock()
	wanted := w.watched[entry.id] == entry
	w.mu.Unlock()
	if !wanted {
		return
	}
	bounded, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	sent := time.Now()
	answer, err := w.client.Get(bounded, entry.id, nil)
	received := time.Now()
	if ctx.Err() != nil {
		return
	}
	if err != nil && !errors.Is(err, arr.ErrNotFound) {
		w.log.Warn("looking up a session failed", "session", entry.id, "error", err)
	}
	w.lookedUp(
		entry,
		observation{
			session:  answer.Session,
			sent:     sent,
			received: received,
			vector:   answer.CorrelationVector,
		},
		err,
	)
}

// lookedUp takes the outcome of a lookup into account.
func (w *Watcher) lookedUp(entry *watched, o observation, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	entry.looking = false
	if w.watched[entry.id] != entry {
		return
	}
	switch {
	case err == nil:
		w.answered = true
		// It lives, or did until now, although the list does not show it: lists may lag. Asking in
		// every round would make the requests grow with the sessions.
		entry.lookups++
		entry.nextLookup = w.rounds + min(uint64(1)<<min(entry.lookups, 16), longestRest)
		w.show(entry, o)
	case w.passes(err):
		entry.notBefore = time.Now().Add(arr.RetryAfter(err))
		w.hinder(entry, err)
	case concernsAll(err):
		w.endAll(err)
	default:
		w.end(entry, err)
		for f := range w.feeds {
			f.note(arr.Session{ID: entry.id}, true)
		}
	}
}

// concernsAll reports whether a lookup failed for a reason that has nothing to do with the session.
func concernsAll(failure error) bool {
	if _, refused := errors.AsType[*arr.ServiceError](failure); refused {
		return errors.Is(failure, arr.ErrUnauthorized) || errors.Is(failure, arr.ErrForbidden)
	}
	return !errors.Is(failure, arr.ErrInvalidArgument)
}
