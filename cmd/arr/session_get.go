// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"
)

func newGetCommand(s *serviceFlags) *cobra.Command {
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
			if wait {
				return waitForAll(cmd, s, args, interval)
			}
			return s.use(cmd, 0, func(ctx context.Context, svc *service) error {
				session, err := svc.Get(ctx, args[0], nil)
				if err != nil {
					return err
				}
				return svc.print.Session(session.Session, session.CorrelationVector)
			})
		},
	}
	cmd.Flags().BoolVar(&wait, "wait", false, "wait until the session is Ready")
	addInterval(cmd, &interval)
	return cmd
}
