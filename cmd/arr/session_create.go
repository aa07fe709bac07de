// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/cmd/arr/internal/config"
	"github.com/arr-go/azremoterendering/cmd/arr/internal/failure"
	"github.com/arr-go/azremoterendering/lease"
)

// createCommand is what the flags of arr session create say.
type createCommand struct {
	*serviceFlags
	prefix   string
	noWait   bool
	wait     bool
	keep     bool
	interval time.Duration
}

func newCreateCommand(s *serviceFlags) *cobra.Command {
	c := &createCommand{serviceFlags: s}
	cmd := &cobra.Command{
		Aliases:    []string{"new", "add"},
		SuggestFor: []string{"start"},
		Use:        "create [ID]",
		Short:      "Create a session and wait until it is Ready",
		Long: `Create a session and wait until it is Ready. Without an ID, the command generates one. An ID has 1
to 256 characters of A-Z, a-z, 0-9, - and _.

A create can be repeated: if a session with this ID exists and has the same size and lease, the
command uses it.

IF THE WAIT IS INTERRUPTED, TIMES OUT OR FAILS, the command stops the session that it created, so
that nothing is billed whose id nobody has noted. --keep leaves the session running. The command
never stops a session that existed before, or one with your ID that may have existed before.

With --no-wait, the command ends as soon as the session exists, and leaves it running.`,
		Example: `  arr session create                                      Standard, 30 minutes
  arr session create demo --size Premium --lease 2h
  arr session create --lease 01:30:00 --prefix nightly-   hh:mm:ss, as RenderingSession.ps1 has it
  id=$(arr session create --quiet)                        for scripts
  arr session create --emulator                           without a service`,
		Args:              takesIDs(0, 1),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE:              func(cmd *cobra.Command, args []string) error { return c.run(cmd, args) },
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	s.addText(flags, config.Size, "`SIZE` of the server: Standard or Premium (default Standard)")
	s.addText(
		flags,
		config.Lease,
		"`TIME` of the lease, from Ready on, in whole minutes: 90m, 1h30m, 01:30:00 or 01:30 (default 30m)",
	)
	flags.StringVar(
		&c.prefix,
		"prefix",
		"",
		"`TEXT` at the beginning of a generated id, for list --prefix and stop-all --prefix",
	)
	flags.BoolVar(&c.wait, "wait", true, "wait until the session is Ready")
	flags.BoolVar(&c.noWait, "no-wait", false, "do not wait; the same as --wait=false")
	flags.BoolVar(
		&c.keep,
		"keep",
		false,
		"leave the session running if the wait is interrupted or fails; it is billed until its lease ends",
	)
	addInterval(cmd, &c.interval)
	completeWords(
		cmd,
		map[config.Name][]string{
			config.Size: {string(arr.SessionSizeStandard), string(arr.SessionSizePremium)},
		},
	)
	return cmd
}

// addInterval adds the flag that says how often to look at a session.
func addInterval(cmd *cobra.Command, target *time.Duration) {
	addTime(
		cmd,
		target,
		"interval",
		"time between two requests while waiting for Ready (default: 2s for Standard, 10s for other sizes)",
	)
}

func (c *createCommand) run(cmd *cobra.Command, args []string) error {
	if len(args) > 0 && c.prefix != "" {
		return usagef("--prefix is for generated ids: leave out --prefix or the id")
	}
	id, generated := c.prefix+arr.NewSessionID(), len(args) == 0
	if !generated {
		id = args[0]
	}
	if err := checkID(id); err != nil {
		return err
	}
	var wanted arr.CreateSessionSettings
	waits, limit := c.wait && !c.noWait, usualWait
	if !waits {
		limit = 0
	}
	create := func(ctx context.Context, svc *service) error {
		if err := svc.oneRegion(); err != nil {
			return err
		}
		defer svc.creating(id)()
		poller, err := svc.BeginCreate(ctx, id, wanted, nil)
		if errors.Is(err, arr.ErrOutcomeUnknown) && (generated || ctx.Err() != nil) {
			return c.abandon(ctx, svc, id, generated, err)
		}
		if err != nil {
			return err
		}
		own := generated || poller.Created()
		if waits || poller.Session().Status.Ended() {
			return c.await(ctx, cmd, svc, poller, own)
		}
		if err := svc.printSession(poller.Session(), ""); err != nil {
			return c.abandon(ctx, svc, id, own, err)
		}
		return nil
	}
	return c.use(cmd, limit, create, func(values *config.Settings) (err error) {
		if wanted.Size, err = values.SessionSize(); err == nil {
			wanted.MaxLeaseTime, err = values.MaxLease()
		}
		return err
	})
}

// await waits until the session is Ready. own is whether this command has created it.
func (c *createCommand) await(
	ctx context.Context,
	cmd *cobra.Command,
	svc *service,
	poller *arr.SessionPoller,
	own bool,
) error {
	progress := c.progress(cmd)
	defer progress.Close()
	ready, err := poller.PollUntilDone(
		ctx,
		&arr.PollUntilDoneOptions{Frequency: c.interval, Progress: progress.Saw},
	)
	if _, ended := asEnded(err); ended {
		return printEnded(svc, progress, err)
	}
	if err == nil {
		err = progress.Aside(
			func() error { return svc.printSession(ready.Session, ready.CorrelationVector) },
		)
	}
	if err == nil {
		return nil
	}
	progress.Close()
	return c.abandon(ctx, svc, poller.Session().ID, own, err)
}

// abandon stops a session that has not become Ready, or whose id could not be written, and says so.
// It leaves the session with --keep, and if it may not be this command's.
func (c *createCommand) abandon(
	ctx context.Context,
	svc *service,
	id string,
	own bool,
	cause error,
) error {
	cause = failure.WithSignal(ctx, cause)
	unknown := errors.Is(cause, arr.ErrOutcomeUnknown)
	runs := "goes on, and is"
	if unknown {
		runs = "may exist, and is then"
	}
	goesOn := fmt.Sprintf(
		"Session %s %s billed from Ready until its lease ends. Stop it: %s",
		id,
		runs,
		stopLine(id, svc.flags("")),
	)
	if c.keep || !own {
		return &failure.Advised{Err: cause, Advice: goesOn}
	}
	defer svc.stopping(id)()
	if err := lease.Stop(ctx, svc.SessionsClient, id); err != nil {
		return &failure.Advised{
			Err:    fmt.Errorf("%w; stopping it failed too: %w", cause, err),
			Advice: goesOn,
		}
	}
	advice := fmt.Sprintf("Session %s was stopped. With --keep it is left as it is.", id)
	switch {
	case unknown:
		advice = svc.nowKnown(ctx, id)
	case failure.Code(cause) == failure.Timeout:
		advice = fmt.Sprintf(
			"Session %s was stopped. Give it more time with --timeout, or leave it as it is with --keep.",
			id,
		)
	}
	return &failure.Advised{Err: cause, Advice: advice}
}

// lookTime bounds the look at a session after it was stopped.
const lookTime = 5 * time.Second

// nowKnown says whether a session was stopped or never created. Stopping it succeeds either way.
func (svc *service) nowKnown(ctx context.Context, id string) string {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lookTime)
	defer cancel()
	_, err := svc.Get(ctx, id, nil)
	switch {
	case err == nil:
		return fmt.Sprintf("Session %s was stopped.", id)
	case errors.Is(err, arr.ErrNotFound):
		return fmt.Sprintf("Session %s was not created. Nothing is billed.", id)
	default:
		return fmt.Sprintf("Session %s does not run: it was stopped, or never created.", id)
	}
}
