// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/spf13/cobra"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/cmd/arr/internal/live"
	"github.com/arr-go/azremoterendering/cmd/arr/internal/show"
)

// linger is how long a session stays in the table after it has ended.
const linger = 10 * time.Second

// liveSessions is a table of sessions on a terminal that is drawn again and again. The time that is
// left of leases counts down.
type liveSessions struct {
	*live.Screen
	table *show.LiveTable[show.Watched]
	next  func(s arr.Session, sinceSeen time.Duration) string

	mu      sync.Mutex
	rows    map[liveKey]*liveRow
	shown   []*liveRow // in the order of the table
	changed bool       // shown is no longer in order
}

// liveKey is what sessions of several regions differ in.
type liveKey struct {
	client *arr.SessionsClient
	id     string
}

// liveRow is a session in the table.
type liveRow struct {
	key     liveKey
	session show.Watched
	seen    time.Time
	leaves  time.Time // when it is removed; zero while it stays
}

// isLive reports whether a command shows its results as a table that is drawn again and again.
func (s *serviceFlags) isLive(cmd *cobra.Command, svc *service) bool {
	return svc.print.Draws() && !s.quiet && requestLog(cmd) == nil
}

// newLiveSessions starts to draw a table. If the terminal is gone, it ends the context of the
// command by cancel.
func newLiveSessions(
	cmd *cobra.Command,
	svc *service,
	kind *show.Kind[show.Watched],
	cancel context.CancelCauseFunc,
) *liveSessions {
	l := &liveSessions{
		table: show.NewLiveTable(svc.print, kind),
		rows:  make(map[liveKey]*liveRow),
	}
	out := cmd.OutOrStdout()
	l.Screen = live.Start(out, func() (int, int) { return show.Size(out) }, l.frame, cancel)
	return l
}

// set shows a session. If it leaves, it lingers for a while.
func (l *liveSessions) set(client *arr.SessionsClient, session show.Watched, leaves bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	key := liveKey{client, session.ID}
	row := l.rows[key]
	if row == nil {
		row = &liveRow{key: key}
		l.rows[key] = row
		l.shown = append(l.shown, row)
	}
	row.session, row.seen, row.leaves = session, time.Now(), time.Time{}
	if leaves {
		row.leaves = row.seen.Add(linger)
	}
	l.changed = true
}

// has reports whether a session is in the table.
func (l *liveSessions) has(client *arr.SessionsClient, id string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.rows[liveKey{client, id}] != nil
}

// frame returns the lines of the table: as many as fit, and how many do not.
func (l *liveSessions) frame(columns, rows int) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	l.shown = slices.DeleteFunc(l.shown, func(row *liveRow) bool {
		gone := !row.leaves.IsZero() && !now.Before(row.leaves)
		if gone {
			delete(l.rows, row.key)
		}
		return gone
	})
	if len(l.shown) == 0 {
		return []string{"Watching for sessions."} // whether there are none is not known
	}
	if l.changed && l.table.Sorted() {
		l.sort(now)
	}
	l.changed = false
	room := rows - 1 // without the heading
	if len(l.shown) > room {
		room-- // for the number of those that do not fit
	}
	room = min(max(1, room), len(l.shown))
	visible := make([]show.Watched, room)
	for i, row := range l.shown[:room] {
		since := now.Sub(row.seen)
		visible[i] = row.session.Aged(since)
		if l.next != nil {
			visible[i].Next = l.next(row.session.Session, since)
		}
	}
	lines := l.table.Lines(visible, columns)
	if more := len(l.shown) - room; more > 0 {
		lines = append(lines, "… and "+thousands(more)+" more")
	}
	return lines
}

// sort puts the sessions in the order that was asked for.
func (l *liveSessions) sort(now time.Time) {
	slices.SortStableFunc(l.shown, func(a, b *liveRow) int {
		return l.table.Compare(a.session.Aged(now.Sub(a.seen)), b.session.Aged(now.Sub(b.seen)))
	})
}

// thousands writes a number with a comma between thousands.
func thousands(n int) string {
	if n < 1000 {
		return strconv.Itoa(n)
	}
	return fmt.Sprintf("%s,%03d", thousands(n/1000), n%1000)
}
