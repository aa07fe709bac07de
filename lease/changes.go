// SPDX-License-Identifier: MIT

package lease

import (
	"context"
	"fmt"
	"iter"
	"reflect"

	arr "github.com/arr-go/azremoterendering"
)

// Change is what became of a session.
type Change struct {
	// Before is the session as it was in the last change of it. It is the zero Session if there was
	// none.
	Before arr.Session
	// After is the session as it is now. If it is listed no more and the service refuses to tell
	// what became of it, as it does once it has forgotten the session, only the ID is set: Status
	// is empty, for nobody can say how the session ended.
	After arr.Session
}

// Changes returns what becomes of the sessions of the client: first every session that is listed,
// which are those that have not ended, and from then on those that appear, those whose Status,
// MaxLeaseTime, host, ports or Error are other than before, and those that end. A session that has
// ended is yielded once more, as it ended, and never again. Sessions that had ended before are not
// yielded.
//
// A slow consumer misses nothing but the steps in between: the changes of one session become one
// until it is taken, so that no more is kept than one for each session. Several consumers may range
// at once; each gets all changes.
//
// An error is the last thing that is yielded, with a zero Change: that of ctx when it ends,
// [ErrWatcherClosed], or a failure that does not pass, such as [arr.ErrForbidden]. Other failures
// only delay what is yielded. Leaving the loop early costs nothing.
func (w *Watcher) Changes(ctx context.Context) iter.Seq2[Change, error] {
	return func(yield func(Change, error) bool) {
		f := w.openFeed()
		defer w.closeFeed(f)
		for {
			change, more, err := Change{}, false, ctx.Err()
			if err == nil {
				change, more, err = w.take(f)
			}
			switch {
			case err != nil:
				yield(
					Change{},
					fmt.Errorf("lease: watching the sessions at %s: %w", w.client.Endpoint(), err),
				)
				return
			case more:
				if !yield(change, nil) {
					return
				}
			default:
				select {
				case <-f.signal:
				case <-ctx.Done():
				}
			}
		}
	}
}

// changeFeed is a consumer of changes. The watcher's lock guards all but signal.
type changeFeed struct {
	signal chan struct{}
	// the sessions as it was last told of them, without those that have ended
	yielded map[string]arr.Session
	waiting map[string]unread // what it has still to be told
	order   []string          // the keys of waiting, oldest first
	final   error             // what comes after them
}

// unread is the newest of a session that an changeFeed has not been told.
type unread struct {
	session arr.Session
	over    bool // nothing comes after it
}

func (w *Watcher) openFeed() *changeFeed {
	f := &changeFeed{
		signal:  make(chan struct{}, 1),
		yielded: make(map[string]arr.Session),
		waiting: make(map[string]unread),
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

// closeFeed ends an observation. Sessions that only feeds wanted are forgotten with the last of
// them.
func (w *Watcher) closeFeed(f *changeFeed) {
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

// note keeps what was seen of a session for an changeFeed, if it is worth telling. The lock is held.
func (f *changeFeed) note(session arr.Session, over bool) {
	before, known := f.yielded[session.ID]
	_, queued := f.waiting[session.ID]
	switch {
	case over && !known && !queued:
		return // it began and ended untold
	case queued:
	case known && !over && !differ(before, session):
		return
	default:
		f.order = append(f.order, session.ID)
	}
	f.waiting[session.ID] = unread{session, over}
	notify(f.signal)
}

// take takes the oldest change from what waits for an changeFeed. If nothing waits it returns false,
// or the error that comes last.
func (w *Watcher) take(f *changeFeed) (Change, bool, error) {
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
			return Change{Before: before, After: after.session}, true, nil
		}
	}
	return Change{}, false, f.final
}

// differ reports whether a session changed in a way that is worth telling. Elapsed minutes always
// change.
func differ(a, b arr.Session) bool {
	return a.Status != b.Status || a.MaxLeaseTime != b.MaxLeaseTime || a.Hostname != b.Hostname ||
		a.HandshakePort != b.HandshakePort || a.ArrInspectorPort != b.ArrInspectorPort || !reflect.DeepEqual(a.Error, b.Error)
}
