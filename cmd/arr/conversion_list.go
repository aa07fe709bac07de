// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/cmd/arr/internal/show"
)

func newConversionListCommand(s *serviceFlags) *cobra.Command {
	var prefix string
	columns := show.ConversionKind()
	cmd := &cobra.Command{
		Use:     "list",
		Aliases: []string{"ls"},
		Short:   "List the conversions of the account in the region",
		Long: `List the conversions of the last 30 days, in all states, of the account in the region of the endpoint.
Each region has its own list.`,
		Args:              takesNothing,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return s.use(cmd, 0, func(ctx context.Context, svc *service) error {
				var conversions []arr.Conversion
				for conversion, err := range svc.NewConversionsClient().All(ctx, nil) {
					if err != nil {
						return err
					}
					if strings.HasPrefix(conversion.ID, prefix) {
						conversions = append(conversions, conversion)
					}
				}
				return svc.print.Conversions(conversions)
			}, checked(&s.look, columns))
		},
	}
	cmd.Flags().StringVar(&prefix, "prefix", "", "only conversions whose id begins with `TEXT`")
	s.look.addListFlags(cmd, columns.Names())
	return cmd
}
