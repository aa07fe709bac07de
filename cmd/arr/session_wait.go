// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"errors"
	"time"

	"github.com/spf13/cobra"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/cmd/arr/internal/show"
)

func newWaitCommand(s *serviceFlags) *cobra.Command {
	var interval time.Duration
	cmd := &cobra.Command{
		Use:   "wait ID...",
		Short: "Wait until sessions are Ready",
		Long: `Wait until sessions are Ready, and show each one as soon as it is. If a session has ended, in
whatever state, the exit code is 5. Interrupting this command does not change the sessions.`,
		Example:           `  arr session wait demo`,
		Args:              takesIDs(1, -1),
		ValidArgsFunction: completeIDs(s, -1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return waitForAll(cmd, s, args, interval)
		},
	}
	s.addAllRegions(cmd)
	addInterval(cmd, &interval)
	return cmd
}

// waitForAll waits until all sessions are Ready.
func waitForAll(cmd *cobra.Command, s *serviceFlags, ids []string, interval time.Duration) error {
	return s.use(cmd, usualWait, func(ctx context.Context, svc *service) error {
		progress := s.progress(cmd)
		defer progress.Close()
		options := arr.PollUntilDoneOptions{Frequency: interval}
		return forEach(ctx, ids, func(ctx context.Context, id string) error {
			svc, err := svc.find(ctx, id)
			if err != nil {
				return err
			}
			return awaitReady(ctx, svc, id, progress, options)
		})
	})
}

// awaitReady waits for a session that exists to be Ready, and prints it: also when it has ended,
// which is an error.
func awaitReady(
	ctx context.Context,
	svc *service,
	id string,
	progress *show.Progress,
	options arr.PollUntilDoneOptions,
) error {
	poller, err := svc.BeginWait(ctx, id, nil)
	if err != nil {
		return err
	}
	options.Progress = progress.Saw
	ready, err := poller.PollUntilDone(ctx, &options)
	if err == nil {
		return progress.Aside(
			func() error { return svc.printSession(ready.Session, ready.CorrelationVector) },
		)
	}
	return printEnded(svc, progress, err)
}

// printEnded prints the session that an error is about, if it has ended: why is part of it.
func printEnded(svc *service, progress *show.Progress, err error) error {
	ended, ok := asEnded(err)
	if !ok {
		return err
	}
	progress.Saw(ended.Session)
	if svc.print.Format() == show.Name {
		return err // the ids there are those of sessions that are Ready
	}
	printing := progress.Aside(
		func() error { return svc.printSession(ended.Session, ended.CorrelationVector) },
	)
	if printing != nil {
		return printing
	}
	return err
}

// asEnded returns the session that an error says has ended.
func asEnded(err error) (*arr.SessionEndedError, bool) {
	return errors.AsType[*arr.SessionEndedError](err)
}
