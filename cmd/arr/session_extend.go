// SPDX-License-Identifier: MIT

package main

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/spf13/cobra"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/lease"
)

func newExtendCommand(s *serviceFlags) *cobra.Command {
	var by, atLeast time.Duration
	cmd := &cobra.Command{
		Use:   "extend ID --by TIME | --at-least TIME",
		Short: "Extend the lease of a session",
		Long: `Extend the lease of a session: by some time, or so far that some time is surely left ` +
			`of it. "session update" sets
the total since Ready instead.

--at-least can be repeated at will: what is left already counts, and a lease that is long enough stays as it is.
--by adds to the lease every time. A lease grows to at most 23h59m since Ready; --at-least extends it that far and
fails if that is not enough. That a session has ended is exit code 5: nothing revives it.`,
		Example: `  arr session extend demo --by 30m
  arr session extend demo --at-least 1h         before a presentation`,
		Args:              takesIDs(1, 1),
		ValidArgsFunction: completeIDs(s, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if (by == 0) == (atLeast == 0) {
				return usagef(
					"give either --by, such as --by 30m, or --at-least, such as --at-least 1h",
				)
			}
			return s.use(cmd, 0, func(ctx context.Context, svc *service) error {
				if by > 0 {
					return svc.extendBy(ctx, args[0], by)
				}
				session, err := lease.Extend(ctx, svc.SessionsClient, args[0], atLeast)
				if errors.Is(err, arr.ErrLeaseNotExtended) && !session.Status.Ended() {
					// It was extended as far as it can be, which is not far enough.
					return cmp.Or(svc.print.Session(session, ""), err)
				}
				if err != nil {
					return err
				}
				return svc.print.Session(session, "")
			})
		},
	}
	addValue(
		cmd,
		&by,
		"by",
		"TIME",
		"",
		"how much longer the lease is to be, in whole minutes: 90m, 1h30m, 01:30:00 or 01:30",
		parseSpan,
	)
	addValue(
		cmd,
		&atLeast,
		"at-least",
		"TIME",
		"",
		"how much of the lease is to be left at least, in whole minutes",
		parseSpan,
	)
	return cmd
}

// extendBy adds to a lease. The service takes totals only.
func (svc *service) extendBy(ctx context.Context, id string, by time.Duration) error {
	before, err := svc.Get(ctx, id, nil)
	if err != nil {
		return err
	}
	if before.Status.Ended() {
		return &arr.SessionEndedError{
			Session:           before.Session,
			CorrelationVector: before.CorrelationVector,
		}
	}
	after, err := svc.Update(
		ctx,
		id,
		arr.UpdateSessionSettings{MaxLeaseTime: before.MaxLeaseTime + by},
		nil,
	)
	if err != nil {
		return err
	}
	return svc.print.Session(after.Session, after.CorrelationVector)
}
