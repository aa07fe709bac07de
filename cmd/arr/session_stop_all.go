// SPDX-License-Identifier: MIT

package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/spf13/cobra"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/cmd/arr/internal/failure"
	"github.com/arr-go/azremoterendering/cmd/arr/internal/show"
	"github.com/arr-go/azremoterendering/lease"
)

// stopAllCommand is what the flags of arr session stop-all say.
type stopAllCommand struct {
	*serviceFlags
	prefix    string
	all       bool
	olderThan time.Duration
	keep      []string
	dryRun    bool
	yes       bool
}

func newStopAllCommand(s *serviceFlags) *cobra.Command {
	c := &stopAllCommand{serviceFlags: s}
	cmd := &cobra.Command{
		SuggestFor: []string{"delete-all", "rm-all", "prune", "purge"},
		Use:        "stop-all --prefix TEXT | --all",
		Short:      "Stop the sessions with a prefix, or all",
		Long: `Stop the sessions of the account whose ids begin with a prefix, or all of them, in every region that
"arr run" and "session create" may have used: each --endpoint or --region, or else the configured
endpoint and its fallbacks and, with the hosted service, all of its regions. A region that fails is
reported; the sessions of the others are stopped.

On a terminal, the command shows the sessions and asks before it stops them. Elsewhere it needs
--yes. --dry-run shows which sessions it would stop. Stopping a session is retried for up to 30
seconds, even after --timeout or a first interrupt. If some sessions could not be stopped, the
command fails and names each of them.`,
		Example: `  arr session stop-all --prefix ` + runPrefix + `              sessions left by a killed "arr run"
  arr session stop-all --prefix nightly- --older-than 12h --yes
  arr session stop-all --all --keep demo --dry-run`,
		Args:              takesNothing,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE:              func(cmd *cobra.Command, _ []string) error { return c.run(cmd) },
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	s.addAllRegions(cmd)
	flags.StringVar(&c.prefix, "prefix", "", "sessions whose id begins with `TEXT`")
	flags.BoolVar(
		&c.all,
		"all",
		false,
		"all sessions, also those of other programs",
	)
	flags.DurationVar(
		&c.olderThan,
		"older-than",
		0,
		"only sessions older than `TIME`, such as 12h",
	)
	flags.StringArrayVar(&c.keep, "keep", nil, "`ID` of a session to leave running; may be repeated")
	completeIDFlag(cmd, s, "keep", &c.keep)
	flags.BoolVar(&c.dryRun, "dry-run", false, "show the sessions and stop none")
	flags.BoolVarP(&c.yes, "yes", "y", false, "do not ask for confirmation")
	return cmd
}

func (c *stopAllCommand) run(cmd *cobra.Command) error {
	asks := false
	switch {
	case (c.prefix == "") == !c.all:
		return usagef("give either --prefix TEXT or --all")
	case c.olderThan < 0:
		return usagef("--older-than is a time above 0, such as 12h")
	case !c.dryRun && !c.yes:
		if asks = show.IsTerminal(cmd.InOrStdin()); !asks {
			return usagef(
				"standard input is not a terminal: give --yes, or --dry-run to see what would be stopped",
			)
		}
	}
	c.reach.sweeps = true
	return c.use(cmd, 0, func(ctx context.Context, svc *service) error {
		return c.choose(ctx, cmd, svc, asks)
	})
}

// choose finds the sessions that the flags name, and stops them: at once, or when its user agrees.
func (c *stopAllCommand) choose(
	ctx context.Context,
	cmd *cobra.Command,
	svc *service,
	asks bool,
) error {
	options := lease.StopAllOptions{Prefix: c.prefix, EveryPrefix: c.all, OlderThan: c.olderThan,
		Keep: func(s arr.RegionSession) bool { return slices.Contains(c.keep, s.ID) }}
	if c.dryRun || asks {
		chosen, failed := wouldStop(ctx, svc, options)
		if failed != nil && (len(chosen) == 0 || ctx.Err() != nil) {
			return apart(ctx, failed)
		}
		if c.dryRun {
			return cmp.Or(svc.print.Sessions(chosen), apart(ctx, failed))
		}
		// Regions that cannot be listed are reported at the end.
		if agreed, err := c.ask(ctx, cmd, svc, chosen); err != nil || !agreed {
			return cmp.Or(err, apart(ctx, failed))
		}
		// What has appeared meanwhile was not agreed to.
		options.Keep = func(s arr.RegionSession) bool {
			return !slices.ContainsFunc(
				chosen,
				func(agreed arr.RegionSession) bool { return agreed.ID == s.ID && agreed.Client == s.Client },
			)
		}
	}
	return stopAll(ctx, svc, options)
}

// wouldStop returns the sessions that the options choose. Which those are is for package lease
// alone to decide, so it is asked to spare them all.
func wouldStop(
	ctx context.Context,
	svc *service,
	options lease.StopAllOptions,
) ([]arr.RegionSession, error) {
	var chosen []arr.RegionSession
	keep := options.Keep
	options.Keep = func(s arr.RegionSession) bool { // the last condition that is looked at
		if !keep(s) {
			chosen = append(chosen, s)
		}
		return true
	}
	_, err := lease.StopAll(ctx, svc.regions, options)
	return chosen, err
}

// stopAll stops the sessions and shows which. Each that could not be stopped is a failure of its
// own.
func stopAll(ctx context.Context, svc *service, options lease.StopAllOptions) error {
	keep := options.Keep
	var ended []func()
	options.Keep = func(s arr.RegionSession) bool { // the last condition that is looked at
		if keep(s) {
			return true
		}
		ended = append(ended, svc.in(s.Client).stopping(s.ID))
		return false
	}
	defer func() {
		for _, done := range ended {
			done()
		}
	}()
	stopped, err := lease.StopAll(ctx, svc.regions, options)
	var failures failure.Several
	for _, session := range stopped {
		if err := svc.in(session.Client).printStopped(session.ID, ""); err != nil {
			failures = append(failures, err)
			break
		}
	}
	if err == nil && len(stopped) == 0 && svc.print.ForPeople() {
		return svc.print.Line("There are no such sessions.")
	}
	if several, ok := errors.AsType[failure.Several](apart(ctx, err)); ok {
		failures = append(failures, several...)
	} else if err != nil {
		failures = append(failures, apart(ctx, err))
	}
	return failures.OrNil()
}

// adviseNotStopped adds what to do about a session that could not be stopped.
func adviseNotStopped(err error) error {
	failed, ok := errors.AsType[*lease.NotStoppedError](err)
	if !ok {
		return err
	}
	return &failure.Advised{
		Err: err,
		Advice: fmt.Sprintf(
			"Try again: arr session stop %s --endpoint %s",
			failed.SessionID,
			failed.Endpoint,
		),
	}
}

// ask shows the sessions and asks whether to stop them.
func (c *stopAllCommand) ask(
	ctx context.Context,
	cmd *cobra.Command,
	svc *service,
	sessions []arr.RegionSession,
) (bool, error) {
	out := cmd.ErrOrStderr()
	if len(sessions) == 0 {
		fmt.Fprintln(out, "There are no such sessions.")
		return false, nil
	}
	printer := show.NewPrinter(out, show.Options{Color: c.look.color}, os.Getenv)
	printer.Regions = svc.several()
	if err := printer.Sessions(sessions); err != nil {
		return false, err
	}
	question := fmt.Sprintf("Stop %s? Connected devices are cut off.", counted(len(sessions)))
	agreed, err := confirm(ctx, cmd, question)
	if err == nil && !agreed {
		fmt.Fprintln(out, "Nothing was stopped.")
	}
	return agreed, err
}

func counted(n int) string {
	if n == 1 {
		return "this session"
	}
	return fmt.Sprintf("these %d sessions", n)
}
