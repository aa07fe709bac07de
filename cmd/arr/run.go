// SPDX-License-Identifier: MIT

package main

import (
	"time"

	"github.com/spf13/cobra"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/cmd/arr/internal/config"
)

// runCommand is what the flags of arr run say.
type runCommand struct {
	*serviceFlags
	keepAliveFlags
	session      string
	prefix       string
	sizes        []string
	interval     time.Duration
	startTimeout time.Duration
	grace        time.Duration
	leave        bool
	keepGoing    bool
}

func newRunCommand() *cobra.Command {
	c := &runCommand{serviceFlags: newServiceFlags()}
	c.reach.places = true
	cmd := &cobra.Command{
		SuggestFor: []string{"exec"},
		Use:        "run [flags] -- COMMAND [ARGUMENT...]",
		Short:      "Run a command with a session, and stop the session afterwards",
		Long:       runManual,
		Example: `  arr run -- ./viewer --model engine.arrAsset
  arr run --size Premium --size Standard --fallback northeurope -- ./viewer
  arr run --session "$id" --leave-running -- ./viewer    with a session that exists, and goes on
  arr run --lease 10m --max-lease 4h -- sh -c 'echo "$ARR_SESSION_ID"; sleep 1h'
  arr run --emulator -- env                              without a service`,
		Args: takes(argument{name: "COMMAND", what: "the command to run, after --", least: 1, most: -1}),
		RunE: func(cmd *cobra.Command, args []string) error { return c.run(cmd, args) },
	}
	cmd.Flags().SetInterspersed(false) // what follows the command is the command's
	cmd.Flags().SortFlags = false
	c.addSessionFlags(cmd)
	c.addCommandFlags(cmd)
	c.addServiceFlags(cmd.Flags())
	c.addFileFlags(cmd.Flags())
	cmd.Flags().BoolVarP(&c.quiet, "quiet", "q", false, "show no progress")
	completeIDFlag(cmd, c.serviceFlags, "session", new([]string))
	completeWords(cmd, words())
	completeWords(
		cmd,
		map[config.Name][]string{
			config.Size: {string(arr.SessionSizeStandard), string(arr.SessionSizePremium)},
		},
	)
	return cmd
}

// addSessionFlags adds the flags that say which session is used, and how it is kept alive.
func (c *runCommand) addSessionFlags(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(
		&c.session,
		"session",
		"",
		"`ID` of a session to use if possible; it is stopped at the end like a new one",
	)
	flags.StringVar(
		&c.prefix,
		"prefix",
		runPrefix,
		"`TEXT` at the beginning of the ids of new sessions, for stop-all --prefix",
	)
	flags.StringArrayVar(
		&c.sizes,
		"size",
		nil,
		"`SIZE` of the server, Standard or Premium; may be repeated, the preferred one first (default Standard)",
	)
	c.addList(
		flags,
		config.Fallback,
		"another `ENDPOINT` to try: a region or an address; may be repeated",
	)
	c.addText(
		flags,
		config.Lease,
		"`TIME` of the first lease, in whole minutes: 90m, 1h30m, 01:30:00 or 01:30 (default 30m)",
	)
	c.keepAliveFlags.addFlags(cmd)
	addInterval(cmd, &c.interval)
	flags.DurationVar(
		&c.startTimeout,
		"start-timeout",
		0,
		"`TIME` to wait for Ready before arr tries another size or endpoint (default 10m)",
	)
}

// addCommandFlags adds the flags that say how the command and its session end.
func (c *runCommand) addCommandFlags(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.DurationVar(
		&c.grace,
		"grace",
		10*time.Second,
		"`TIME` for the command to end after a signal before it is killed; 0 means no limit",
	)
	flags.BoolVar(
		&c.leave,
		"leave-running",
		false,
		"leave the session running after the command, and that of --session also if the command "+
			"could not be started; it is billed until its lease ends",
	)
	flags.BoolVar(
		&c.keepGoing,
		"keep-going",
		false,
		"let the command continue after the session has ended",
	)
}

// run acquires a session, runs the command, and stops the session.
func (c *runCommand) run(cmd *cobra.Command, args []string) error {
	if err := c.check(cmd); err != nil {
		return err
	}
	path, err := findCommand(args[0]) // a mistake in the command shows at once
	if err != nil {
		return err
	}
	svc, options, err := c.prepare(cmd)
	if err != nil {
		return err
	}
	defer svc.close()
	svc.open.own()
	signals := receive(passedOn())
	defer signals.stop()
	messages := receive(messageSignals())
	defer messages.stop()
	held, err := c.acquire(cmd, svc, options, signals)
	if err != nil {
		return err
	}
	defer held.end()
	messages.waiting() // discarded: no command has run
	child, err := startChild(path, args, held.environment, cmd)
	if err != nil {
		return c.finish(cmd, held, err)
	}
	return c.finish(cmd, held, c.supervise(cmd, held, child, signals, messages))
}

// check rejects invalid values of flags.
func (c *runCommand) check(cmd *cobra.Command) error {
	if cmd.Flags().Changed("session") {
		if err := checkID(c.session); err != nil {
			return usagef("--session: %w", err)
		}
	}
	if c.startTimeout < 0 {
		return usagef("--start-timeout is a time above 0, such as 10m")
	}
	if c.grace < 0 {
		return usagef("--grace is a time such as 10s, or 0 forever")
	}
	return nil
}
