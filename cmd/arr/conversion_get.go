// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"
)

func newConversionGetCommand(s *serviceFlags) *cobra.Command {
	var wait bool
	var interval time.Duration
	cmd := &cobra.Command{
		Use:        "get ID",
		Aliases:    []string{"show"},
		SuggestFor: []string{"view"},
		Short:      "Show a conversion",
		Long: `Show a conversion. The service keeps conversions for 30 days. With --wait, the command waits until the
conversion has ended, and fails if it has not succeeded.`,
		Example:           `  arr conversion get pavilion`,
		Args:              takesConversionIDs(1, 1),
		ValidArgsFunction: completeConversionIDs(s, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if wait {
				return waitForConversions(cmd, s, args, interval)
			}
			return s.use(cmd, 0, func(ctx context.Context, svc *service) error {
				conversion, err := svc.NewConversionsClient().Get(ctx, args[0], nil)
				if err != nil {
					return err
				}
				return svc.print.Conversion(conversion.Conversion, conversion.CorrelationVector)
			})
		},
	}
	cmd.Flags().BoolVar(&wait, "wait", false, "wait until the conversion has ended")
	addConversionInterval(cmd, &interval)
	return cmd
}
