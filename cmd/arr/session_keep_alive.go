// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/cmd/arr/internal/failure"
	"github.com/arr-go/azremoterendering/cmd/arr/internal/show"
	"github.com/arr-go/azremoterendering/lease"
)

func newKeepAliveCommand(s *serviceFlags) *cobra.Command {
	k := &keepAliveFlags{}
	cmd := &cobra.Command{
		Use:   "keep-alive ID...",
		Short: "Extend the lease of sessions for as long as this command runs",
		Long: `Extend the lease of sessions for as long as this command runs, and show each extension. With the
defaults, a lease is extended by 20 minutes when 10 minutes are left. After this command ends, a
session is billed for at most 30 more minutes, unless you stop it.

The command ends when the sessions have ended, with exit code 5, or when you interrupt it. AFTER AN
INTERRUPT THE SESSIONS CONTINUE until their leases end. Stop them with "session stop". Outages of the
service are tolerated for as long as the lease lasts. Several sessions share one list request.`,
		Example: `  arr session keep-alive demo
  arr session keep-alive demo --max-lease 4h            never longer than that
  arr session keep-alive demo --step 5m --threshold 5m  costs less if forgotten, sends more requests`,
		Args:              takesIDs(1, -1),
		ValidArgsFunction: completeIDs(s, -1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return s.use(cmd, 0, func(ctx context.Context, svc *service) error {
				return k.run(ctx, cmd, s, svc, args)
			})
		},
	}
	cmd.Flags().SortFlags = false
	s.addAllRegions(cmd)
	k.addFlags(cmd)
	return cmd
}

// run keeps all sessions until they or the command end.
func (k *keepAliveFlags) run(
	ctx context.Context,
	cmd *cobra.Command,
	s *serviceFlags,
	svc *service,
	ids []string,
) error {
	progress := s.progress(cmd)
	defer progress.Close()
	options := lease.KeepAliveOptions{
		Step:         k.step,
		Threshold:    k.threshold,
		MaxLeaseTime: k.maxLease,
		LookEvery:    k.lookEvery(),
		Logger:       newNotes(cmd, progress.Aside),
	}
	if len(ids) > 1 {
		watcher, err := lease.NewWatcher(
			svc.regions,
			lease.WatcherOptions{Interval: k.checkInterval, IdleInterval: k.lookEvery()},
		)
		if err != nil {
			return err
		}
		defer watcher.Close()
		options.Watcher = watcher
	}
	return forEachOf(ctx, ids, len(ids), func(ctx context.Context, id string) error {
		svc, err := svc.find(ctx, id)
		if err != nil {
			return err
		}
		err = keepAlive(ctx, svc, id, progress, options)
		if _, shown := asEnded(err); !shown && ctx.Err() == nil && len(ids) > 1 {
			// The error itself is reported at the end, and the others may be kept for hours.
			options.Logger.Warn("session is not kept alive", "session", id, "error", err)
		}
		return err
	})
}

// keepAlive keeps one session. It always returns an error, which says why it is kept no longer.
func keepAlive(
	ctx context.Context,
	svc *service,
	id string,
	progress *show.Progress,
	options lease.KeepAliveOptions,
) error {
	var total time.Duration
	var printing error
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	options.Progress = func(session arr.Session) {
		progress.Saw(session)
		if total > 0 && session.MaxLeaseTime > total && !session.Status.Ended() && printing == nil {
			printing = progress.Aside(func() error { return svc.printExtended(session) })
			if printing != nil {
				cancel(printing) // nobody reads the output of this command
			}
		}
		total = max(total, session.MaxLeaseTime)
	}
	err := lease.KeepAlive(ctx, svc.SessionsClient, id, options)
	if _, ended := asEnded(err); ended {
		return printEnded(svc, progress, err)
	}
	if ctx.Err() != nil {
		return &failure.Advised{Err: err, Advice: svc.goesOn(id, "")}
	}
	return inKeepAliveFlags(err)
}

// goesOn returns the notice about a session that is left running. If endpoint is empty, it is that
// of the settings.
func (svc *service) goesOn(id, endpoint string) string {
	return fmt.Sprintf(
		"Session %s goes on, and is billed until its lease ends. Stop it: %s",
		id,
		stopLine(id, svc.flags(endpoint)),
	)
}

// printExtended shows a session whose lease was extended. With --quiet it writes nothing, because
// the id is known.
func (svc *service) printExtended(session arr.Session) error {
	switch {
	case svc.print.Format() == show.Name:
		return nil
	case !svc.print.ForPeople():
		return svc.printSession(session, "")
	default:
		return svc.print.Line(
			fmt.Sprintf(
				"The lease of session %s is now %s, of which %s is left.",
				session.ID,
				show.Span(session.MaxLeaseTime),
				show.Remaining(session),
			),
		)
	}
}
