// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"errors"
	"time"

	"github.com/spf13/cobra"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/cmd/arr/internal/failure"
	"github.com/arr-go/azremoterendering/cmd/arr/internal/show"
	"github.com/arr-go/azremoterendering/lease"
)

// watchInterval is the time between two lists of sessions that are watched.
const watchInterval = 10 * time.Second

// sessionWatch shows the sessions of all regions, and their changes until it is interrupted.
type sessionWatch struct {
	svc      *service
	filter   *sessionFilter
	interval time.Duration

	table *show.LiveTable[show.Watched] // of changes, if there is no live table
	live  *liveSessions
	shown map[liveKey]bool // the sessions of which changes are written
}

// watch runs until ctx ends, or the sessions of no region can be listed.
func (w *sessionWatch) watch(ctx context.Context, cmd *cobra.Command, s *serviceFlags) error {
	if !s.isLive(cmd, w.svc) && len(s.look.sort) > 0 {
		return usagef("--sort with --watch is for text on a terminal: " +
			"elsewhere, changes are written in the order in which they are seen")
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	aside := func(write func() error) error { return write() }
	if s.isLive(cmd, w.svc) {
		w.live = newLiveSessions(cmd, w.svc, show.WatchedKind(w.svc.print.Regions, false), cancel)
		defer w.live.Close()
		aside = w.live.Aside
	} else {
		w.table = show.NewLiveTable(w.svc.print, show.WatchedKind(w.svc.print.Regions, true))
		w.shown = make(map[liveKey]bool)
	}
	log := newNotes(cmd, aside)
	watcher, err := lease.NewWatcher(w.svc.regions, lease.WatcherOptions{
		Interval:     w.interval,
		IdleInterval: w.interval,
		Logger:       log,
	})
	if err != nil {
		return err
	}
	defer watcher.Close()
	var failures []error
	for change, err := range watcher.Changes(ctx) {
		if _, ofRegion := errors.AsType[*arr.RegionError](err); ofRegion && w.svc.several() {
			log.Warn("sessions of a region are not watched", "error", err)
		}
		if err != nil {
			failures = append(failures, err)
		} else if err := w.show(change); err != nil {
			return err
		}
	}
	return endOfWatch(ctx, failures)
}

// endOfWatch returns why a watch has ended. Somebody who interrupts it is told nothing.
func endOfWatch(ctx context.Context, failures []error) error {
	cause := context.Cause(ctx)
	if signal, ok := errors.AsType[failure.Signal](cause); ok {
		return &failure.Exit{Code: failure.Code(signal)}
	}
	if cause != nil && !errors.Is(cause, ctx.Err()) {
		return cause // the terminal is gone
	}
	if len(failures) == 1 {
		return failures[0]
	}
	return apart(ctx, errors.Join(failures...))
}

// show shows a change, if the flags choose the session as it is, or as it was.
func (w *sessionWatch) show(change lease.Change) error {
	session := change.After
	if session.Status == "" {
		session = change.Before
		session.Status = show.Gone
	}
	watched := show.Watched{
		SessionResult: show.SessionResult{
			RegionSession: arr.RegionSession{Session: session, Client: change.Client},
		},
		Changed:  time.Now(),
		Previous: change.Before.Status,
	}
	chosen := w.filter.accepts(session)
	if w.live != nil {
		if chosen || w.live.has(change.Client, session.ID) {
			w.live.set(change.Client, watched, !chosen || session.Status.Ended() || session.Status == show.Gone)
		}
		return nil
	}
	key := liveKey{change.Client, session.ID}
	if !chosen && !w.shown[key] {
		return nil
	}
	delete(w.shown, key)
	if chosen && change.After.Status != "" && !session.Status.Ended() {
		w.shown[key] = true
	}
	return w.table.Write(watched)
}
