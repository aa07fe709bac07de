// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/cmd/arr/internal/config"
)

// completionTime is the longest wait after Tab is pressed.
const completionTime = 2 * time.Second

// completeIDs lets shells complete the ids of sessions that are Starting or Ready. If anything
// fails there are no ids, because a person who presses Tab expects no error. most is how many ids
// the command takes, -1 for any number.
func completeIDs(s *serviceFlags, most int) cobra.CompletionFunc {
	return completeListed(s, most, func(ctx context.Context, client *arr.SessionsClient) ([]string, error) {
		page, err := client.NewListPager(nil).NextPage(ctx)
		ids := make([]string, len(page.Sessions))
		for i, session := range page.Sessions {
			ids[i] = session.ID
		}
		return ids, err
	})
}

// listing returns the ids on the first page of a list.
type listing func(context.Context, *arr.SessionsClient) ([]string, error)

// completeListed lets shells complete the ids that a list has.
func completeListed(s *serviceFlags, most int, list listing) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, beginning string) ([]cobra.Completion, cobra.ShellCompDirective) {
		const directive = cobra.ShellCompDirectiveNoFileComp
		if most >= 0 && len(args) >= most {
			return nil, directive
		}
		if s.emulator {
			return []cobra.Completion{sampleSession}, directive
		}
		values, err := s.load()
		if err != nil {
			return nil, directive
		}
		target, err := values.Target()
		if err != nil || asksItsUser(target) {
			return nil, directive
		}
		target.Retries = 0
		return listedIDs(cmd, target, list, func(id string) bool {
			return strings.HasPrefix(id, beginning) && !slices.Contains(args, id)
		}), directive
	}
}

// asksItsUser reports whether signing in would take something from standard input, or from a
// person, in the middle of a command line.
func asksItsUser(target config.Target) bool {
	switch target.SignIn {
	case config.SignInKey:
		return target.Credential == "" || target.Credential == config.KeyStdin
	default:
		return target.SignIn.AsksPerson()
	}
}

// listedIDs returns the ids on the first page of a list. Invalid ids, and ids that look like a
// flag, are left out, because the shell would put them on the command line.
func listedIDs(
	cmd *cobra.Command,
	target config.Target,
	list listing,
	wanted func(string) bool,
) (ids []cobra.Completion) {
	ctx, cancel := context.WithTimeout(cmd.Context(), completionTime)
	defer cancel()
	cmd.SetContext(ctx) // a keyring may keep its user waiting too
	connect, err := signIn(cmd, target)
	if err != nil {
		return nil
	}
	client, err := connect(target)
	if err != nil {
		return nil
	}
	listed, err := list(ctx, client)
	if err != nil {
		return nil
	}
	for _, id := range listed {
		if checkID(id) == nil && !strings.HasPrefix(id, "-") && wanted(id) {
			ids = append(ids, id)
		}
	}
	return ids
}
