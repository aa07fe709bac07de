// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"fmt"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/spf13/cobra"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/cmd/arr/internal/show"
)

// grant is what a device needs besides a session id, as JSON.
type grant struct {
	AccessToken     string    `json:"accessToken"`
	ExpiresOn       time.Time `json:"expiresOn"`
	AccountID       string    `json:"accountId"`
	AccountDomain   string    `json:"accountDomain,omitempty"`
	RenderingDomain string    `json:"renderingDomain"`
}

func newTokenCommand() *cobra.Command {
	s := newServiceFlags()
	var validFor time.Duration
	cmd := &cobra.Command{
		Use:   "token",
		Short: "Get an access token for a device",
		Long: `Get an access token, and show it with everything else that a device needs to connect to a session.
With --quiet, print only the token.

AN ACCESS TOKEN OPENS THE WHOLE ACCOUNT while it is valid, which is 24 hours with the hosted service.
Anyone who has it can create, list and stop every session. Give it only to devices that you trust.`,
		Example: `  arr token
  ARR_ACCESS_TOKEN=$(arr token --quiet) some-program`,
		Args:              takesNothing,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return s.use(cmd, 0, func(ctx context.Context, svc *service) error {
				if err := svc.oneRegion(); err != nil {
					return err
				}
				token, err := svc.AccessToken(ctx, &arr.AccessTokenOptions{ValidFor: validFor})
				if err != nil {
					return err
				}
				svc.warnOfToken(cmd)
				return svc.printToken(token)
			})
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	addTime(
		cmd,
		&validFor,
		"valid-for",
		"time for which the token must still be valid (default: any)",
	)
	s.addServiceFlags(flags)
	s.addFileFlags(flags)
	s.addOutputFlags(flags)
	completeWords(cmd, words())
	return cmd
}

// warnOfToken says what an access token opens, if one is about to be shown on a terminal.
func (svc *service) warnOfToken(cmd *cobra.Command) {
	if svc.print.OnTerminal() {
		fmt.Fprintln(
			cmd.ErrOrStderr(),
			"Anyone who has this token can create, list and stop every session of the account until it "+
				"expires.",
		)
	}
}

func (svc *service) printToken(token azcore.AccessToken) error {
	expires := token.ExpiresOn.UTC().Truncate(time.Second)
	return show.Write(
		svc.print,
		grantKind(),
		grant{token.Token, expires, svc.account.ID, svc.account.Domain, svc.RenderingDomain()},
	)
}

func grantKind() *show.Kind[grant] {
	return &show.Kind[grant]{
		Name:   func(g grant) string { return g.AccessToken },
		Object: func(g grant) any { return g },
		Columns: []show.Column[grant]{
			show.TextColumn("account-id", "accountId", func(g grant) string { return g.AccountID }),
			show.TextColumn("account-domain", "accountDomain", func(g grant) string { return g.AccountDomain }),
			show.TextColumn("rendering-domain", "renderingDomain", func(g grant) string { return g.RenderingDomain }),
			{
				Name: "expires",
				Cell: func(g grant) show.Cell {
					return show.Cell{Text: g.ExpiresOn.Local().Format("2006-01-02 15:04:05 -07:00")}
				},
				Fields: []show.Field[grant]{
					{Name: "expiresOn", Value: func(g grant) string { return g.ExpiresOn.Format(time.RFC3339) }},
				},
			},
			show.TextColumn("access-token", "accessToken", func(g grant) string { return g.AccessToken }),
		},
	}
}
