// SPDX-License-Identifier: MIT

package main

import (
	"context"

	"github.com/spf13/cobra"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/internal/naming"
)

// takesConversionIDs makes the check for the ids that a command takes.
func takesConversionIDs(least, most int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) < least:
			return usagef("give the id of the conversion: %s", cmd.UseLine())
		case most >= 0 && len(args) > most:
			return usagef("%d arguments are too many: %s", len(args), cmd.UseLine())
		}
		for _, id := range args {
			if err := checkConversionID(id); err != nil {
				return err
			}
		}
		return nil
	}
}

// checkConversionID rejects an invalid conversion id. A SAS that was put in its place is not shown.
func checkConversionID(id string) error {
	if reason := naming.CheckID(id); reason != "" {
		return usagef("the conversion id %s", reason)
	}
	return nil
}

// completeConversionIDs lets shells complete the ids of conversions, as completeIDs does for
// sessions.
func completeConversionIDs(s *serviceFlags, most int) cobra.CompletionFunc {
	return completeListed(s, most, func(ctx context.Context, client *arr.SessionsClient) ([]string, error) {
		page, err := client.NewConversionsClient().NewListPager(nil).NextPage(ctx)
		ids := make([]string, len(page.Conversions))
		for i, conversion := range page.Conversions {
			ids[i] = conversion.ID
		}
		return ids, err
	})
}
