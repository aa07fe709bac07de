// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	arr "github.com/arr-go/azremoterendering"
)

func newListCommand(s *serviceFlags) *cobra.Command {
	var prefix string
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the sessions of the account in the region",
		Long: `List the sessions of the account in the region of the endpoint. The service lists sessions that are
Starting or Ready. Each region has its own list.`,
		Args:              takesNoIDs,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return s.use(cmd, 0, func(ctx context.Context, svc *service) error {
				var sessions []arr.Session
				for session, err := range svc.All(ctx, nil) {
					if err != nil {
						return err
					}
					if strings.HasPrefix(session.ID, prefix) {
						sessions = append(sessions, session)
					}
				}
				return svc.print.Sessions(sessions)
			})
		},
	}
	cmd.Flags().StringVar(&prefix, "prefix", "", "only sessions whose id begins with `TEXT`")
	return cmd
}
