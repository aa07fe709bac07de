// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/cmd/arr/internal/config"
	"github.com/arr-go/azremoterendering/cmd/arr/internal/failure"
	"github.com/arr-go/azremoterendering/cmd/arr/internal/show"
)

func newSessionCommand() *cobra.Command {
	s := newSettings()
	cmd := &cobra.Command{
		Use:   "session",
		Short: "Create, look up, extend and stop rendering sessions",
		Long: `Create, look up, extend and stop rendering sessions.

A session that nobody stops is billed from Ready until its lease ends.`,
		Args: knownCommand,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.SuggestionsMinimumDistance = 2
	flags := cmd.PersistentFlags()
	flags.SortFlags = false // they are in the order of their topics
	s.addServiceFlags(flags)
	s.addFileFlags(flags)
	s.addOutputFlags(flags)
	completeWords(cmd, words())
	cmd.AddCommand(
		newCreateCommand(s),
		newGetCommand(s),
		newListCommand(s),
		newUpdateCommand(s),
		newStopCommand(s),
		newWaitCommand(s),
		newExtendCommand(s),
		newKeepAliveCommand(s),
		newStopAllCommand(s),
	)
	return cmd
}

// words are the settings that are one of some words.
func words() map[config.Name][]string {
	var regions []string
	for _, region := range arr.Regions() {
		regions = append(regions, string(region))
	}
	return map[config.Name][]string{
		config.Output:        {"text", "json"},
		config.Auth:          config.SignIns(),
		config.Region:        regions,
		config.Endpoint:      regions,
		config.AccountDomain: regions,
	}
}

// takesIDs makes the check for the ids that a command takes.
func takesIDs(least, most int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) < least:
			return usagef("give the id of the session: %s", cmd.UseLine())
		case most >= 0 && len(args) > most:
			return usagef("%q is one too many: %s", args[most], cmd.UseLine())
		}
		for _, id := range args {
			if err := checkID(id); err != nil {
				return err
			}
		}
		return nil
	}
}

// checkID refuses what is no session id. The client would too, but a command may have sent requests
// about other sessions by then.
func checkID(id string) error {
	allowed := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' ||
			r == '_'
	}
	switch {
	case id == "":
		return usagef("the session id is empty")
	case strings.ContainsFunc(id, func(r rune) bool { return !allowed(r) }):
		return usagef(
			"session id %q has a character that is not allowed; use A-Z, a-z, 0-9, - and _",
			id,
		)
	case len(id) > 256:
		return usagef("a session id has at most 256 characters, and this one %d", len(id))
	}
	return nil
}

// atOnce is how many sessions a command works on at the same time.
const atOnce = 8

// forEach does something for each id, for some of them at the same time, and goes on after a
// failure.
func forEach(ctx context.Context, ids []string, do func(context.Context, string) error) error {
	return forEachOf(ctx, ids, atOnce, do)
}

// forEachOf does the same for so many at the same time.
func forEachOf(
	ctx context.Context,
	ids []string,
	most int,
	do func(context.Context, string) error,
) error {
	results := make([]error, len(ids))
	var workers sync.WaitGroup
	places := make(chan struct{}, most)
	for i, id := range ids {
		places <- struct{}{}
		workers.Go(func() {
			defer func() { <-places }()
			results[i] = do(ctx, id)
		})
	}
	workers.Wait()
	var failures failure.Several
	for _, err := range results {
		if err != nil {
			failures = append(failures, failure.WithSignal(ctx, err))
		}
	}
	return failures.OrNil()
}

// awaitReady waits for a session that exists to be Ready, and prints it: also when it has ended,
// which is an error.
func awaitReady(
	ctx context.Context,
	svc *service,
	id string,
	progress *show.Progress,
	options arr.PollUntilDoneOptions,
) error {
	poller, err := svc.BeginWait(ctx, id, nil)
	if err != nil {
		return err
	}
	options.Progress = progress.Saw
	ready, err := poller.PollUntilDone(ctx, &options)
	if err == nil {
		return progress.Aside(
			func() error { return svc.print.Session(ready.Session, ready.CorrelationVector) },
		)
	}
	return printEnded(svc, progress, err)
}

// printEnded prints the session that an error is about, if it has ended: why is part of it.
func printEnded(svc *service, progress *show.Progress, err error) error {
	ended, ok := asEnded(err)
	if !ok {
		return err
	}
	progress.Saw(ended.Session)
	if svc.print.Format == show.Quiet {
		return err // the ids there are those of sessions that are Ready
	}
	printing := progress.Aside(
		func() error { return svc.print.Session(ended.Session, ended.CorrelationVector) },
	)
	if printing != nil {
		return printing
	}
	return err
}
