// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/cmd/arr/internal/config"
)

func newUpdateCommand(s *serviceFlags) *cobra.Command {
	var lease time.Duration
	cmd := &cobra.Command{
		SuggestFor: []string{"set", "edit"},
		Use:        "update ID --lease TIME",
		Short:      "Set the length of the lease of a session",
		Long: `Set the length of the lease of a session. It is the total since the session became Ready, not an
addition. A lease can only become longer, up to 23h59m. An ended session cannot be revived.`,
		Example:           `  arr session update demo --lease 2h`,
		Args:              takesIDs(1, 1),
		ValidArgsFunction: completeIDs(s, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if lease == 0 {
				return usagef("give the new length of the lease, such as --lease 2h")
			}
			return s.use(cmd, 0, func(ctx context.Context, svc *service) error {
				svc, err := svc.find(ctx, args[0])
				if err != nil {
					return err
				}
				session, err := svc.Update(
					ctx,
					args[0],
					arr.UpdateSessionSettings{MaxLeaseTime: lease},
					nil,
				)
				if err != nil {
					return err
				}
				return svc.printSession(session.Session, session.CorrelationVector)
			})
		},
	}
	s.addAllRegions(cmd)
	addValue(
		cmd,
		&lease,
		"lease",
		"TIME",
		"",
		"new length of the lease, from Ready on, in whole minutes: 90m, 1h30m, 01:30:00 or 01:30",
		config.ParseLease,
	)
	return cmd
}
