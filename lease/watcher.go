// SPDX-License-Identifier: MIT

package lease

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/internal/wait"
)

const (
	watchInterval     = 5 * time.Second
	watchIdleInterval = 30 * time.Second
)

// ErrWatcherClosed means that [Watcher.Close] was called, so the session is no longer observed. It
// does not affect the session.
var ErrWatcherClosed = errors.New("the watcher is closed")

// WatcherOptions are the optional settings of a [Watcher]. The zero value means the defaults.
type WatcherOptions struct {
	// Interval is the time from one listing to the next while a session is awaited. Ready is
	// noticed this much later at most. The default, 0, means 5 seconds.
	Interval time.Duration

	// IdleInterval is the same while sessions are only observed. It is at least Interval. The
	// default, 0, means 30 seconds.
	IdleInterval time.Duration

	// Logger receives failures to list or look up sessions at level Warn, and recovery at level
	// Info. It also receives at level Warn what [Watcher.Wait] waits for, after half a minute and
	// then every ten minutes. The default, nil, discards them.
	Logger *slog.Logger

	clock wait.Clock // that of the system, except in tests

	// listed, if non-nil, is called with the sessions on each page of a list.
	listed func(*arr.SessionsClient, []arr.Session)
}

// Watcher waits for many sessions and observes them. It lists all sessions of a region instead of
// polling each, so the number of requests grows with the pages of the list and not with the
// sessions. It looks up a session that the list does not show; once, if that has ended. A list may
// have any number of pages. It is given up, and read again later, if a hundred pages in a row show
// no session that other pages have not shown.
//
// Several regions are watched independently: one that fails or hangs delays no other. A region is
// sent no requests while nothing is awaited or observed there, and no session is ever changed.
// Create a Watcher with [NewWatcher] and end it with [Watcher.Close]. It is safe for concurrent
// use.
type Watcher struct {
	regions []*regionWatcher // the preferred one first
}

// NewWatcher returns a watcher of the sessions of an account in one or more regions. It starts one
// goroutine for each region, which [Watcher.Close] ends, and sends no request.
//   - regions is an [*arr.SessionsClient] or an [*arr.RegionsClient]; the clients send all
//     requests, with their own retries
//   - options are optional settings; the zero value means the defaults
//
// Nil clients and negative intervals are [arr.ErrInvalidArgument].
func NewWatcher(regions Regions, options WatcherOptions) (*Watcher, error) {
	clients, err := clientsOf(regions)
	switch {
	case err != nil:
		return nil, err
	case options.Interval < 0:
		return nil, invalid("Interval", options.Interval, "is negative")
	case options.IdleInterval < 0:
		return nil, invalid("IdleInterval", options.IdleInterval, "is negative")
	}
	options.Interval = cmp.Or(options.Interval, watchInterval)
	options.IdleInterval = max(options.Interval, cmp.Or(options.IdleInterval, watchIdleInterval))
	options.Logger = cmp.Or(options.Logger, slog.New(slog.DiscardHandler))
	w := &Watcher{}
	for _, client := range clients {
		w.regions = append(w.regions, newRegionWatcher(client, options))
	}
	return w, nil
}

// Close ends the watcher: every [Watcher.Wait] and [Watcher.Changes] ends with [ErrWatcherClosed],
// now and later. It returns when no request is in flight and no goroutine of the watcher is left.
// It does not affect sessions. It may be called more than once.
func (w *Watcher) Close() {
	for _, region := range w.regions {
		region.close()
	}
	for _, region := range w.regions {
		<-region.done
	}
}

// region returns the watcher of the region of a client, or nil.
func (w *Watcher) region(client *arr.SessionsClient) *regionWatcher {
	for _, region := range w.regions {
		if region.client == client {
			return region
		}
	}
	return nil
}

// watches reports whether the watcher watches the sessions of a client.
func (w *Watcher) watches(client *arr.SessionsClient) bool { return w.region(client) != nil }

