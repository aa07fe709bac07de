// SPDX-License-Identifier: MIT

package lease

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"reflect"
	"time"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/internal/wait"
)

// Change is one change of a session.
type Change struct {
	// Client is the client of the region that the session lives in.
	Client *arr.SessionsClient
	// Before is the session after its previous change. It is the zero Session if there was none.
	Before arr.Session
	// After is the session now. If the session is gone from the list and the service does not
	// return it either, for instance because it has forgotten it, only ID is set: Status is empty,
	// because how the session ended is unknown.
	After arr.Session
}

// Changes returns the changes of the sessions in all regions. It yields every session that is
// listed, and from then on each session that appears, that ends, or whose Status, MaxLeaseTime,
// host, ports or Error changes. The list holds sessions that have not ended. A session that ends is
// yielded a last time. Sessions that had ended before are not yielded.
//   - ctx ends the changes
//
// For a slow consumer, several changes of one session are merged into one, so at most one change
// for each session is kept. Several consumers may range at the same time; each gets all changes.
//
// An error comes with a zero Change. It comes last if it is the error of ctx or [ErrWatcherClosed].
// A permanent failure of a region, such as [arr.ErrForbidden], is an [*arr.RegionError], and the
// last that comes from this region; the changes of others go on. Temporary failures only delay the
// changes. The loop may be left at any time.
func (w *Watcher) Changes(ctx context.Context) iter.Seq2[Change, error] {
	return func(yield func(Change, error) bool) {
		signal := make(chan struct{}, 1)
		feeds := make(map[*regionWatcher]*changeFeed, len(w.regions))
		for _, region := range w.regions {
			feeds[region] = region.openFeed(signal)
			defer region.closeFeed(feeds[region])
		}
		for len(feeds) > 0 {
			idle := true
			for _, region := range w.regions {
				if feeds[region] == nil || ctx.Err() != nil {
					continue
				}
				change, more, err := region.take(feeds[region])
				if err != nil {
					delete(feeds, region)
				}
				if more || err != nil {
					idle = false
					last := errors.Is(err, ErrWatcherClosed)
					if !yield(change, region.watching(err)) || last {
						return
					}
				}
			}
			switch {
			case ctx.Err() != nil:
				yield(Change{}, fmt.Errorf("watching the sessions: %w", ctx.Err()))
				return
			case idle && len(feeds) > 0:
				select {
				case <-signal:
				case <-ctx.Done():
				}
			}
		}
	}
}

// watching returns the error of [Watcher.Changes] for a failure in this region, or nil.
func (w *regionWatcher) watching(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, ErrWatcherClosed):
		return fmt.Errorf("watching the sessions: %w", err)
	default:
		endpoint := w.client.Endpoint()
		return fmt.Errorf("watching the sessions at %s: %w",
			endpoint, &arr.RegionError{Endpoint: endpoint, Err: err})
	}
}

// changeFeed has the changes in one region for one consumer. The watcher's lock guards its fields,
// except signal, which is constant.
type changeFeed struct {
	signal  chan struct{}          // of all feeds of one consumer
	yielded map[string]arr.Session // the sessions as last yielded, without ended ones
	waiting map[string]unread      // changes not yielded yet
	order   []string               // the keys of waiting, oldest first
	over    map[string]end         // the sessions that ended recently
	final   error                  // comes after them
}

// end is the end of a session. A list may lag behind, and show the session again.
type end struct {
	created time.Time // tells the session from a later one with its id
	seen    time.Time
}

// unread is the newest state of a session that a change feed has not yielded.
type unread struct {
	session arr.Session
	over    bool // the session has ended
}

func (w *regionWatcher) openFeed(signal chan struct{}) *changeFeed {
	f := &changeFeed{
		signal:  signal,
		yielded: make(map[string]arr.Session),
		waiting: make(map[string]unread),
		over:    make(map[string]end),
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		f.final = ErrWatcherClosed
		return f
	}
	w.feeds[f] = struct{}{}
	w.fresh = true
	notify(w.wake)
	return f
}

// closeFeed removes a change feed, and with the last one the sessions that only feeds need.
func (w *regionWatcher) closeFeed(f *changeFeed) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.feeds, f)
	if len(w.feeds) > 0 {
		return
	}
	for _, entry := range w.watched {
		w.tidy(entry)
	}
}

// note queues the state of a session, if it has changed. The lock is held.
func (f *changeFeed) note(session arr.Session, over bool) {
	before, known := f.yielded[session.ID]
	_, queued := f.waiting[session.ID]
	ended, wasOver := f.over[session.ID]
	if over {
		f.noteEnd(session)
	}
	switch {
	case !over && wasOver && ended.created.Equal(session.CreationTime):
		return // the answer is older than it seems
	case over && !known && !queued:
		return // it began and ended without being yielded
	case queued:
	case known && !over && !differ(before, session):
		return
	default:
		f.order = append(f.order, session.ID)
	}
	f.waiting[session.ID] = unread{session, over}
	notify(f.signal)
}

// noteEnd remembers the end of a session for a while.
func (f *changeFeed) noteEnd(session arr.Session) {
	now := time.Now()
	maps.DeleteFunc(f.over, func(_ string, e end) bool { return now.Sub(e.seen) > wait.Patience })
	f.over[session.ID] = end{session.CreationTime, now}
}

// take removes the oldest queued change. If there is none it returns false, or the final error.
func (w *regionWatcher) take(f *changeFeed) (Change, bool, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for len(f.order) > 0 {
		id := f.order[0]
		f.order = f.order[1:]
		after := f.waiting[id]
		delete(f.waiting, id)
		before, known := f.yielded[id]
		if after.over {
			delete(f.yielded, id)
		} else {
			f.yielded[id] = after.session
		}
		if !known || after.over || differ(before, after.session) {
			return Change{Client: w.client, Before: before, After: after.session}, true, nil
		}
	}
	return Change{}, false, f.final
}

// differ reports whether a session has changed. Elapsed minutes, which always change, do not count.
func differ(a, b arr.Session) bool {
	return a.Status != b.Status || a.MaxLeaseTime != b.MaxLeaseTime || a.Hostname != b.Hostname ||
		a.HandshakePort != b.HandshakePort || a.ArrInspectorPort != b.ArrInspectorPort ||
		!reflect.DeepEqual(a.Error, b.Error)
}
