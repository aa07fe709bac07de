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
		SuggestFor: []string{"renew", "prolong"},
		Use:        "extend ID --by TIME | --at-least TIME",
		Short:      "Extend the lease of a session",
		Long: `Extend the lease of a session: by some time, or so that at least some time is left. To set the total
since Ready, use "session update".

--at-least can be repeated: if enough of the lease is left, the lease stays as it is. --by adds to
the lease every time. A lease grows to at most 23h59m since Ready. If that is not enough, --at-least
extends the lease that far and fails. If the session has ended, the exit code is 5.`,
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
				svc, err := svc.find(ctx, args[0])
				switch {
				case err != nil:
					return err
				case by > 0:
					return svc.extendBy(ctx, args[0], by)
				}
				return svc.extendToLeave(ctx, args[0], atLeast)
			})
		},
	}
	s.addAllRegions(cmd)
	addValue(
		cmd,
		&by,
		"by",
		"TIME",
		"",
		"time to add to the lease, in whole minutes: 90m, 1h30m, 01:30:00 or 01:30",
		parseSpan,
	)
	addValue(
		cmd,
		&atLeast,
		"at-least",
		"TIME",
		"",
		"time that must be left of the lease, in whole minutes",
		parseSpan,
	)
	return cmd
}

// extendToLeave extends the lease so that at least some time is left.
func (svc *service) extendToLeave(ctx context.Context, id string, atLeast time.Duration) error {
	session, err := lease.Extend(ctx, svc.SessionsClient, id, atLeast)
	if errors.Is(err, arr.ErrLeaseNotExtended) && !session.Status.Ended() {
		// It was extended as far as it can be, which is not far enough.
		return cmp.Or(svc.printSession(session, ""), err)
	}
	if err != nil {
		return err
	}
	return svc.printSession(session, "")
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
	return svc.printSession(after.Session, after.CorrelationVector)
}