// Wait returns a session as soon as it is Ready, with the client of its region. It looks for the
// session in all regions. Once one shows it alive, only that region counts.
//   - ctx ends the waiting, not the session; the error wraps the error of ctx and tells how the
//     session was last seen
//   - sessionID is the id of the session
//
// If the session has ended, the error is an [*arr.SessionEndedError], with [ErrStopped] or
// [ErrExpired] where they apply. If no region knows it, the error is [arr.ErrNotFound]. Temporary
// failures, such as throttling, 5xx and lost connections, are tolerated until there was no good
// answer about the session for five minutes. After that, and for permanent failures at once, the
// error is that of the failed request. If the session may live in one of several regions that have
// failed so, the error joins an [*arr.RegionError] for each of them. After [Watcher.Close] it is
// [ErrWatcherClosed].
func (w *Watcher) Wait(ctx context.Context, sessionID string) (arr.RegionSession, error) {
	log := w.regions[0].log
	defer logWaiting(ctx, log, "waiting for a session to be Ready", func() []any {
		return append([]any{"session", sessionID}, w.seen(sessionID)...)
	})()
	session, err := w.wait(ctx, sessionID)
	if _, interrupted := errors.AsType[*interruptedWait](err); interrupted {
		return session, fmt.Errorf("%w; the session goes on, "+
			"and is billed from Ready until it is stopped or its lease ends", err)
	}
	return session, err
}

// seen returns how a session was last seen, and the last failure to see it, as attributes.
func (w *Watcher) seen(sessionID string) []any {
	status, failure := arr.SessionStatus("never"), error(nil)
	for _, region := range w.regions {
		region.mu.Lock()
		if entry := region.watched[sessionID]; entry != nil {
			status = cmp.Or(entry.status, status)
			failure = cmp.Or(failure, entry.failure)
		}
		region.mu.Unlock()
	}
	attributes := []any{"seen", status}
	if failure != nil {
		attributes = append(attributes, "error", failure)
	}
	return attributes
}

// regionWait is something that a wait in one region has met.
type regionWait struct {
	place   int
	alive   bool // the region has shown the session alive; the result comes later
	session arr.Session
	err     error
}

// wait waits in all regions at once.
func (w *Watcher) wait(ctx context.Context, sessionID string) (arr.RegionSession, error) {
	events := make(chan regionWait, 2*len(w.regions))
	giveUp := make([]context.CancelFunc, len(w.regions))
	var waits sync.WaitGroup
	defer waits.Wait()
	for place, region := range w.regions {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		giveUp[place] = cancel
		waits.Go(func() { region.waitFor(ctx, sessionID, place, events) })
	}
	home := -1 // the region that has shown the session alive
	failures := make([]error, len(w.regions))
	for waiting := len(w.regions); waiting > 0; {
		event := <-events
		switch {
		case event.alive && home < 0:
			home = event.place
			for place, cancel := range giveUp {
				if place != home {
					cancel()
				}
			}
		case event.alive:
		case event.err == nil:
			return arr.RegionSession{Session: event.session, Client: w.client(event.place)}, nil
		default:
			waiting--
			failures[event.place] = event.err
		}
	}
	if home >= 0 {
		return arr.RegionSession{}, failures[home]
	}
	return arr.RegionSession{}, w.nowhere(ctx, failures)
}

// waitFor waits in one region, and tells once that the region has shown the session alive.
func (w *regionWatcher) waitFor(
	ctx context.Context,
	sessionID string,
	place int,
	events chan<- regionWait,
) {
	told := false
	session, err := w.wait(ctx, sessionID, newStatus(), func(o observation) {
		if !told && !o.session.Status.Ended() {
			told = true
			events <- regionWait{place: place, alive: true}
		}
	})
	events <- regionWait{place: place, session: session, err: err}
}

// nowhere returns the error of a wait for a session that no region has shown alive.
func (w *Watcher) nowhere(ctx context.Context, failures []error) error {
	var unknown []error // the failures of regions in which the session may live
	for place, err := range failures {
		if _, ended := errors.AsType[*arr.SessionEndedError](err); ended {
			return err
		}
		if !errors.Is(err, arr.ErrNotFound) {
			unknown = append(unknown,
				&arr.RegionError{Endpoint: w.client(place).Endpoint(), Err: err})
		}
	}
	first := failures[0]
	switch {
	case len(failures) == 1, len(unknown) == 0, ctx.Err() != nil,
		errors.Is(first, arr.ErrInvalidArgument), errors.Is(first, ErrWatcherClosed):
		return first
	default:
		return errors.Join(unknown...)
	}
}

func (w *Watcher) client(place int) *arr.SessionsClient { return w.regions[place].client }
