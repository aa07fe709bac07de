// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	arr "github.com/arr-go/azremoterendering"
)

func newGetCommand(s *settings) *cobra.Command {
	var wait bool
	var interval time.Duration
	cmd := &cobra.Command{
		Use:   "get ID",
		Short: "Show a session",
		Long: `Show what the service knows of a session, for 30 days after its end too.

What is left of a lease is shown as two bounds: the service counts whole minutes and does not say when the
session became Ready. With --wait the command waits until the session is Ready; that it has ended is then an
error.`,
		Args:              takesIDs(1, 1),
		ValidArgsFunction: completeIDs(s, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			svc, err := s.open(cmd)
			if err != nil {
				return err
			}
			defer svc.close()
			if wait {
				return waitForAll(cmd, s, svc, args, interval)
			}
			ctx, cancel := s.bounded(cmd.Context(), 0)
			defer cancel()
			session, err := svc.Get(ctx, args[0], nil)
			if err != nil {
				return err
			}
			return svc.print.Session(session.Session, session.CorrelationVector)
		},
	}
	cmd.Flags().BoolVar(&wait, "wait", false, "wait until the session is Ready")
	addInterval(cmd, &interval)
	return cmd
}

func newWaitCommand(s *settings) *cobra.Command {
	var interval time.Duration
	cmd := &cobra.Command{
		Use:   "wait ID...",
		Short: "Wait until sessions are Ready",
		Long: `Wait until sessions are Ready, and show each as soon as it is. A session that has ended, in whatever state, will
never be Ready: that is exit code 5. Interrupting this command changes nothing about the sessions.`,
		Args:              takesIDs(1, -1),
		ValidArgsFunction: completeIDs(s, -1),
		RunE: func(cmd *cobra.Command, args []string) error {
			svc, err := s.open(cmd)
			if err != nil {
				return err
			}
			defer svc.close()
			return waitForAll(cmd, s, svc, args, interval)
		},
	}
	addInterval(cmd, &interval)
	return cmd
}

// waitForAll waits until all sessions are Ready.
func waitForAll(
	cmd *cobra.Command,
	s *settings,
	svc *service,
	ids []string,
	interval time.Duration,
) error {
	ctx, cancel := s.bounded(cmd.Context(), usualWait)
	defer cancel()
	progress := s.progress(cmd)
	defer progress.Close()
	return forEach(ctx, ids, func(ctx context.Context, id string) error {
		return awaitReady(ctx, svc, id, progress, arr.PollUntilDoneOptions{Frequency: interval})
	})
}
