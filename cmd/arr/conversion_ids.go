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
	return takes(argument{
		name: "ID", what: "the id of a conversion", check: checkConversionID, least: least, most: most, secret: true,
	})
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
