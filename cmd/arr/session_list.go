// SPDX-License-Identifier: MIT

package main

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/spf13/cobra"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/cmd/arr/internal/show"
)

func newListCommand(s *serviceFlags) *cobra.Command {
	var filter sessionFilter
	columns := show.SessionKind(false)
	cmd := &cobra.Command{
		Use:        "list",
		Aliases:    []string{"ls"},
		SuggestFor: []string{"ps"},
		Short:      "List the sessions of the account in one region or several",
		Long: `List the sessions of the account. The service lists sessions that are Starting or Ready, and each
region has its own list. The command shows those of the configured endpoint and its fallbacks, of each
--endpoint or --region, or of --all-regions.

If a region cannot be listed, the sessions of the others are shown, and the command fails.`,
		Example: `  arr session list
  arr session list --region westeurope,northeurope
  arr session list --status Ready --sort remaining --columns session,remaining,host
  arr session list --all-regions --output json`,
		Args:              takesNoIDs,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := filter.read(); err != nil {
				return err
			}
			return s.use(cmd, 0, func(ctx context.Context, svc *service) error {
				return list(ctx, svc, &filter)
			}, checked(&s.look, columns))
		},
	}
	s.addAllRegions(cmd)
	filter.addFlags(cmd)
	s.look.addListFlags(cmd, columns.Names())
	return cmd
}

// list shows the sessions of all regions, and returns the failures of those that cannot be listed.
func list(ctx context.Context, svc *service, filter *sessionFilter) error {
	var sessions []arr.RegionSession
	var failures []error
	for session, err := range svc.regions.All(ctx, nil) {
		switch {
		case err != nil:
			failures = append(failures, err)
		case filter.accepts(session.Session):
			sessions = append(sessions, session)
		}
	}
	slices.SortStableFunc(sessions, func(a, b arr.RegionSession) int {
		clients := svc.regions.Clients()
		return cmp.Compare(slices.Index(clients, a.Client), slices.Index(clients, b.Client))
	})
	if len(failures) == 0 || svc.several() && len(sessions) > 0 {
		if err := svc.print.Sessions(sessions); err != nil {
			return err
		}
	}
	if len(failures) == 1 {
		return failures[0]
	}
	return apart(ctx, errors.Join(failures...))
}
