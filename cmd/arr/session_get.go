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
		Use:        "get ID",
		Aliases:    []string{"show"},
		SuggestFor: []string{"view"},
		Short:      "Show a session",
		Long: `Show a session. The service keeps the record of a session for 30 days after its end.

The remaining lease of a Ready session is shown as two bounds, because the service counts whole
minutes and does not say when the session became Ready. With --wait, the command waits until the
session is Ready, and fails if it has ended.`,
		Example:           `  arr session get demo --wait`,
		Args:              takesIDs(1, 1),
		ValidArgsFunction: completeIDs(s, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if wait {
				return waitForAll(cmd, s, args, interval)
			}
			return s.use(cmd, 0, func(ctx context.Context, svc *service) error {
				svc, err := svc.find(ctx, args[0])
				if err != nil {
					return err
				}
				session, err := svc.Get(ctx, args[0], nil)
				if err != nil {
					return err
				}
				return svc.printSession(session.Session, session.CorrelationVector)
			})
		},
	}
	s.addAllRegions(cmd)
	cmd.Flags().BoolVar(&wait, "wait", false, "wait until the session is Ready")
	addInterval(cmd, &interval)
	return cmd
}
